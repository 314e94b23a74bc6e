"""Which servers are taken, and how they are reached."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from benchmarks.redis_server import RedisServer
from bot.work_queue import Accepted, Limits, QueueUnavailable
from bot.work_queue.redis import RedisQueue
from bot.work_queue.redis_inbox import RedisInbox
from bot.work_queue.server import QueueServer, checked, unfit
from tests.local_run import free_port
from tests.redis import needs_redis
from tests.unit.bot.jobs import a_job
from utils.errors import SettingsError
from utils.jobs import Job
from utils.settings import ROOT

pytestmark = needs_redis

PASSWORD = "a/password#with?everything@in-it"
QUOTED = "a%2Fpassword%23with%3Feverything%40in-it"


def fresh(update_id: int = 1, **changes: Any) -> Job:
    return a_job(update_id, enqueued_at=time.time(), **changes)


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

    def test_a_user_needs_no_more_rights_than_the_operations_page_says(
        self, guarded: RedisServer
    ) -> None:
        page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        (rights,) = re.findall(r"`ACL SETUSER semblance on >PASSWORD (.+?)`", page, re.DOTALL)
        with guarded.client(password=PASSWORD) as plain:
            plain.execute_command("ACL", "SETUSER", "semblance", "on", ">x", *rights.split())
        url = f"unix://semblance:x@{guarded.socket}"
        with closing(QueueServer(url, bot_id="1")) as client:
            client.check()
            queue, inbox = RedisQueue(client, Limits()), RedisInbox(client)
            queue.put(fresh())
            queue.tidy()
            assert queue.ack(queue.claim(1, "w", 60.0)[0])
            inbox.keep(1, b"x")
            inbox.adopt()
            inbox.done(1)
            client.rewrite()
        with guarded.client(password=PASSWORD) as plain:
            assert plain.execute_command("ACL", "LOG") == []


@pytest.mark.skipif(
    shutil.which("openssl") is None, reason="needs openssl: apt-get install openssl"
)
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
