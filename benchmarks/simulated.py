"""Services that only take time: tiny HTTP servers in the place of replicas, in one process.

    python -m benchmarks.simulated FOLDER --services 16 --ms 20 [--random]

They listen on the sockets `app_image.<i>.sock` in FOLDER and answer every request as a finished
job. Each does one after the other, as a replica with one slot would: for `--ms`, or, with
`--random`, for exponentially distributed times with this mean.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

_BODY = b'{"success": 1, "faces": 1}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_BODY),
    _BODY,
)


class Line:
    """What one service has still to do; a new request is done when all before it are."""

    def __init__(self, takes_s: Callable[[], float]) -> None:
        self._takes_s, self._free_at = takes_s, 0.0

    def done_at(self, now: float) -> float:
        """When a request that arrives now is answered."""
        self._free_at = max(now, self._free_at) + self._takes_s()
        return self._free_at


class Connection(asyncio.Protocol):
    """One kept connection of the proxy to a service."""

    def __init__(self, line: Line) -> None:
        self._line, self._buffer = line, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - for mypy alone
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request when its time has come."""
        self._buffer += data
        loop = asyncio.get_running_loop()
        while (length := request_length(self._buffer)) and length <= len(self._buffer):
            del self._buffer[:length]
            loop.call_at(self._line.done_at(loop.time()), self._answer)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(ANSWER)


def request_length(buffer: bytes | bytearray) -> int:
    """Bytes of the first request, its body included; 0 while its header is not all there."""
    end = buffer.find(b"\r\n\r\n") + 4
    if end < 4:
        return 0
    for line in bytes(buffer[:end]).lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return end + int(line[15:])
    return end


async def serve(folder: Path, services: int, takes_s: Callable[[], float]) -> None:
    """Listen until cancelled."""
    loop = asyncio.get_running_loop()
    servers = []
    for i in range(1, services + 1):
        line = Line(takes_s)
        path = folder / f"app_image.{i}.sock"
        servers.append(await loop.create_unix_server(partial(Connection, line), str(path)))
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--services", type=int, required=True)
    parser.add_argument("--ms", type=float, required=True)
    parser.add_argument("--random", action="store_true")
    arguments = parser.parse_args(argv)
    mean_s = arguments.ms / 1000
    chance = random.Random(1)  # noqa: S311 - time, no secret
    times = (lambda: chance.expovariate(1 / mean_s)) if arguments.random else (lambda: mean_s)
    asyncio.run(serve(arguments.folder, arguments.services, times))


if __name__ == "__main__":
    main()
