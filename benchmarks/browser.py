"""What the served networks cost and answer in a browser: onnxruntime-web in headless Chromium.

    python -m benchmarks.browser [--json]

Serves a page to Chromium on this machine that loads the same files from trained_models/ as the
services do, runs them on one thread of WebAssembly, and sends back times and answers. The answers
are compared with those of ONNX Runtime in this process. onnxruntime-web (MIT) comes from the npm
registry once, is checked by its sha512 and kept in var/.
"""

from __future__ import annotations

import argparse
import json
import queue
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from launcher import runtime
from launcher.runtime import RuntimeUnavailable
from utils.manifest import MODELS

_PAGE = Path(__file__).parent / "browser_page" / "index.html"
_TIMEOUT_S = 180
# What each network is fed with: two sizes where any will do.
SHAPES = {
    "detector.onnx": ((1, 3, 256, 320), (1, 3, 480, 640)),
    "emotion.onnx": ((1, 48, 48, 1), (3, 48, 48, 1)),
    "gender.onnx": ((1, 56, 56, 3), (3, 56, 56, 3)),
}
_RANGES = {"detector.onnx": (-127.5, 127.5)}  # the others read -1 to 1


class BrowserUnavailable(Exception):
    """No browser, or no onnxruntime-web to run in it; the text says what to do."""


@dataclass(frozen=True)
class Run:
    """One network in one input size: milliseconds, and how far the answers lie apart."""

    file: str
    shape: tuple[int, ...]
    median_ms: float
    p95_ms: float
    difference: float


def measure(rounds: int = 100, folder: Path = MODELS) -> list[Run]:
    """Run all networks in the browser. Raises `BrowserUnavailable`."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise BrowserUnavailable("needs Chromium: install it (apt install chromium)")
    computes = runtime_folder()
    tasks = [
        {
            "file": file,
            "shape": shape,
            "range": _RANGES.get(file, (-1.0, 1.0)),
            "rounds": rounds,
        }
        for file, shapes in SHAPES.items()
        for shape in shapes
    ]
    with tempfile.TemporaryDirectory() as scratch:
        site = Path(scratch) / "site"
        shutil.copytree(computes, site)
        shutil.copy(_PAGE, site / "index.html")
        for file in SHAPES:
            shutil.copy(folder / file, site / file)
        (site / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
        answers = _answers(chromium, site, Path(scratch) / "profile")
    return [_compared(task, answer, folder) for task, answer in zip(tasks, answers, strict=True)]


def runtime_folder() -> Path:
    """The folder of onnxruntime-web, fetched where it is not there yet.

    Raises `BrowserUnavailable`.
    """
    try:
        return runtime.fetch()
    except RuntimeUnavailable as error:
        raise BrowserUnavailable(str(error)) from None


def fed(file: str, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """An input as the page makes it too: values that repeat after a prime number."""
    low, high = _RANGES.get(file, (-1.0, 1.0))
    values = np.arange(int(np.prod(shape))) * 31 % 251 / 250 * (high - low) + low
    return values.astype(np.float32).reshape(shape)


def _compared(task: dict[str, Any], answer: dict[str, Any], folder: Path) -> Run:
    session = onnxruntime.InferenceSession(
        folder / task["file"], providers=["CPUExecutionProvider"]
    )
    ours = session.run(None, {session.get_inputs()[0].name: fed(task["file"], task["shape"])})[0]
    theirs = np.array(answer["values"], np.float32).reshape(ours.shape)
    median, p95 = np.percentile(answer["ms"], (50, 95))
    difference = float(np.abs(ours - theirs).max())
    return Run(task["file"], tuple(task["shape"]), float(median), float(p95), difference)


def _answers(chromium: str, site: Path, profile: Path) -> list[dict[str, Any]]:
    """What the page sends back. Raises `RuntimeError` with the page's own words where it fails."""
    said: queue.Queue[dict[str, Any]] = queue.Queue()
    handler = partial(_Handler, said=said, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
        page = f"http://127.0.0.1:{server.server_address[1]}/"
        browser = subprocess.Popen(  # noqa: S603  the browser that PATH names, our own flags
            [chromium, *flags, page], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            result = said.get(timeout=_TIMEOUT_S)
        except queue.Empty:
            raise RuntimeError(f"the page said nothing within {_TIMEOUT_S} s") from None
        finally:
            browser.kill()
            browser.wait()
            server.shutdown()
    if "error" in result:
        raise RuntimeError(f"in the browser: {result['error']}")
    return list(result["answers"])


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012  the base class's own form
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def __init__(self, *args: Any, said: queue.Queue[dict[str, Any]], **options: Any) -> None:
        self._said = said
        super().__init__(*args, **options)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._said.put(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args(argv)
    try:
        runs = measure(arguments.rounds)
    except BrowserUnavailable as error:
        raise SystemExit(str(error)) from None
    figures = {}
    for run in runs:
        name = f"{run.file.removesuffix('.onnx')} {'x'.join(map(str, run.shape))}"
        figures[name] = {"ms": run.median_ms, "p95_ms": run.p95_ms, "difference": run.difference}
        print(
            f"{name:24} {run.median_ms:7.2f} ms, p95 {run.p95_ms:7.2f}, apart {run.difference:.1e}"
        )
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
