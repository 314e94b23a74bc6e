"""Methods about the bot and its chats: getMe, getChat, commands and descriptions."""

from __future__ import annotations

import re
from typing import Any

from playground.errors import BadCall
from playground.parameters import Call
from playground.sending import chat_of
from playground.state import Playground

_MAX_COMMANDS = 100


def get_me(playground: Playground, _call: Call) -> dict[str, Any]:
    """https://core.telegram.org/bots/api#getme."""
    return playground.profile.me()


def get_chat(playground: Playground, call: Call) -> dict[str, Any]:
    """https://core.telegram.org/bots/api#getchat."""
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription")
    return chat_of(playground, call).shape() | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys((*gifts, "gifts_from_channels"), False),
    }


def set_my_commands(playground: Playground, call: Call) -> bool:
    """https://core.telegram.org/bots/api#setmycommands."""
    given = call.parsed("commands", "commands")
    if given is None:
        given = []
    if not isinstance(given, list):
        raise BadCall("expected an Array of BotCommand")
    if len(given) > _MAX_COMMANDS:
        raise BadCall("BOT_COMMANDS_TOO_MUCH")
    playground.profile.commands[_key(call)] = [_command(each) for each in given]
    return True


def _command(shape: Any) -> dict[str, str]:
    problem = "can't parse BotCommand: "
    if not isinstance(shape, dict):
        raise BadCall(problem + "expected an Object")
    command, description = shape.get("command"), shape.get("description")
    if not isinstance(command, str) or not isinstance(description, str):
        raise BadCall(problem + 'Can\'t find field "command"')
    command = command.removeprefix("/")
    if not re.fullmatch(r"[a-z0-9_]{1,32}", command):
        raise BadCall("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise BadCall("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": command, "description": description}


def get_my_commands(playground: Playground, call: Call) -> list[dict[str, str]]:
    """https://core.telegram.org/bots/api#getmycommands."""
    return playground.profile.commands.get(_key(call), [])


def delete_my_commands(playground: Playground, call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletemycommands."""
    playground.profile.commands.pop(_key(call), None)
    return True


def set_my_description(playground: Playground, call: Call) -> bool:
    """https://core.telegram.org/bots/api#setmydescription."""
    return _describe(playground, call, "description", 512)


def set_my_short_description(playground: Playground, call: Call) -> bool:
    """https://core.telegram.org/bots/api#setmyshortdescription."""
    return _describe(playground, call, "short_description", 120)


def _describe(playground: Playground, call: Call, name: str, max_characters: int) -> bool:
    text = call.text(name)
    if len(text) > max_characters:
        raise BadCall(f"{name.replace('_', ' ')} is too long")
    playground.profile.descriptions[name, call.text("language_code")] = text
    return True


def _key(call: Call) -> tuple[str, str]:
    scope = call.parsed("scope", "bot command scope") or {"type": "default"}
    if not isinstance(scope, dict) or not isinstance(scope.get("type"), str):
        raise BadCall("can't parse BotCommandScope: expected an Object")
    return ":".join(str(value) for value in scope.values()), call.text("language_code")
