from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import texts
from bot.metrics import Metrics
from bot.receiver.orders import Order, Orders
from bot.receiver.reading import Reading, Sentence, Silence
from bot.work_queue import Ban, Depth, Limits
from bot.work_queue.database import Database
from bot.work_queue.people import SqlitePeople
from bot.work_queue.sqlite import SqliteQueue
from tests.unit.bot.jobs import NOON, Clock, a_job
from tests.unit.bot.updates import BOT, BOT_ID, GROUP, PERSON, READER, entity, message, update

ADMIN = PERSON | {"id": 99, "first_name": "Op"}
READS = replace(READER, admins=frozenset({99}))
UNBANNABLE = frozenset({99, BOT_ID})


def order(text: str, by: dict[str, Any] = ADMIN, **fields: Any) -> Reading:
    command = text.split(maxsplit=1)[0]
    entities = [entity(text, command, "bot_command")]
    fields = {"text": text, "entities": entities, "from": by} | fields
    return READS.read(update(11, **fields), now=NOON)


class TestReading:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("/ban 7", Order("ban", 7)),
            ("/ban 7 30", Order("ban", 7, 30)),
            ("/ban -1001234567890", Order("ban", -1001234567890)),
            ("/unban 7", Order("unban", 7)),
            ("/bans", Order("bans")),
            ("/stats", Order("stats")),
        ],
    )
    def test_what_an_admin_orders(self, text: str, expected: Order) -> None:
        assert order(text) == expected

    @pytest.mark.parametrize(
        "words",
        [
            "",
            "7 0",
            "7 -1",
            "7 1 1",
            "@ada",
            "7a",
            "\u0667",
            "7 \u0667",
            "99999999999999999",
            "7 99999",
            "--7",
        ],
    )
    def test_what_is_no_id_or_no_days_is_not_guessed_at(self, words: str) -> None:
        assert order(f"/ban {words}") == Order("ban")

    def test_a_reply_in_a_group_names_the_person(self) -> None:
        theirs = message(chat=GROUP, text="x", **{"from": PERSON | {"id": 13}})
        for text, days in (("/ban@semblance_bot", None), ("/ban@semblance_bot 3", 3)):
            assert order(text, chat=GROUP, reply_to_message=theirs) == Order("ban", 13, days)

    def test_a_command_in_a_group_that_is_not_for_this_bot_is_none(self) -> None:
        theirs = message(chat=GROUP, text="x")
        assert order("/ban@another_bot", chat=GROUP, reply_to_message=theirs) == Silence()

    @pytest.mark.parametrize("text", ["/ban 7", "/unban 7", "/bans", "/stats"])
    def test_to_everybody_else_these_are_unknown_words(self, text: str) -> None:
        unknown = order("/nonsense", by=PERSON)
        assert order(text, by=PERSON) == unknown == Sentence(texts.NO_LINK)

    def test_a_name_makes_nobody_an_admin(self) -> None:
        for by in (PERSON | {"first_name": "99", "username": "99"}, ADMIN | {"id": 990}):
            assert order("/bans", by=by) == Sentence(texts.NO_LINK)

    def test_whoever_writes_as_a_chat_is_that_chat(self) -> None:
        assert order("/bans", sender_chat=GROUP) == Sentence(texts.NO_LINK)

    def test_an_admin_is_let_in_where_only_some_are(self) -> None:
        reader = replace(READS, allowed_users=frozenset({1}))
        text = "/bans"
        fields = {"text": text, "entities": [entity(text, text, "bot_command")], "from": ADMIN}
        assert reader.read(update(11, **fields), now=NOON) == Order("bans")


class Scene:
    def __init__(self, database: Database) -> None:
        self.clock, self.metrics = Clock(), Metrics()
        self.queue = SqliteQueue(database, Limits(user_rate=30), clock=self.clock)
        self.people = SqlitePeople(database, clock=self.clock)
        self.orders = Orders(self.people, self.queue, self.metrics, clock=self.clock)

    def do(self, *words: Any) -> str:
        return self.orders.do(Order(*words), unbannable=UNBANNABLE)[0]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with closing(Database(tmp_path / "queue.db", synchronous="normal")) as database:
        yield Scene(database)


class TestDoing:
    def test_a_ban_for_days_and_for_ever(self, scene: Scene) -> None:
        assert scene.do("ban", 7, 2) == "7 is banned until 2027-01-17 08:00 UTC."
        assert scene.do("ban", 8) == "8 is banned for ever."
        assert scene.people.bans() == [Ban(7, NOON + 2 * 86_400), Ban(8, math.inf)]
        assert scene.do("bans") == "7 until 2027-01-17 08:00 UTC\n8 for ever"
        assert scene.do("unban", 7) == "7 may write again."
        assert scene.do("unban", 7) == "7 was not banned."

    def test_what_waits_is_cancelled_and_counted(self, scene: Scene) -> None:
        scene.queue.put(a_job(1))
        text, cancelled = scene.orders.do(Order("ban", 7), unbannable=UNBANNABLE)
        assert text == "7 is banned for ever. Waiting pictures cancelled: 1."
        assert [job.id for job in cancelled] == ["1-0"]
        assert scene.queue.depth() == Depth(0, 0, 0)

    @pytest.mark.parametrize("user_id", [99, BOT["id"]])
    def test_admins_and_the_bot_cannot_be_banned(self, scene: Scene, user_id: int) -> None:
        assert "can be banned" in scene.do("ban", user_id)
        assert scene.people.bans() == []

    def test_an_order_that_makes_no_sense_is_explained(self, scene: Scene) -> None:
        assert scene.do("ban") == scene.do("unban") == texts.ORDERS

    def test_a_long_list_fits_into_a_message(self, scene: Scene) -> None:
        assert scene.do("bans") == "Nobody is banned."
        for i in range(120):
            scene.people.ban(10**15 + i, NOON + 100)
        text = scene.do("bans")
        assert text.endswith("and 70 more")
        assert len(text) < 4096

    def test_how_things_are(self, scene: Scene) -> None:
        assert "refused since the start: none" in scene.do("stats")
        scene.queue.put(a_job(1))
        scene.metrics.update_refused("rate_user")
        scene.clock.pass_s(1)
        assert scene.do("stats").splitlines() == [
            "waiting 1, in flight 0, dead letters 0",
            "oldest job 1 s",
            "banned 0",
            "refused since the start: rate_user 1",
            "7: 2% of a minute's photos",
        ]
