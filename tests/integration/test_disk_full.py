"""The disk under the queue's file is full: Telegram keeps the updates; nothing is lost."""

from __future__ import annotations

import itertools
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.fakes import serving
from tests.integration.test_bot import FakeService, World, eventually
from tests.small_disk import SmallDisk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs a limit that Linux has")

CHATS = range(1, 5)


class Room(Protocol):
    """Where the queue's file lies, and how much of it there is."""

    folder: Path

    def fill(self, bot_pid: int) -> None:
        """From now on nothing more can be written."""

    def free(self, bot_pid: int) -> None:
        """There is room again."""


class Disk:
    """A file system of a megabyte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._disk = SmallDisk(folder)
        except OSError as error:
            pytest.skip(f"{error}; the limit is tested beside this")

    def fill(self, bot_pid: int) -> None:
        self._disk.fill()

    def free(self, bot_pid: int) -> None:
        self._disk.free()

    def close(self) -> None:
        self._disk.close()


class Quota:
    """No file of the bot's may grow beyond what the log needs: as with a full quota."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, bot_pid: int) -> None:
        self._limit(bot_pid, 16 * 1024)

    def free(self, bot_pid: int) -> None:
        self._limit(bot_pid, resource.RLIM_INFINITY)

    def close(self) -> None:
        pass

    @staticmethod
    def _limit(bot_pid: int, most_bytes: int) -> None:
        _, hard = resource.prlimit(bot_pid, resource.RLIMIT_FSIZE)
        resource.prlimit(bot_pid, resource.RLIMIT_FSIZE, (most_bytes, hard))


@pytest.fixture(params=[Disk, Quota])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    (tmp_path / "disk").mkdir()
    room = request.param(tmp_path / "disk")
    yield room
    room.close()


@pytest.fixture
def world(tmp_path: Path, room: Room) -> Iterator[World]:
    with ExitStack() as stack:
        world = World(tmp_path)
        stack.callback(world.close)
        service = FakeService(world, work_s=0.5)
        stack.callback(service.close)
        world.environment |= {
            "SEMBLANCE_QUEUE": f"sqlite:///{room.folder}/queue.db",
            "SEMBLANCE_PROXY_URL": stack.enter_context(serving(service)).url,
            "SEMBLANCE_LEASE_S": "2",
        }
        yield world


def test_while_the_disk_is_full_telegram_keeps_the_updates_and_then_work_goes_on(
    world: World, room: Room
) -> None:
    bot = world.start("bot")
    eventually(lambda: "polling as @" in world.log(), "the bot")
    links = Counter[str]()
    numbers = itertools.count()

    def write_everywhere() -> None:
        for chat in CHATS:
            link = f"http://example.com/{chat}/{next(numbers)}"
            links[f"done {link}"] += 1
            world.write(chat, link)

    def answers() -> Counter[str]:
        said = [text for chat in CHATS for text in world.answers(chat)]
        return Counter(text for text in said if text.startswith("done "))

    # It fills up while jobs are in flight, ...
    write_everywhere()
    eventually(lambda: any(world.answers(chat) for chat in CHATS), "the first status message")
    room.fill(bot.pid)
    # ... and whatever comes now stays where it is: nobody is promised anything.
    said = sum(len(world.answers(chat)) for chat in CHATS)
    deadline = time.monotonic() + 60
    while "could not be stored, Telegram keeps it: queue file: SQLITE_" not in world.log():
        assert time.monotonic() < deadline, world.log()
        write_everywhere()
        time.sleep(0.5)
    world.write(9, "/help")
    time.sleep(2)
    assert world.answers(9) == []
    assert answers() != links
    assert said <= len(CHATS) * 2
    assert bot.poll() is None
    room.free(bot.pid)
    eventually(lambda: answers() == links, "all answers, once each")
    eventually(lambda: world.answers(9), "the help")
    assert "Traceback" not in world.log()
    assert bot.poll() is None
