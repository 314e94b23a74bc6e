"""What happens to the queue when something happens to its server."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from benchmarks.redis_server import RedisServer
from bot.work_queue import Accepted, Depth, JobQueue, Limits, QueueUnavailable
from bot.work_queue.redis import RedisQueue
from bot.work_queue.redis_inbox import RedisInbox
from bot.work_queue.server import QueueServer, checked, unfit
from tests.local_run import free_port
from tests.redis import needs_redis
from tests.unit.bot.jobs import Clock, a_job
from utils.errors import SettingsError

pytestmark = needs_redis

PASSWORD = "a/password#with?everything@in-it"
QUOTED = "a%2Fpassword%23with%3Feverything%40in-it"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def client(server: RedisServer) -> Iterator[QueueServer]:
    with closing(QueueServer(server.url, bot_id="1")) as client:
        yield client


@pytest.fixture
def queue(client: QueueServer) -> JobQueue:
    return RedisQueue(client, Limits())


def fresh(update_id: int = 1, **changes: Any) -> Any:
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


class TestCheck:
    def test_a_server_that_keeps_what_it_is_given_is_taken_without_a_word(
        self, client: QueueServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        client.check()
        client.check()
        assert caplog.records == []

    @pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
    def test_one_that_may_evict_is_refused(
        self, server: RedisServer, client: QueueServer, policy: str
    ) -> None:
        with server.client() as plain:
            plain.config_set("maxmemory-policy", policy)
            with pytest.raises(SettingsError, match=f"{policy}.*set maxmemory-policy noeviction"):
                client.check()
            assert plain.keys() == []

    def test_one_that_is_too_old_or_a_cluster_is_refused(self, server: RedisServer) -> None:
        with server.client() as plain:
            facts = plain.info()
        assert unfit(facts) is None
        assert "too old" in str(unfit(facts | {"redis_version": "4.0.14"}))
        assert "Cluster" in str(unfit(facts | {"cluster_enabled": 1}))

    def test_one_without_an_append_only_file_is_warned_about(
        self, server: RedisServer, client: QueueServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        with server.client() as plain:
            plain.config_set("appendonly", "no")
        with caplog.at_level(logging.WARNING):
            client.check()
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "appendonly yes" in caplog.text

    def test_a_queue_of_a_newer_version_is_left_alone(
        self, server: RedisServer, client: QueueServer
    ) -> None:
        with server.client() as plain:
            plain.set("semblance:1:layout", 2)
        with pytest.raises(SettingsError, match="newer version"):
            client.check()

    def test_one_that_is_away_may_come_back(self, server: RedisServer, client: QueueServer) -> None:
        server.kill()
        with pytest.raises(QueueUnavailable, match="SEMBLANCE_QUEUE cannot be used"):
            client.check()


class TestPassword:
    @pytest.fixture
    def guarded(self) -> Iterator[RedisServer]:
        with RedisServer(requirepass=PASSWORD) as server:
            yield server

    def test_it_is_in_the_url(self, guarded: RedisServer) -> None:
        url = f"unix://:{QUOTED}@{guarded.socket}"
        with closing(QueueServer(url, bot_id="1")) as client:
            client.check()
            assert RedisQueue(client, Limits()).put(fresh()) == Accepted(0)

    @pytest.mark.parametrize("login", ["", ":wrong-password@", "somebody:wrong-password@"])
    def test_a_wrong_one_is_told_without_repeating_it(
        self, guarded: RedisServer, login: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with (
            caplog.at_level(logging.DEBUG),
            closing(QueueServer(f"unix://{login}{guarded.socket}", bot_id="1")) as client,
        ):
            with pytest.raises(SettingsError, match="refuses the user or password") as caught:
                client.check()
            with pytest.raises(QueueUnavailable) as later:
                RedisQueue(client, Limits()).put(fresh())
        for text in (str(caught.value), str(later.value), caplog.text, repr(client)):
            assert "wrong-password" not in text

    def test_a_user_who_may_too_little_is_told_so(self, guarded: RedisServer) -> None:
        with guarded.client(password=PASSWORD) as plain:
            plain.execute_command("ACL", "SETUSER", "ada", "on", ">secret", "~semblance:*", "+get")
        url = f"unix://ada:secret@{guarded.socket}"
        with (
            closing(QueueServer(url, bot_id="1")) as client,
            pytest.raises(SettingsError, match="what the user may do"),
        ):
            client.check()


class TestTls:
    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        command += " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
        paths = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
        subprocess.run([*command.split(), *paths], check=True, capture_output=True)
        return tmp_path / "cert.pem"

    def test_rediss_checks_the_certificate(self, certificate: Path) -> None:
        port = free_port()
        options = {
            "tls_port": str(port),
            "tls_cert_file": str(certificate),
            "tls_key_file": str(certificate.with_name("key.pem")),
            "tls_auth_clients": "no",
        }
        url = f"rediss://localhost:{port}/0"
        with RedisServer(**options):
            with closing(QueueServer(f"{url}?ssl_ca_certs={certificate}", bot_id="1")) as client:
                client.check()
            with (
                closing(QueueServer(url, bot_id="1")) as client,
                pytest.raises(QueueUnavailable, match="certificate verify failed"),
            ):
                client.check()


class TestUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "redis://queue",
            "redis://:secret@queue:6379/3",
            "rediss://ada:secret@queue.example.org/0?ssl_ca_certs=/etc/ca.pem",
            "unix:///run/redis.sock?db=2",
            "unix://ada:secret@/run/redis.sock",
        ],
    )
    def test_these_are_taken(self, url: str) -> None:
        assert checked(url) == url

    @pytest.mark.parametrize(
        "url",
        [
            "redis:///0",
            "redis://queue/jobs",
            "redis://queue:port/0",
            "redis://:pass/word-9@queue/0",
            "redis://:pass#word-9@queue/0",
            "redis://:pass?word-9@queue/0",
            "redis://queue/0?socket_timeout=9",
            "unix://run/redis.sock",
        ],
    )
    def test_what_could_mean_something_else_is_refused_without_repeating_it(self, url: str) -> None:
        with pytest.raises(SettingsError, match="%2F") as caught:
            checked(url)
        assert "word-9" not in str(caught.value)


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
            assert traces(server.folder, b"a-secret-file-id-2")
            clock.pass_s(3600)
            queue.tidy()
            eventually(lambda: not traces(server.folder, b"a-secret-file-id"))


def traces(folder: Path, needle: bytes) -> bool:
    return any(needle in file.read_bytes() for file in folder.rglob("*") if file.is_file())
