"""What stands between bot and playground, asked as the bot asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.chaos import bad_days
from tests.chaos.bad_days import BadDays
from tests.chaos.plan import Move, PlannedMessage, PlannedPerson
from tests.fakes import FakeHttp, Reply, Request, serving
from utils.errors import ChatRefused, FileGone, TelegramUnavailable
from utils.settings import Secret
from utils.telegram import ChatMoved, MaybeSent, MessageGone, TelegramApi

MESSAGES = (PlannedMessage("0-0", link=False, fate="picture"),)
GONE = (PlannedMessage("1-0", link=False, fate="gone"), PlannedMessage("1-1", False, "gone"))


class Bot:
    """A playground that says yes to all, the bad days before it, and a bot."""

    def __init__(self, http: FakeHttp, days: BadDays, api: TelegramApi) -> None:
        self.http, self.days, self.api = http, days, api

    def hear(self, number: int, name: str) -> dict[str, object]:
        """Get an update with a photo in it; its chat."""
        photo = [{"file_id": f"file-{name}"}]
        message = {"message_id": number, "chat": {"id": 7}, "caption": f"#{name}", "photo": photo}
        self.updates = [{"update_id": number, "message": message}]
        answer = self.api._call("getUpdates", {"offset": 1}, repeatable=True)
        del answer
        return dict(self.days._handed_out[-1]["message"]["chat"])


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing fails by chance."""
    monkeypatch.setattr(bad_days, "_SPORADIC", {})


def make(move: Move | None, messages: tuple[PlannedMessage, ...] = MESSAGES) -> Iterator[Bot]:
    bots: list[Bot] = []

    def answer(request: Request) -> Reply:
        method = request.path.rpartition("/")[2]
        result: object = {"message_id": 100 + len(bots[0].http.requests)}
        if method == "getUpdates":
            result = bots[0].updates
        elif method == "getFile":
            result = {"file_path": "photos/1.jpg"}
        return Reply(body=json.dumps({"ok": True, "result": result}).encode())

    person = PlannedPerson(7, messages, move)
    with (
        serving(answer) as http,
        BadDays(http.url, [person], seed=1) as days,
        closing(TelegramApi(Secret("1:token"), days.url)) as api,
    ):
        bots.append(Bot(http, days, api))
        yield bots[0]


@pytest.fixture
def bot(calm: None) -> Iterator[Bot]:
    yield from make(None)


@pytest.mark.parametrize(
    ("spell", "error"),
    [("flood", TelegramUnavailable), ("away", MaybeSent), ("down", MaybeSent)],
)
def test_during_a_spell_calls_fail_before_they_take_effect(
    bot: Bot, spell: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    certain = {name: (fault, 1.0) for name, (fault, _) in bad_days._SPELLS.items()}
    monkeypatch.setattr(bad_days, "_SPELLS", certain)
    bot.days.spell(spell, 60)
    with pytest.raises(error):
        bot.api.send_message(7, "x", reply_to=1)
    assert bot.http.requests == []
    assert bot.days.faults.total() == 1


@pytest.mark.parametrize("fault", ["reset_after", "half_reply"])
def test_a_reply_that_is_lost_was_lost_after_the_call_took_effect(
    bot: Bot, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bad_days, "_SPORADIC", {fault: 1.0})
    with pytest.raises(MaybeSent):
        bot.api.send_message(7, "x", reply_to=1)
    assert len(bot.http.requests) == 1


def test_a_blocked_bot_is_told_so(bot: Bot) -> None:
    bot.days.block(7)
    with pytest.raises(ChatRefused):
        bot.api.send_message(7, "x", reply_to=1)


def test_files_are_gone_one_way_or_the_other(calm: None) -> None:
    for bot in make(None, GONE):
        for number, name in enumerate(("1-0", "1-1"), start=1):
            bot.hear(number, name)
            with pytest.raises(FileGone):
                bot.api.get_file(f"file-{name}", max_bytes=100)
        assert bot.days.faults == {"download_gone": 1, "file_gone": 1}


@pytest.mark.parametrize("moment", ["before", "after", "after_unheard"])
def test_a_group_moves_once_and_takes_no_message_along(moment: str, calm: None) -> None:
    for bot in make(Move("0-0", "editmessagemedia", moment)):  # type: ignore[arg-type]
        assert bot.hear(1, "0-0")["id"] == -7
        status = bot.api.send_message(-7, "x", reply_to=1)
        if moment == "after":
            bot.api.edit_photo(-7, status, b"", caption="")
        else:
            with pytest.raises(ChatMoved if moment == "before" else TelegramUnavailable):
                bot.api.edit_photo(-7, status, b"", caption="")
        edits = [r for r in bot.http.requests if r.path.endswith("editMessageMedia")]
        assert len(edits) == (0 if moment == "before" else 1)
        with pytest.raises(ChatMoved) as caught:
            bot.api.edit_photo(-7, status, b"", caption="")
        new = caught.value.chat_id
        with pytest.raises(MessageGone):
            bot.api.edit_photo(new, status, b"", caption="")
        bot.api.edit_photo(new, bot.api.send_message(new, "x", reply_to=1), b"", caption="")
        assert bot.hear(2, "0-0")["id"] == new
        sent = [r.body for r in bot.http.requests if r.path.endswith("sendMessage")]
        assert all(b"chat_id=7&" in body for body in sent)
