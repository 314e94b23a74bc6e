from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.load import Ask, Client
from benchmarks.simulated import Line, request_length, serve


def test_a_line_does_one_after_the_other() -> None:
    line = Line(lambda: 2.0)
    assert [line.done_at(0.0), line.done_at(1.0), line.done_at(10.0)] == [2, 4, 12]


@pytest.mark.parametrize(
    ("buffer", "length"),
    [
        (b"", 0),
        (b"POST / HTTP/1.1\r\nContent-Le", 0),
        (b"GET / HTTP/1.1\r\n\r\nGET", 18),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel", 43),
    ],
)
def test_requests_are_told_apart(buffer: bytes, length: int) -> None:
    assert request_length(buffer) == length


def test_it_answers_on_kept_connections(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("n")

    async def scene() -> int:
        serving = asyncio.create_task(serve(folder, 2, lambda: 0.001))
        while not (folder / "app_image.2.sock").exists():
            await asyncio.sleep(0.01)
        lengths = [await asyncio.to_thread(_ask_twice, folder, i) for i in (1, 2)]
        serving.cancel()
        return sum(lengths)

    assert asyncio.run(scene()) == 4 * len(b'{"success": 1, "faces": 1}')


def _ask_twice(folder: Path, i: int) -> int:
    with Client(Ask(str(folder / f"app_image.{i}.sock"), "/classify", b"a job")) as client:
        return client.ask() + client.ask()
