"""The process: settings, a port on 127.0.0.1, the server, and a stop within a second.

In a container it listens on every address, and tells bot and services in a file what they need.
"""

from __future__ import annotations

import argparse
import os
import secrets
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
from utils.settings import Secret, Settings

DEFAULT_PORT = 8088
_TRIED_PORTS = 50
_STOP_TIMEOUT_S = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; the exit code."""
    options = _options(arguments)
    try:
        settings = Settings.load()
        token = settings.telegram_token
        if token is None and options.env_file is None:
            raise SettingsError("TELEGRAM_TOKEN is not set: the playground needs a bot's token.")
        port = settings.playground_port if options.port is None else options.port
        listener = listen(port, "127.0.0.1" if options.name is None else "0.0.0.0")  # noqa: S104 - only in a container
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return os.EX_CONFIG
    port, name = listener.getsockname()[1], options.name or "127.0.0.1"
    token = token or Secret(f"{secrets.randbelow(10**9)}:{secrets.token_urlsafe(26)}")
    if options.env_file:
        url = f"http://{name}:{port}"
        _write(options.env_file, f"TELEGRAM_TOKEN={token.reveal()}\nTELEGRAM_API_URL={url}\n")
    if options.port_file:
        _write(options.port_file, f"{port}\n")
    sys.stdout.write(f"playground: http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    _serve(token.reveal(), listener, name)
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
    parser.add_argument(
        "--name",
        metavar="HOST",
        help="in a container: listen on every address; the name by which bot and services find it",
    )
    parser.add_argument(
        "--env-file",
        type=Path,
        metavar="PATH",
        help="write TELEGRAM_TOKEN (a made-up one where none is set) and TELEGRAM_API_URL there, "
        "as a .env file for bot and services",
    )
    return parser.parse_args(arguments)


def listen(port: int | None, address: str = "127.0.0.1") -> socket.socket:
    """A listening socket on this port, or on the first free one from 8088 where none is set."""
    ports = [port] if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + _TRIED_PORTS)
    for each in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, each))
            listener.listen(256)
        except (OSError, OverflowError):
            listener.close()
        else:
            listener.setblocking(False)
            return listener
    taken = f"Port {port}" if port is not None else f"Every port from {DEFAULT_PORT} on"
    raise SettingsError(f"{taken} is taken: choose another with SEMBLANCE_PLAYGROUND_PORT.")


def _write(path: Path, text: str) -> None:
    # Renamed into place, so that whoever waits for the file never reads half of it.
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="ascii")
    partial.replace(path)


class _Server(WSGIServer):  # type: ignore[misc]
    """Answers at once: header and body leave in two segments, which Nagle would hold for 40 ms."""

    def handle(self, client_socket: socket.socket, address: tuple[str, int]) -> None:
        client_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().handle(client_socket, address)


def _serve(token: str, listener: socket.socket, name: str) -> None:
    playground = Playground(token)
    app = create_app(token, playground=playground, name=name)
    server = _Server(listener, app, log=None)

    def stop() -> None:
        playground.close()
        server.stop(timeout=_STOP_TIMEOUT_S)

    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, lambda: gevent.spawn(stop))
    server.serve_forever(stop_timeout=_STOP_TIMEOUT_S)
