"""All servers of the played internet, behind one port of loopback."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator, Mapping

from tests.hostile.urls.case import PICTURE, Script

_HOST = re.compile(rb"\r\nHost: ([^\r\n:]+)")
_TLS = b"\x16"


@contextlib.contextmanager
def stage(sites: Mapping[str, Script]) -> Iterator[int]:
    """Its port. The name in the request, or in the greeting of TLS, decides which server it is."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=_serve, args=(listener, sites), daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        # Closing alone would leave the thread waiting.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _serve(listener: socket.socket, sites: Mapping[str, Script]) -> None:
    while True:
        try:
            line, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_play, args=(line, sites), daemon=True).start()


def _play(line: socket.socket, sites: Mapping[str, Script]) -> None:
    line.settimeout(10)
    with line, contextlib.suppress(OSError):
        _script(line, sites)(line)
        # What was said arrives, also where something that nobody read is left.
        line.shutdown(socket.SHUT_WR)
        while line.recv(1 << 16):
            pass


def _script(line: socket.socket, sites: Mapping[str, Script]) -> Script:
    begun = line.recv(1 << 16, socket.MSG_PEEK)
    if begun.startswith(_TLS):
        return max(
            # The longest, where one name is the end of another.
            ((len(name), script) for name, script in sites.items() if name.encode() in begun),
            default=(0, PICTURE),
            key=lambda found: found[0],
        )[1]
    host = _HOST.search(begun)
    return sites.get(host[1].decode(), PICTURE) if host else PICTURE
