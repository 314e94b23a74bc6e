"""One person's chat with the bot: its messages in order, and what changed since a revision."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Literal

Sender = Literal["person", "bot"]
Message = dict[str, Any]

MAX_MESSAGES = 200
_ACTION_LASTS_S = 5.0


@dataclass
class Entry:
    """A message as the chat keeps it; `message` is replaced by edits, never changed in place."""

    message_id: int
    sender: Sender
    message: Message | None
    revision: int
    edits: int = 0

    def view(self) -> dict[str, Any]:
        """The entry as the page sees it."""
        return {
            "message_id": self.message_id,
            "revision": self.revision,
            "sender": self.sender,
            "edits": self.edits,
            "deleted": self.message is None,
            "message": self.message,
        }


@dataclass
class Chat:
    """A private chat; the oldest messages leave it as new ones come."""

    chat_id: int
    first_name: str
    language: str = "en"
    revision: int = 0
    _entries: OrderedDict[int, Entry] = field(default_factory=OrderedDict)
    _action: str = ""
    _action_until: float = 0.0

    @property
    def message_count(self) -> int:
        """How many messages it keeps, deleted ones included."""
        return len(self._entries)

    def shape(self) -> dict[str, Any]:
        """The `chat` object of a message."""
        return {"id": self.chat_id, "type": "private", "first_name": self.first_name}

    def person(self) -> dict[str, Any]:
        """The `from` object of the person's messages."""
        return {
            "id": self.chat_id,
            "is_bot": False,
            "first_name": self.first_name,
            "language_code": self.language,
        }

    def add(self, message: Message, sender: Sender) -> None:
        """Append a message."""
        self.revision += 1
        message_id = message["message_id"]
        self._entries[message_id] = Entry(message_id, sender, message, self.revision)
        if sender == "bot":
            self._action = ""
        while len(self._entries) > MAX_MESSAGES:
            self._entries.popitem(last=False)

    def find(self, message_id: int) -> Entry | None:
        """A message that exists and is not deleted."""
        entry = self._entries.get(message_id)
        return None if entry is None or entry.message is None else entry

    def replace(self, entry: Entry, message: Message | None) -> None:
        """Put another message in the place of one; None deletes it."""
        self.revision += 1
        entry.message, entry.revision, entry.edits = message, self.revision, entry.edits + 1
        self._action = ""

    def show_action(self, action: str) -> None:
        """Let the page say what the bot is doing, for the five seconds Telegram shows it."""
        self.revision += 1
        self._action, self._action_until = action, time.monotonic() + _ACTION_LASTS_S

    def action(self) -> str | None:
        """What the bot says it is doing right now."""
        return (self._action or None) if time.monotonic() < self._action_until else None

    def since(self, revision: int) -> list[dict[str, Any]]:
        """Every message that changed after a revision, in the order of the chat."""
        return [entry.view() for entry in self._entries.values() if entry.revision > revision]
