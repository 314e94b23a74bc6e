"""The listener on a real socket, with somebody else to decide."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from bot.exits import Misconfigured
from bot.webhook.calls import MAX_BODY_BYTES, OK, Head, Verdict
from bot.webhook.server import WebhookServer

PATIENCE_S = 20.0
_POST = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b"


def post(body: bytes) -> bytes:
    return _POST % (len(body), body)


class FakeCalls:
    """Takes every body, or refuses each call with `verdict`; `hold` keeps a body's answer back."""

    def __init__(self) -> None:
        self.heads: list[Head] = []
        self.bodies: list[bytes | None] = []
        self.verdict: Verdict | None = None
        self.hold: asyncio.Event | None = None

    def judge(self, head: Head) -> Verdict | None:
        self.heads.append(head)
        return self.verdict

    async def take(self, body: bytes | None) -> Verdict:
        self.bodies.append(body)
        if self.hold is not None:
            await self.hold.wait()
        return Verdict(413, "too_large") if body is None else OK


class Client:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """Status, and headers with body."""
        header = await self.reader.readuntil(b"\r\n\r\n")
        length = int(header.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await self.reader.readexactly(length)
        return int(header.split()[1]), header + body

    async def is_closed(self) -> bool:
        return await self.reader.read() == b""


class Scene:
    def __init__(self) -> None:
        self.calls = FakeCalls()
        self.server = WebhookServer(self.calls)
        self.clients: list[Client] = []
        self.port = 0

    async def client(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client


Play = Callable[[Scene], Awaitable[None]]


def play(script: Play, server: Callable[[FakeCalls], WebhookServer] = WebhookServer) -> Scene:
    async def run() -> Scene:
        scene = Scene()
        scene.server = server(scene.calls)
        scene.port = await scene.server.start(("127.0.0.1", 0))
        try:
            async with asyncio.timeout(PATIENCE_S):
                await script(scene)
        finally:
            await scene.server.stop()
            for client in scene.clients:
                client.writer.close()
        return scene

    return asyncio.run(run())


def test_bodies_are_taken_one_after_the_other_over_one_connection() -> None:
    async def script(scene: Scene) -> None:
        client = await scene.client()
        for body in (b"one", b"", b"x" * MAX_BODY_BYTES):
            await client.says(post(body))
            assert (await client.answer())[0] == 200
        await client.says(post(b"a") + post(b"b"))
        assert [(await client.answer())[0] for _ in range(2)] == [200, 200]

    scene = play(script)
    assert scene.calls.bodies == [b"one", b"", b"x" * MAX_BODY_BYTES, b"a", b"b"]


def test_a_request_comes_in_pieces_and_says_what_it_says() -> None:
    async def script(scene: Scene) -> None:
        client = await scene.client()
        for byte in post(b"pieces"):
            await client.says(bytes([byte]))
        assert (await client.answer())[0] == 200

    scene = play(script)
    (head,) = scene.calls.heads
    assert (head.method, head.path) == ("POST", "/x")
    assert head.values(b"content-length") == [b"6"]
    assert scene.calls.bodies == [b"pieces"]


def test_whoever_asks_whether_to_go_on_is_told_to() -> None:
    async def script(scene: Scene) -> None:
        client = await scene.client()
        await client.says(post(b"late").replace(b"Host", b"Expect: 100-continue\r\nHost")[:-4])
        assert b"100" in await client.reader.readuntil(b"\r\n\r\n")
        await client.says(b"late")
        assert (await client.answer())[0] == 200

    assert play(script).calls.bodies == [b"late"]


def test_a_refused_call_is_told_why_and_its_body_not_kept() -> None:
    async def script(scene: Scene) -> None:
        scene.calls.verdict = Verdict(503, "unavailable", 2)
        client = await scene.client()
        await client.says(post(b"x" * 50_000))
        status, answer = await client.answer()
        assert status == 503
        assert b"Retry-After: 2\r\n" in answer
        assert b"Connection: close\r\n" in answer
        assert answer.endswith(b'{"error": {"code": "unavailable"}}')
        client.writer.write_eof()
        assert await client.is_closed()

    assert play(script).calls.bodies == []


def test_a_body_without_an_end_is_given_up_at_the_bound() -> None:
    async def script(scene: Scene) -> None:
        client = await scene.client()
        await client.says(b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        for _ in range(MAX_BODY_BYTES // 65536 + 1):
            await client.says(piece)
        assert (await client.answer())[0] == 413

    assert play(script).calls.bodies == [None]


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01 no http at all\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000,
        b"POST /x HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(rubbish: bytes) -> None:
    async def script(scene: Scene) -> None:
        client = await scene.client()
        await client.says(rubbish)
        assert (await client.answer())[0] == 400

    assert play(script).calls.heads == []


def test_a_health_check_may_use_its_connection_again() -> None:
    async def script(scene: Scene) -> None:
        scene.calls.verdict = OK
        client = await scene.client()
        for method in (b"GET", b"HEAD"):
            await client.says(method + b" /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await client.answer())[0] == 200
        await client.says(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert (await client.answer())[0] == 200
        assert await client.is_closed()

    assert play(script).calls.bodies == []


def test_the_silent_and_the_slow_are_hung_up_on() -> None:
    async def script(scene: Scene) -> None:
        silent, slow = await scene.client(), await scene.client()
        await slow.says(post(b"not all of it")[:-3])
        assert await silent.is_closed()
        assert await slow.is_closed()

    assert (
        play(script, lambda calls: WebhookServer(calls, idle_s=0.1, body_s=0.1)).calls.bodies == []
    )


def test_more_connections_than_it_takes_are_told_to_come_back() -> None:
    async def script(scene: Scene) -> None:
        first = await scene.client()
        await first.says(post(b"first"))
        assert (await first.answer())[0] == 200
        second = await scene.client()
        assert (await second.answer())[0] == 503
        await first.says(post(b"again"))
        assert (await first.answer())[0] == 200

    scene = play(script, lambda calls: WebhookServer(calls, max_connections=1))
    assert scene.calls.bodies == [b"first", b"again"]


def test_a_stop_answers_what_is_being_taken_and_takes_nothing_more() -> None:
    async def script(scene: Scene) -> None:
        scene.calls.hold = asyncio.Event()
        idle, busy = await scene.client(), await scene.client()
        await idle.says(post(b"")[:10])
        await busy.says(post(b"last"))
        while scene.calls.bodies != [b"last"]:
            await asyncio.sleep(0.01)
        stopping = asyncio.create_task(scene.server.stop())
        assert await idle.is_closed()
        assert not stopping.done()
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the system likes
            await asyncio.open_connection("127.0.0.1", scene.port)
        scene.calls.hold.set()
        assert (await busy.answer())[0] == 200
        assert await busy.is_closed()
        await stopping

    assert play(script).calls.bodies == [b"last"]


def test_a_caller_that_leaves_early_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def script(scene: Scene) -> None:
        for part in (b"", post(b"gone")[:10], post(b"gone")[:-2], post(b"gone")):
            client = await scene.client()
            await client.says(part)
            client.writer.transport.abort()
        other = await scene.client()
        await other.says(post(b"here"))
        assert (await other.answer())[0] == 200

    assert b"here" in play(script).calls.bodies
    assert caplog.records == []


def test_an_address_that_is_taken_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = ("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(Misconfigured, match="SEMBLANCE_WEBHOOK_BIND cannot be listened on"):
            asyncio.run(WebhookServer(FakeCalls()).start(address))
