import os
import subprocess
import sys

import pytest

from utils.settings import ROOT

LOOK = """
import gc, json, os, runpy, sys
from pathlib import Path
found = runpy.run_path("services/gunicorn.conf.py")
threads = Path("/proc/self/task")
from gevent import monkey
counts = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
counted = counts.is_dir()
found["on_exit"](None)
names = ("workers", "worker_class", "keepalive", "control_socket_disable", "accesslog")
print(json.dumps({name: found[name] for name in names} | {
    "patched": monkey.is_module_patched("socket"),
    "counts": [counted, counts.is_dir()],
    "garbage": [gc.isenabled(), gc.get_freeze_count()],
    "telemetry_off": os.environ["ORT_DISABLE_TELEMETRY"],
    "engine_loaded": "onnxruntime" in sys.modules and "cv2" in sys.modules,
    "threads": len(list(threads.iterdir())) if threads.is_dir() else 1,
}))
"""


@pytest.fixture
def look():
    def run(**environ):
        return subprocess.run(
            [sys.executable, "-c", LOOK],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]} | environ,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_gevent_is_first_and_what_workers_share_is_loaded_without_starting_a_thread(look):
    import json

    found = json.loads(look(SEMBLANCE_WORKERS="3").stdout)
    assert found["patched"]
    assert found["engine_loaded"] == (sys.platform == "linux")
    assert found["threads"] == 1
    assert found["workers"] == 3
    assert found["control_socket_disable"] is True
    assert found["accesslog"] is None


def test_the_folder_of_the_counts_ends_with_the_server(look):
    assert '"counts": [true, false]' in look().stdout


def test_garbage_is_looked_for_again_but_not_among_the_modules(look):
    import json

    looks, set_aside = json.loads(look().stdout)["garbage"]
    assert looks
    assert set_aside > 10_000


def test_no_use_is_reported_to_the_maker_of_the_engine(look):
    assert '"telemetry_off": "1"' in look().stdout


def test_a_wrong_setting_is_one_sentence_and_exit_78(look):
    ended = look(SEMBLANCE_LOG="loud")
    assert ended.returncode == 78
    assert ended.stderr.splitlines() == ["cannot start: SEMBLANCE_LOG must be one of: text, json."]


def test_nginx_gives_connections_up_before_gunicorn_does(look):
    import json
    import re

    template = (ROOT / "docker/nginx/nginx.conf.template").read_text(encoding="utf-8")
    upstream = template[template.index("upstream app_image") :]
    kept_s = int(re.search(r"keepalive_timeout (\d+)s", upstream)[1])
    assert kept_s < json.loads(look().stdout)["keepalive"]


TELL = """
import os, runpy
from types import SimpleNamespace
found = runpy.run_path("services/gunicorn.conf.py")
found["on_starting"](SimpleNamespace(log=SimpleNamespace(
    info=lambda form, *words: print("info:", form % words),
    warning=lambda form, *words: print("warning:", form % words),
)))
found["on_exit"](None)
"""


@pytest.mark.parametrize(("workers", "level"), [("1", "info"), ("256", "warning")])
def test_it_says_what_it_starts_and_warns_where_memory_is_short(workers, level):
    environ = {"SEMBLANCE_WORKERS": workers, "SEMBLANCE_SLOTS": "1", "SEMBLANCE_MAX_PIXELS": "1000"}
    if level == "warning":
        environ["SEMBLANCE_MAX_PIXELS"] = "200000000"
    told = subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.startswith(f"{level}: ")
    assert f": {workers} worker" in told
