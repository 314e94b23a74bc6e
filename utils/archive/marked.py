"""Where the annotated picture of a photo lies in their folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import urlsplit

from utils.archive.photos import is_url
from utils.images import Format

_JPEG = (".jpg", ".jpeg")


def path_of(place: str, folder: Path) -> tuple[Path, Format]:
    """The path, below the folder whatever the place, and the format that its ending means.

    A photo that is neither `.jpg`, `.jpeg` nor `.png` gets `.jpg` after its own ending, so that no
    two names become one. A URL becomes its host and a digest.
    """
    if is_url(place):
        digest = hashlib.sha256(os.fsencode(place)).hexdigest()[:32]
        return folder / _host(place) / f"{digest}.jpg", "jpeg"
    parts = ["__" if part == ".." else part for part in place.split("/") if part not in ("", ".")]
    path = folder.joinpath(*parts)
    ending = path.suffix.lower()
    if ending == ".png":
        return path, "png"
    return (path if ending in _JPEG else path.with_name(f"{path.name}.jpg")), "jpeg"


def _host(url: str) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    return "".join(c if c.isalnum() or c in ".-" else "_" for c in host).strip(".") or "url"
