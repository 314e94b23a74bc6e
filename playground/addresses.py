"""Where a webhook may be: on this machine or in its own network, as the playground promises."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from playground.errors import BadCall


def refuse_webhook_url(url: str) -> None:
    """Raise `BadCall` for a URL to which nothing is delivered.

    Telegram wants https and a public address. Here it is the other way round: http will do, and
    nothing leaves for the internet.
    """
    try:
        parts = urlsplit(url)
        inside = bool(parts.hostname) and _is_inside(parts)
    except ValueError:
        raise BadCall("bad webhook: invalid URL specified") from None
    if not inside and parts.scheme != "https":
        raise BadCall("bad webhook: An HTTPS URL must be provided for webhook")
    if not inside or parts.scheme not in ("http", "https"):
        raise BadCall("bad webhook: the playground delivers to this machine and its network alone")


def _is_inside(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    # A name without a dot is one of this machine's or of a container.
    if "." not in host and ":" not in host:
        return True
    if host.endswith((".localhost", ".internal", ".local")):
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return False
