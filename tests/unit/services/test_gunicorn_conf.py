import os
import subprocess
import sys

import pytest

from utils.settings import ROOT

LOOK = """
import json, os, runpy, sys
found = runpy.run_path("services/gunicorn.conf.py")
from gevent import monkey
from pathlib import Path
counts = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
counted = counts.is_dir()
found["on_exit"](None)
names = ("workers", "worker_class", "keepalive", "control_socket_disable", "accesslog")
print(json.dumps({name: found[name] for name in names} | {
    "patched": monkey.is_module_patched("socket"),
    "counts": [counted, counts.is_dir()],
    "telemetry_off": os.environ["ORT_DISABLE_TELEMETRY"],
    "engine_loaded": "onnxruntime" in sys.modules or "cv2" in sys.modules,
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


def test_gevent_is_first_and_the_engine_is_left_to_the_workers(look):
    import json

    found = json.loads(look().stdout)
    assert found["patched"]
    assert not found["engine_loaded"]
    assert found["workers"] == 1
    assert found["control_socket_disable"] is True
    assert found["accesslog"] is None


def test_the_folder_of_the_counts_ends_with_the_server(look):
    assert '"counts": [true, false]' in look().stdout


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
