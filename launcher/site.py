"""The webcam page as one folder, as a web server gives it away: `python -m launcher.site OUT`.

    OUT/index.html, sw.js           the page, and its service worker at the root that it rules over
    OUT/web/                        all other files of web/
    OUT/web/models/                 the networks that the services use, each in a folder named by
                                    the beginning of its sha256, and their manifest
    OUT/web/runtime/VERSION/        onnxruntime-web
    OUT/web/version.js              all of that in a list, and a version that changes with any of it

What can be compressed has a file with .gz beside it. Only Python itself is needed, so that an image
may be built with it. Without a network, and where onnxruntime-web was never fetched, the page has
the server look; --runtime-required makes that an error.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from launcher import runtime
from launcher.runtime import RuntimeUnavailable

_ROOT = Path(__file__).resolve().parent.parent
WEB = _ROOT / "web"
_MODELS = _ROOT / "trained_models"
_COMPRESSIBLE = {".html", ".css", ".js", ".json", ".webmanifest", ".svg"}
# Not in the list: the first names it, the second is what reads it.
_ROOT_FILES = ("index.html", "sw.js")


def files(runtime_folder: Path | None) -> dict[str, Path]:
    """All that a visitor may need, by its address as seen from the page; the page itself is ""."""
    manifest = json.loads((_MODELS / "manifest.json").read_text(encoding="utf-8"))
    entries = [manifest["detector"], *manifest["networks"].values()]
    own = {
        f"web/{path.relative_to(WEB).as_posix()}": path
        for path in sorted(WEB.rglob("*"))
        if path.is_file() and path.relative_to(WEB).as_posix() not in _ROOT_FILES
    }
    networks = {
        f"web/models/{entry['sha256'][entry['file']][:12]}/{entry['file']}": _MODELS / entry["file"]
        for entry in entries
    }
    computes = {
        f"web/runtime/{runtime.VERSION}/{name}": runtime_folder / name
        for name in runtime.FILES
        if runtime_folder is not None
    }
    return {
        "": WEB / "index.html",
        **own,
        "web/models/manifest.json": _MODELS / "manifest.json",
        **networks,
        **computes,
    }


def version_script(served: Mapping[str, Path], *, with_runtime: bool, release: str = "") -> bytes:
    """web/version.js, which tells the page and its service worker what there is.

    `release` is one more thing that the version depends on.
    """
    digest = hashlib.sha256(release.encode())
    for address, path in [*served.items(), ("sw.js", WEB / "sw.js")]:
        digest.update(address.encode())
        # A network's address changes with it, and the runtime's with its version.
        if path.suffix not in (".onnx", ".wasm"):
            digest.update(path.read_bytes())
    site = {"version": digest.hexdigest()[:12], "files": list(served), "runtime": with_runtime}
    return f"self.SITE = {json.dumps(site)};\n".encode()


def lay_out(out: Path, runtime_folder: Path | None) -> None:
    """Write the folder `out`, which must not be there yet."""
    served = files(runtime_folder)
    for address, source in [*served.items(), ("sw.js", WEB / "sw.js")]:
        target = out / (address or "index.html")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        compressed = source.with_name(f"{source.name}.gz")
        if compressed.is_file():
            shutil.copyfile(compressed, target.with_name(compressed.name))
        elif source.suffix in _COMPRESSIBLE:
            _compress(target)
    script = out / "web" / "version.js"
    script.write_bytes(version_script(served, with_runtime=runtime_folder is not None))
    _compress(script)


def _compress(path: Path) -> None:
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m launcher.site",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="a folder that is not there yet")
    parser.add_argument("--runtime-required", action="store_true")
    options = parser.parse_args(argv)
    if options.out.exists():
        parser.error(f"{options.out} is there already")
    found = None
    try:
        found = runtime.fetch()
    except RuntimeUnavailable as error:
        if options.runtime_required:
            raise SystemExit(str(error)) from None
        print(f"{error}; the page will have the server look", file=sys.stderr)
    lay_out(options.out, found)


if __name__ == "__main__":
    main()
