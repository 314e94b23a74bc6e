"""What a picture could do that has taken over the copy of the process in which it is decoded."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from tests.unit.utils.test_decoder import HEADER, PNG, decoding
from utils.errors import ImageBroken


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="needs a kernel with filters for system calls: Linux on x86_64 or aarch64",
)
@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "open('/proc/self/environ')",
        "open(f'/proc/{os.getppid()}/environ')",
        "open('HERE/file', 'w')",
        "os.rmdir('HERE')",
        "os.mkdir('HERE/file')",
        "os.listdir('/')",
        "socket.socket()",
        "socket.create_connection(('127.0.0.1', 80))",
        "os.kill(os.getppid(), 9)",
        "os.fork()",
        "os.execv(sys.executable, ['python'])",
        "os.posix_spawn(sys.executable, ['python'], {})",
        "subprocess.run(['true'])",
        "threading.Thread(target=print).start()",
        "import wave",
    ],
)
def test_what_has_taken_over_a_copy_reaches_nothing(attempt: str, tmp_path: Path) -> None:
    attempt = attempt.replace("HERE", str(tmp_path))
    body = f"""try:
        {attempt}
    except (OSError, RuntimeError, ImportError):
        raise decoder_child._Refused("it could not")
    raise decoder_child._Refused("it could")"""
    with decoding(body) as decoders, pytest.raises(ImageBroken) as caught:
        decoders.decode(PNG, HEADER)
    assert caught.value.reason == "it could not"
    assert list(tmp_path.iterdir()) == []
