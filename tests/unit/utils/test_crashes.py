from __future__ import annotations

import re
import subprocess
import sys

import pytest

from utils.settings import ROOT

WORDS = "words-of-an-exception"
PREFACE = (
    "import gc, os, sys, threading\n"
    "from utils import crashes, logs\n"
    "logs.configure('test', 'text')\n"
    "crashes.leave_no_dump()\n"
    "crashes.log_what_nobody_caught()\n"
)
ENDS = {
    "the process": f"raise ValueError('{WORDS}')",
    "a thread": (
        f"def f(): raise ValueError('{WORDS}')\nt = threading.Thread(target=f); t.start(); t.join()"
    ),
    "a destructor": (
        f"class A:\n    def __del__(self): raise ValueError('{WORDS}')\n"
        "a = A(); del a; gc.collect()"
    ),
    "a task": (
        "import asyncio\n"
        f"async def f(): raise ValueError('{WORDS}')\n"
        "async def main():\n"
        "    asyncio.get_running_loop().set_exception_handler(crashes.of_a_loop)\n"
        "    asyncio.create_task(f())\n"
        "    await asyncio.sleep(0.01)\n"
        "asyncio.run(main())\n"
        "gc.collect()"
    ),
    "a greenlet": (
        "import gevent\n"
        "gevent.get_hub().print_exception = crashes.of_a_greenlet\n"
        f"def f(): raise ValueError('{WORDS}')\ngevent.spawn(f).join()"
    ),
}


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("where", ENDS)
def test_what_nobody_caught_is_a_line_without_its_words(where: str) -> None:
    said = run(PREFACE + ENDS[where]).stderr
    assert "ValueError, which nobody caught" in said
    assert " CRITICAL test " in said
    assert WORDS not in said


@pytest.mark.parametrize("where", ENDS)
def test_without_us_python_would_tell_them(where: str) -> None:
    bare = re.sub(r".*crashes\.of_a_.*\n", "", ENDS[where])
    assert WORDS in run("import gc, threading\n" + bare).stderr


def test_ctrl_c_is_no_failure() -> None:
    assert run(PREFACE + "raise KeyboardInterrupt").stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of processes (POSIX)")
def test_a_process_that_breaks_leaves_no_dump() -> None:
    code = PREFACE + "import resource; print(*resource.getrlimit(resource.RLIMIT_CORE))"
    assert run(code).stdout.split() in (["0", "0"], ["1", "1"])
