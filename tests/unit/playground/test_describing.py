from __future__ import annotations

import pytest

from tests.unit.playground.conftest import CHAT, as_json

COMMANDS = [{"command": "start", "description": "Begin"}]


def test_the_bot_knows_itself(bot):
    me = bot.ok("getMe")
    assert (me["id"], me["is_bot"]) == (123456, True)
    assert me["username"].endswith("bot")


def test_commands_are_kept_per_language_and_scope(bot):
    assert bot.ok("setMyCommands", commands=as_json(COMMANDS)) is True
    assert bot.ok("getMyCommands") == COMMANDS
    assert bot.ok("getMyCommands", language_code="de") == []
    scope = as_json({"type": "chat", "chat_id": 5})
    assert bot.ok("getMyCommands", scope=scope) == []
    assert bot.ok("deleteMyCommands") is True
    assert bot.ok("getMyCommands") == []


def test_no_commands_at_all_clear_the_list(bot):
    bot.ok("setMyCommands", commands=as_json(COMMANDS))
    assert bot.ok("setMyCommands") is True
    assert bot.ok("getMyCommands") == []


def test_a_slash_before_a_command_is_dropped(bot):
    bot.ok("setMyCommands", commands=as_json([{"command": "/help", "description": "Help"}]))
    assert bot.ok("getMyCommands")[0]["command"] == "help"


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ("{}", "expected an Array of BotCommand"),
        ("[1]", "can't parse BotCommand: expected an Object"),
        ('[{"command": "a"}]', "can't parse BotCommand: Can't find field \"command\""),
        ('[{"command": "Bad", "description": "x"}]', "BOT_COMMAND_INVALID"),
        ('[{"command": "a", "description": ""}]', "BOT_COMMAND_DESCRIPTION_INVALID"),
        (as_json(COMMANDS * 101), "BOT_COMMANDS_TOO_MUCH"),
    ],
)
def test_wrong_commands_are_refused(bot, commands, reason):
    assert bot.refused("setMyCommands", commands=commands) == f"Bad Request: {reason}"


def test_a_wrong_scope_is_refused(bot):
    assert "BotCommandScope" in bot.refused("getMyCommands", scope='{"a": 1}')


def test_the_page_shows_description_and_commands(bot, client):
    bot.ok("setMyCommands", commands=as_json(COMMANDS))
    bot.ok("setMyDescription", description="It looks at faces.")
    bot.ok("setMyShortDescription", short_description="Faces")
    shown = client.get("/api/bot").get_json()
    assert (shown["description"], shown["commands"]) == ("It looks at faces.", COMMANDS)


@pytest.mark.parametrize(
    ("method", "name", "limit"),
    [
        ("setMyDescription", "description", 512),
        ("setMyShortDescription", "short_description", 120),
    ],
)
def test_descriptions_have_a_limit(bot, method, name, limit):
    assert bot.ok(method, **{name: "x" * limit}) is True
    assert "too long" in bot.refused(method, **{name: "x" * (limit + 1)})


def test_a_chat_can_be_looked_at(bot, person):
    person.writes("a")
    chat = bot.ok("getChat", chat_id=CHAT)
    assert (chat["id"], chat["type"], chat["first_name"]) == (CHAT, "private", "Guest 1")
    assert bot.refused("getChat", chat_id=5) == "Bad Request: chat not found"
