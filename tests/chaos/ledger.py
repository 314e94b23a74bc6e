"""What one chat must show in the end, compared with what it shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from bot import texts
from services import wording
from tests.person import is_status

# "picture": exactly one; "sentence": no picture, one sentence; "nothing": the bot is blocked.
Due = Literal["picture", "sentence", "nothing"]

# After these the person sends the picture again: nobody can know whether the answer came.
ASKING_AGAIN = frozenset({wording.MAYBE_SENT, texts.MOVED})


@dataclass
class Account:
    """One message of a person: what is due for it, and the bot's messages that came."""

    due: Due
    asked: list[int] = field(default_factory=list)
    pictures: set[int] = field(default_factory=set)
    words: dict[int, str] = field(default_factory=dict)

    @property
    def sentences(self) -> list[str]:
        """The final sentences; status messages are none."""
        return [words for words in self.words.values() if not is_status(words)]

    @property
    def settled(self) -> bool:
        """Whether nothing more needs to come."""
        if self.due == "nothing":
            return True
        return bool(self.pictures if self.due == "picture" else self.sentences)

    @property
    def lost(self) -> bool:
        """Whether what was due never came."""
        return not self.settled

    @property
    def duplicated(self) -> bool:
        """Whether more came than was due."""
        if self.due == "sentence":
            return bool(self.pictures) or len(self.sentences) > 1
        return len(self.pictures) > 1

    @property
    def contradicted(self) -> bool:
        """Whether a picture came, and a sentence that says that it could not."""
        return bool(self.pictures) and any(s not in ASKING_AGAIN for s in self.sentences)


class Ledger:
    """All messages of one chat, by name."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self._names: dict[int, str] = {}

    def sent(self, name: str, message_id: int, due: Due) -> None:
        """A message was sent, perhaps once more."""
        self.accounts.setdefault(name, Account(due)).asked.append(message_id)
        self._names[message_id] = name

    def blocked(self) -> None:
        """From now on nothing is due for what is not answered yet."""
        for account in self.accounts.values():
            if not account.settled:
                account.due = "nothing"

    def read(self, entry: dict[str, Any]) -> str | None:
        """Note an entry of the chat; the name of the message that it settles."""
        if entry["sender"] != "bot":
            return None
        message_id, message = entry["message_id"], entry["message"]
        if entry["deleted"]:
            for account in self.accounts.values():
                account.pictures.discard(message_id)
                account.words.pop(message_id, None)
            return None
        asked = (message.get("reply_to_message") or {}).get("message_id", 0)
        name = self._names.get(asked)
        if name is None:
            return None
        account = self.accounts[name]
        was_settled = account.settled
        if "photo" in message or "document" in message:
            account.pictures.add(message_id)
            account.words.pop(message_id, None)
        else:
            account.words[message_id] = message.get("text", "")
        return name if account.settled and not was_settled else None

    def to_send_again(self) -> list[str]:
        """Messages whose owner was asked to send them again, and did not yet."""
        return [
            name
            for name, account in self.accounts.items()
            if account.due == "picture"
            and not account.pictures
            and len([s for s in account.sentences if s in ASKING_AGAIN]) >= len(account.asked)
        ]

    @property
    def waiting(self) -> int:
        """Messages for which something is still to come."""
        return sum(account.lost for account in self.accounts.values())
