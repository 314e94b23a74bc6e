"""The bot as people see it: its name, its commands and its descriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

USERNAME = "semblance_playground_bot"
FIRST_NAME = "Semblance"


@dataclass
class Profile:
    """One bot; commands and descriptions are kept per scope and language."""

    bot_id: int
    commands: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    descriptions: dict[tuple[str, str], str] = field(default_factory=dict)

    def user(self) -> dict[str, Any]:
        """The `from` object of the bot's messages."""
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": FIRST_NAME,
            "username": USERNAME,
        }

    def me(self) -> dict[str, Any]:
        """What getMe answers."""
        return self.user() | {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }
