"""What the Lambda function costs: its init phase, its first call, a later one, and its size.

    python -m benchmarks.lambda_start [--json]

Builds the image of deploy/aws/ and calls it through the runtime emulator inside it; the photo has
1280x960 pixels and one face. Needs a Docker engine.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import statistics
import subprocess
import time
from typing import Any

import requests

from benchmarks.photos import photo
from benchmarks.processes import free_port
from utils.settings import ROOT

_IMAGE = "semblance-lambda"
_INIT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)\)")
# As strict as Lambda, with the one processor that 1,769 MB come with.
_STRICT = ("--read-only", "--tmpfs", "/tmp:size=64m", "--user", "993:990", "--cpus", "1")  # noqa: S108 - the container's
_STARTS, _CALLS, _PATIENCE_S = 5, 30, 60


def measure() -> dict[str, float]:
    """Medians in milliseconds, and megabytes as AWS counts them (1,048,576 bytes).

    The init phase is the emulator's own report: from the start of Python to a warm function.
    """
    _docker("build", "-q", "-t", _IMAGE, "-f", "deploy/aws/Dockerfile", ".")
    runs = [_called() for _ in range(_STARTS)]
    size = _docker(
        "run", "--rm", "--entrypoint", "du", _IMAGE, "--apparent-size", "-sm", "/var/task"
    )
    return {
        "init_ms": round(statistics.median(init for init, _, _ in runs), 1),
        "first_ms": round(statistics.median(first for _, first, _ in runs), 1),
        "warm_ms": round(statistics.median(ms for _, _, later in runs for ms in later), 1),
        "package_mb": int(size.split()[0]),
    }


def _called() -> tuple[float, float, list[float]]:
    """A new function's init phase, its first call with that phase included, and later calls."""
    port = free_port()
    publish = f"127.0.0.1:{port}:8080"
    name = _docker("run", "--detach", *_STRICT, "--publish", publish, _IMAGE)
    url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    body = json.dumps(_event()).encode()
    try:
        _wait_for(url.rpartition("/2015")[0])
        times = []
        for _ in range(1 + _CALLS):
            start = time.perf_counter()
            answer: dict[str, Any] = requests.post(url, body, timeout=_PATIENCE_S).json()
            times.append(1000 * (time.perf_counter() - start))
            if len(json.loads(answer["body"])["faces"]) != 1:
                raise SystemExit("the function saw another number of faces than one")
        told = _INIT.search(_docker("logs", name, both=True))
        if told is None:
            raise SystemExit("the runtime emulator did not report its init phase")
        return float(told[1]), times[0], times[1:]
    finally:
        _docker("rm", "--force", name)


def _wait_for(address: str) -> None:
    """Until the emulator listens; asking it anything else than a call starts nothing."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        try:
            requests.get(address, timeout=1)
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the runtime emulator does not listen")


def _event() -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/v1/faces",
        "rawQueryString": "",
        "headers": {"content-type": "image/jpeg"},
        "requestContext": {
            "stage": "$default",
            "http": {
                "method": "POST",
                "path": "/v1/faces",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
            },
        },
        "body": base64.b64encode(photo()).decode(),
        "isBase64Encoded": True,
    }


def _docker(*arguments: str, both: bool = False) -> str:
    """What it prints; with `both` also what it says on the side, where logs may stand."""
    try:
        done = subprocess.run(  # noqa: S603  our own arguments
            ["docker", *arguments],  # noqa: S607  the one that PATH names
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise SystemExit("needs Docker") from None
    if done.returncode:
        raise SystemExit(f"docker {arguments[0]}: {done.stderr.strip()[-500:]}")
    return (done.stdout + done.stderr if both else done.stdout).strip()


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args(argv)
    figures = measure()
    for name, value in figures.items():
        print(f"{name:12} {value}")
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
