# ruff: noqa: E402, N999 - gunicorn knows the file by this name, and patching comes first
"""How both services run: `gunicorn -c services/gunicorn.conf.py 'services.app_image:create()'`."""

import gc

# Nothing becomes garbage while modules are loaded; to look for it takes some 40 ms.
gc.disable()

from gevent import events, monkey

# No plugin of gevent's is ours, and a look for one reads the metadata of every installed package:
# 25 looks, a tenth of the start.
events.notify_and_call_entry_points = events.notify
monkey.patch_all()

import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# ONNX Runtime would report its use to its maker over the network; it looks here when it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# OpenBLAS would start a thread a core in every process, for matrices of four numbers.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# Imported before the workers are forked, libraries are in memory once: 141 MB in place of 164 with
# two workers, 178 in place of 227 with three (PSS). gunicorn's preload_app would share the networks
# too, for another 4 MB: ONNX Runtime survived that fork in our trials, but promises nothing, and
# neither the slots' threads nor the connections to Telegram would. Without the two lines above this
# process would have threads of its own, and no fork of such a process is safe; on macOS none is
# once frameworks of the system are loaded.
if sys.platform == "linux":
    import services.start  # noqa: F401
from services import nonces, worker_counts
from utils import crashes, memory
from utils.capacity import capacity_of
from utils.errors import SettingsError
from utils.logs import formatter
from utils.machine import Machine
from utils.settings import Settings

# Nor will what is loaded by now; a look at all of it would stop the worker for 30 ms.
gc.freeze()
gc.enable()

try:
    settings = Settings.load()
except SettingsError as error:
    sys.stderr.write(f"cannot start: {error}\n")
    raise SystemExit(78) from None  # EX_CONFIG: starting again would not help

memory.keep_free_blocks()
crashes.leave_no_dump()
crashes.log_what_nobody_caught()

chdir = str(ROOT)
capacity = capacity_of(Machine.look(), settings)
workers = capacity.workers
worker_class = "services.worker.DrainingWorker"
worker_connections = 512

# Made here, so that all workers have the same one.
nonces.shared()
worker_counts.prepare()
pre_fork, post_fork = worker_counts.pre_fork, worker_counts.post_fork
child_exit, on_exit = worker_counts.child_exit, worker_counts.on_exit


def on_starting(server: Any) -> None:
    """In the master, before anything else: say what it starts, and why."""
    (server.log.warning if capacity.too_much else server.log.info)("%s", capacity.sentence)


# A unix socket is for this user, and nginx, alone.
umask = 0o077

# A worker that says nothing for so long is killed (a healthy one speaks every second, also while it
# loads): what it held is then answered by others, within the time that nginx waits for anybody.
timeout = 10
graceful_timeout = 30
# Above nginx's 30 s, so that nginx never sends a request into a connection that is being closed.
keepalive = 45

# A header is short here: a signature, an id, a key.
limit_request_line = 2048
limit_request_fields = 64
limit_request_field_size = 8190

# Nobody's forwarded headers are needed, so nobody's are believed.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# It would be opened below the home folder, which a container does not have.
control_socket_disable = True
if Path("/dev/shm").is_dir():  # noqa: S108 - the heartbeat file must not wait for a disk
    worker_tmp_dir = "/dev/shm"  # noqa: S108 - as above

# The services write their own access line, without paths and addresses.
accesslog = None
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "ours": {"()": formatter, "service": "gunicorn", "form": settings.log},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "ours",
            "stream": "ext://sys.stderr",
        },
    },
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
        "gunicorn.access": {"level": "ERROR", "handlers": [], "propagate": False},
    },
}
