"""What happens to the queue when something happens to its server."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from benchmarks.redis_server import RedisServer
from bot.work_queue import Accepted, Depth, Duplicate, JobQueue, Limits, QueueUnavailable
from bot.work_queue.redis import RedisQueue
from bot.work_queue.redis_inbox import RedisInbox
from bot.work_queue.server import QueueServer
from tests.redis import needs_redis
from tests.unit.bot.jobs import Clock, a_job
from utils.jobs import Job

pytestmark = needs_redis


@pytest.fixture
def queue(client: QueueServer) -> JobQueue:
    return RedisQueue(client, Limits())


def fresh(update_id: int = 1, **changes: Any) -> Job:
    return a_job(update_id, enqueued_at=time.time(), **changes)


def eventually(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 30
    while not (result := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return result


class TestRestart:
    def test_jobs_leases_and_dead_letters_survive_a_kill_of_the_server(
        self, server: RedisServer, queue: JobQueue
    ) -> None:
        for i in (1, 2, 3):
            queue.put(fresh(i))
        dead, held = queue.claim(2, "w", 60.0)
        queue.bury(dead, "failed")
        server.kill()
        server.start()
        assert queue.depth() == Depth(waiting=1, in_flight=1, dead=1)
        assert queue.ack(held)
        assert queue.dead()[0].job.id == dead.job.id

    def test_while_the_server_is_away_nothing_is_accepted_and_then_it_is(
        self, server: RedisServer, queue: JobQueue
    ) -> None:
        queue.put(fresh(1))
        server.kill()
        with pytest.raises(QueueUnavailable, match=r"cannot be reached: (No such file|Conn)"):
            queue.put(fresh(2))
        server.start()
        assert queue.depth().waiting == 1
        assert queue.put(fresh(2)) == Accepted(1)

    def test_a_server_that_hangs_is_given_up_on(self, server: RedisServer, queue: JobQueue) -> None:
        queue.put(fresh(1))
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        with pytest.raises(QueueUnavailable, match="does not answer"):
            queue.put(fresh(2))
        server.process.send_signal(signal.SIGCONT)
        eventually(lambda: queue.position("1-0") == 0)

    def test_scripts_that_the_server_forgot_are_sent_again(
        self, server: RedisServer, queue: JobQueue
    ) -> None:
        queue.put(fresh(1))
        with server.client() as plain:
            plain.script_flush()
        assert queue.put(fresh(2)) == Accepted(1)


class TestFullMemory:
    @pytest.fixture
    def fill(self, server: RedisServer) -> Callable[[], None]:
        def fill() -> None:
            with server.client() as plain:
                plain.config_set("maxmemory", "100kb")

        return fill

    def test_new_work_is_refused_in_words_and_nothing_of_it_is_stored(
        self, server: RedisServer, queue: JobQueue, fill: Callable[[], None]
    ) -> None:
        queue.put(fresh(1))
        with server.client() as plain:
            keys = sorted(plain.keys())
            fill()
            with pytest.raises(QueueUnavailable, match="memory of the queue server is full"):
                queue.put(fresh(2))
            assert sorted(plain.keys()) == keys
            plain.config_set("maxmemory", "0")
        assert queue.put(fresh(2)) == Accepted(1)

    def test_an_update_is_refused_as_well(
        self, client: QueueServer, fill: Callable[[], None]
    ) -> None:
        inbox = RedisInbox(client)
        inbox.keep(1, b"x")
        fill()
        with pytest.raises(QueueUnavailable, match="full"):
            inbox.keep(2, b"y")
        assert not inbox.knows(2)
        assert inbox.adopt() == []
        inbox.done(1)
        assert inbox.waiting() == []

    def test_what_is_there_can_be_brought_to_its_end(
        self, queue: JobQueue, fill: Callable[[], None]
    ) -> None:
        for i in range(5):
            queue.put(fresh(i, status_message_id=None))
        fill()
        assert queue.note_status("0-0", 44) == 44
        for i in range(1, 5):
            queue.note_status(f"{i}-0", 45)
        done, again, told, dead = queue.claim(4, "w", 60.0)
        assert queue.heartbeat([done, again, told, dead], 60.0) == []
        assert queue.ack(done)
        assert queue.nack(again, due_at=time.time(), reason="later", counts=True)
        assert queue.settle(told, "No.")
        assert queue.bury(dead, "failed")
        assert queue.cancel("4-0")
        assert queue.release() == 1
        queue.tidy()
        assert queue.depth() == Depth(waiting=2, in_flight=0, dead=1)


class TestSharing:
    def test_two_bots_with_clocks_that_disagree_share_jobs_and_leases(
        self, server: RedisServer
    ) -> None:
        fast, slow = Clock(time.time() + 3600), Clock(time.time() - 3600)
        with (
            closing(QueueServer(server.url, bot_id="1")) as one,
            closing(QueueServer(server.url, bot_id="1")) as other,
        ):
            one.clock, other.clock = fast, slow
            ahead, behind = RedisQueue(one, Limits()), RedisQueue(other, Limits())
            ahead.put(a_job(1, enqueued_at=fast.now, status_message_id=None))
            assert behind.claim(1, "b", 60.0) == []
            behind.put(a_job(2, enqueued_at=slow.now))
            (claim,) = ahead.claim(2, "a", 60.0)
            assert behind.claim(2, "b", 60.0) == []
            assert ahead.nack(claim, due_at=fast.now, reason="x", counts=False)
            assert [claim.job.id for claim in behind.claim(2, "b", 60.0)] == ["2-0"]

    def test_bots_with_different_tokens_do_not_see_each_other(self, server: RedisServer) -> None:
        with (
            closing(QueueServer(server.url, bot_id="1")) as one,
            closing(QueueServer(server.url, bot_id="2")) as other,
        ):
            RedisQueue(one, Limits()).put(fresh(1))
            assert RedisQueue(other, Limits()).put(fresh(1)) == Accepted(0)

    def test_a_worker_that_was_killed_loses_its_jobs_to_the_others(self, queue: JobQueue) -> None:
        queue.put(fresh(1))
        queue.claim(1, "killed", 0.05)
        (claim,) = eventually(lambda: queue.claim(1, "alive", 60.0))
        assert (claim.attempt, claim.doom) == (2, None)

    def test_many_threads_use_few_connections(self, server: RedisServer, queue: JobQueue) -> None:
        threads = [threading.Thread(target=queue.put, args=(fresh(i),)) for i in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with server.client() as plain:
            assert plain.info("clients")["connected_clients"] <= 33
        assert queue.depth().waiting == Limits().per_user


def test_nothing_is_left_of_jobs_that_are_done_but_their_ids(
    server: RedisServer, queue: JobQueue
) -> None:
    for i in range(6):
        queue.put(fresh(i, chat_id=i % 3, user_id=i % 2))
    queue.cancel("5-0")
    for claim in queue.claim(9, "w", 60.0):
        queue.nack(claim, due_at=time.time(), reason="again", counts=True)
    for claim in queue.claim(9, "w", 60.0):
        queue.ack(claim)
    queue.tidy()
    with server.client() as plain:
        left = {key.decode().removeprefix("semblance:1:") for key in plain.scan_iter()}
    assert left == {"seq", "turn", "finished", "rewritten"}


def test_a_job_of_another_version_is_dropped_and_the_next_one_goes_on(
    server: RedisServer, queue: JobQueue
) -> None:
    queue.put(fresh(1))
    queue.put(fresh(2))
    with server.client() as plain:
        plain.hset("semblance:1:job:1-0", "body", '{"kind": "hologram"}')
    assert [claim.job.id for claim in queue.claim(2, "w", 60.0)] == ["2-0"]
    assert queue.depth() == Depth(waiting=0, in_flight=1, dead=0)
    assert queue.put(fresh(1)) == Duplicate()


class TestTraces:
    def test_what_is_deleted_leaves_the_append_only_file_within_the_hour(
        self, server: RedisServer
    ) -> None:
        clock = Clock()
        with closing(QueueServer(server.url, bot_id="1", clock=clock)) as client:
            client.check()
            queue = RedisQueue(client, Limits())
            for i in (1, 2):
                queue.put(a_job(i, source=f"a-secret-file-id-{i}"))
                queue.ack(queue.claim(1, "w", 60.0)[0])
                queue.tidy()
                if i == 1:
                    eventually(lambda: not traces(server.folder, b"a-secret-file-id-1"))
            assert rewrites(server) == 1
            clock.pass_s(3600)
            queue.tidy()
            eventually(lambda: not traces(server.folder, b"a-secret-file-id"))
            clock.pass_s(3600)
            queue.tidy()
            assert rewrites(server) == 2


def rewrites(server: RedisServer) -> int:
    with server.client() as plain:
        return int(plain.info("commandstats")["cmdstat_bgrewriteaof"]["calls"])


def traces(folder: Path, needle: bytes) -> bool:
    return any(needle in file.read_bytes() for file in folder.rglob("*") if file.is_file())
