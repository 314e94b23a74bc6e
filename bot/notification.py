"""Tells whoever started the bot that it is ready: systemd's sd_notify protocol.

The launcher listens on the same socket that systemd would; without NOTIFY_SOCKET nothing is said.
"""

from __future__ import annotations

import contextlib
import os
import socket


def notify(state: str) -> None:
    """Send a state such as "READY=1"; a listener that has gone is no error."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(state.encode(), address)
