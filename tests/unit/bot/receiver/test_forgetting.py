from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.receiver.forgetting import Buttons, Forgetting
from bot.work_queue import Accepted, Limits
from bot.work_queue.database import Database
from bot.work_queue.inbox import SqliteInbox
from bot.work_queue.people import SqlitePeople
from bot.work_queue.sqlite import SqliteQueue
from tests.unit.bot.jobs import Clock, a_job
from tests.unit.bot.updates import PERSON, message, update
from utils.settings import Secret

SECRET = Secret("a secret of some length")
LARGEST_ID = 9_999_999_999_999_999


class TestButtons:
    def test_its_data_fits_into_what_telegram_keeps(self) -> None:
        for user_id in (7, LARGEST_ID, -1_001_234_567_890):
            data = Buttons(SECRET).data(user_id)
            assert len(data.encode()) <= 64
            assert Buttons(SECRET).judge(data, user_id) == "good"

    def test_it_is_good_for_one_person_and_ten_minutes(self) -> None:
        clock = Clock()
        buttons = Buttons(SECRET, clock=clock)
        data = buttons.data(7)
        assert buttons.judge(data, 8) == "foreign"
        clock.pass_s(599)
        assert buttons.judge(data, 7) == "good"
        clock.pass_s(1)
        assert buttons.judge(data, 7) == "old"

    def test_one_that_another_secret_signed_is_unknown(self) -> None:
        assert Buttons(SECRET).judge(Buttons(Secret("x" * 20)).data(7), 7) == "unknown"

    @pytest.mark.parametrize("part", range(4))
    def test_no_part_of_it_can_be_changed(self, part: int) -> None:
        buttons = Buttons(SECRET, clock=Clock())
        parts = buttons.data(7).split(":")
        parts[part] = {0: "ban", 1: "8", 2: str(int(parts[2]) + 9), 3: "0" * 20}[part]
        for who in (7, 8):
            assert buttons.judge(":".join(parts), who) == "unknown"

    def test_the_same_number_in_other_digits_is_another_text(self) -> None:
        data = Buttons(SECRET, clock=Clock()).data(7)
        for changed in (data + "\n", " " + data, data.replace(":7:", ":07:"), data.upper()):
            assert Buttons(SECRET, clock=Clock()).judge(changed, 7) == "unknown"

    @given(st.one_of(st.none(), st.text(), st.text("forget:0123456789abcdef-", max_size=90)))
    def test_what_nobody_signed_is_unknown(self, data: str | None) -> None:
        assert Buttons(SECRET).judge(data, 7) == "unknown"


class Scene:
    def __init__(self, database: Database) -> None:
        self.clock = Clock()
        self.queue = SqliteQueue(database, Limits(user_rate=2), clock=self.clock)
        self.inbox = SqliteInbox(database, clock=self.clock)
        people = SqlitePeople(database, clock=self.clock)
        self.forgetting = Forgetting(people, self.inbox, clock=self.clock)

    def keep(self, update_id: int, user_id: int) -> None:
        kept = update(update_id, text="hello", **{"from": PERSON | {"id": user_id}})
        self.inbox.keep(update_id, kept.to_json().encode())


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with closing(Database(tmp_path / "queue.db", synchronous="normal")) as database:
        yield Scene(database)


def test_unanswered_messages_of_the_person_go_and_those_of_others_stay(scene: Scene) -> None:
    for update_id, user_id in ((1, 7), (2, 8), (3, 7), (4, 7)):
        scene.keep(update_id, user_id)
    tap = {"id": "9", "from": PERSON, "chat_instance": "x", "message": message(text="x")}
    tapped = update(5, raw={"callback_query": tap})
    scene.inbox.keep(5, tapped.to_json().encode())
    assert scene.forgetting.forget(7) == ([], False)
    assert [json.loads(body)["update_id"] for body in scene.inbox.waiting()] == [2]


def test_it_is_no_way_around_the_limits(scene: Scene) -> None:
    def sent(update_id: int) -> bool:
        return isinstance(scene.queue.put(a_job(update_id)), Accepted)

    assert [sent(i) for i in (1, 2, 3)] == [True, True, False]
    scene.forgetting.forget(7)
    assert [sent(i) for i in (4, 5, 6)] == [True, True, False]
    jobs, _ = scene.forgetting.forget(7)
    assert [job.id for job in jobs] == ["4-0", "5-0"]
    assert not sent(7)
    scene.clock.pass_s(3600)
    assert [sent(i) for i in (8, 9)] == [True, True]
    scene.forgetting.forget(7)
    assert sent(10)
