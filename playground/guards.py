"""Who may talk to the playground: this machine only, and no other site's page through a browser.

A loopback address alone does not keep strangers out: a page elsewhere may point a name of its own
at 127.0.0.1 (DNS rebinding) or post forms here (CSRF). The Bot API side needs the token besides.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


def is_loopback_name(host: str) -> bool:
    """Whether a Host header (or the host of an Origin) names this machine."""
    return _name(host) in _LOOPBACK_NAMES


def is_known_to_the_bot(host: str, path: str, name: str) -> bool:
    """Whether this is the Bot API, asked by the name that other containers know it by."""
    return path.startswith(("/bot", "/file/bot")) and _name(host) == name


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def is_cross_site(request: Request) -> bool:
    """Whether a browser says that another site's page makes this request."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    return origin is not None and origin != f"http://{request.host}"
