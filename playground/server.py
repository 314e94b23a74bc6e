"""The process: settings, a port on 127.0.0.1, the server, and a stop within a second."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import gevent
from gevent.pywsgi import WSGIServer

from playground.app import create_app
from playground.state import Playground
from utils.errors import SettingsError
from utils.settings import Settings

DEFAULT_PORT = 8088
_TRIED_PORTS = 50
_STOP_TIMEOUT_S = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; the exit code."""
    options = _options(arguments)
    try:
        settings = Settings.load()
        if settings.telegram_token is None:
            raise SettingsError("TELEGRAM_TOKEN is not set: the playground needs a bot's token.")
        listener = listen(settings.playground_port if options.port is None else options.port)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return os.EX_CONFIG
    port = listener.getsockname()[1]
    if options.port_file:
        _write_port(options.port_file, port)
    sys.stdout.write(f"playground: http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    _serve(settings.telegram_token.reveal(), listener)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m playground",
        description="A local Bot API server with a chat page: the bot without Telegram.",
    )
    parser.add_argument(
        "--port",
        type=int,
        metavar="N",
        help="the port on 127.0.0.1; default: SEMBLANCE_PLAYGROUND_PORT, else "
        f"{DEFAULT_PORT} or the next free one",
    )
    parser.add_argument(
        "--port-file", type=Path, metavar="PATH", help="write the port that was taken into a file"
    )
    return parser.parse_args(arguments)


def listen(port: int | None) -> socket.socket:
    """A listening socket on this port, or on the first free one from 8088 where none is set."""
    ports = [port] if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + _TRIED_PORTS)
    for each in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", each))
            listener.listen(256)
        except (OSError, OverflowError):
            listener.close()
        else:
            listener.setblocking(False)
            return listener
    taken = f"Port {port}" if port is not None else f"Every port from {DEFAULT_PORT} on"
    raise SettingsError(f"{taken} is taken: choose another with SEMBLANCE_PLAYGROUND_PORT.")


def _write_port(path: Path, port: int) -> None:
    # Renamed into place, so that whoever waits for the file never reads half of it.
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(f"{port}\n", encoding="ascii")
    partial.replace(path)


class _Server(WSGIServer):  # type: ignore[misc]
    """Answers at once: header and body leave in two segments, which Nagle would hold for 40 ms."""

    def handle(self, client_socket: socket.socket, address: tuple[str, int]) -> None:
        client_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().handle(client_socket, address)


def _serve(token: str, listener: socket.socket) -> None:
    playground = Playground(token)
    app = create_app(token, playground=playground)
    server = _Server(listener, app, log=None)

    def stop() -> None:
        playground.close()
        server.stop(timeout=_STOP_TIMEOUT_S)

    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, lambda: gevent.spawn(stop))
    server.serve_forever(stop_timeout=_STOP_TIMEOUT_S)
