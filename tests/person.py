"""A person with a chat: sends photos and texts to the playground and reads what comes back."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

_ids = itertools.count(700_001)
_TIMEOUT_S = 30


@dataclass(frozen=True)
class Answer:
    """The bot's messages that reply to one message of a person."""

    messages: tuple[dict[str, Any], ...]

    @property
    def photo(self) -> dict[str, Any] | None:
        """The largest size of the photo, where there is one."""
        for message in self.messages:
            if "photo" in message:
                return dict(message["photo"][-1])
        return None

    @property
    def text(self) -> str:
        """All words: texts and captions."""
        return "\n".join(m.get("text") or m.get("caption") or "" for m in self.messages)


class Person:
    """One private chat at a playground."""

    def __init__(self, playground_url: str, chat_id: int | None = None) -> None:
        self.chat_id = next(_ids) if chat_id is None else chat_id
        self._url = playground_url
        self._messages = f"{playground_url}/api/chats/{self.chat_id}/messages"

    def send(self, text: str) -> int:
        """Write a text; its message id."""
        return self._post(json={"text": text})[0]

    def send_photos(
        self, *pictures: bytes, as_file: bool = False, name: str = "p.jpg", caption: str = ""
    ) -> list[int]:
        """Send photos (several make an album), or files whose bytes are kept; their ids."""
        files = [("photo", (name, picture, "image/jpeg")) for picture in pictures]
        data = {"text": caption} | ({"as_file": "1"} if as_file else {})
        return self._post(files=files, data=data)

    def write(self, content: dict[str, str], *pictures: bytes) -> list[int]:
        """Send fields of the playground's own, such as `entities`, perhaps with photos."""
        files = [("photo", ("p.jpg", picture, "image/jpeg")) for picture in pictures]
        return self._post(data=content, files=files or None)

    def answer(self, message_id: int) -> Answer:
        """What the bot has replied to a message so far."""
        replies = [
            entry["message"]
            for entry in self.history()
            if entry["sender"] == "bot"
            and not entry["deleted"]
            and (entry["message"].get("reply_to_message") or {}).get("message_id") == message_id
        ]
        return Answer(tuple(replies))

    def wait(self, message_ids: Sequence[int] | int, seconds: float = 60) -> list[Answer]:
        """The final answers to messages: photos, or texts that are no mere status."""
        wanted = [message_ids] if isinstance(message_ids, int) else list(message_ids)
        deadline = time.monotonic() + seconds
        while True:
            answers = [self.answer(message_id) for message_id in wanted]
            if all(map(is_final, answers)):
                return answers
            if time.monotonic() > deadline:
                raise AssertionError(f"no answer within {seconds} s: {answers}")
            time.sleep(0.05)

    def wait_for_text(self, seconds: float = 20) -> str:
        """All that the bot has written in this chat, as soon as there is something."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            texts = [e["message"].get("text", "") for e in self.history() if e["sender"] == "bot"]
            if any(texts):
                return "\n".join(texts)
            time.sleep(0.05)
        raise AssertionError(f"the bot wrote nothing within {seconds} s")

    def changes(self, after_revision: int, wait_s: float = 0.0) -> dict[str, Any]:
        """What happened in the chat after a revision, waiting for it up to `wait_s` seconds."""
        asked = {"after_revision": after_revision, "wait_s": wait_s}
        response = requests.get(self._messages, params=asked, timeout=_TIMEOUT_S)
        response.raise_for_status()
        return dict(response.json())

    def download(self, photo: dict[str, Any]) -> bytes:
        """The bytes of a photo that the bot posted."""
        response = requests.get(
            f"{self._url}/api/files/{photo['file_unique_id']}", timeout=_TIMEOUT_S
        )
        response.raise_for_status()
        return response.content

    def _post(self, **content: Any) -> list[int]:
        response = requests.post(self._messages, timeout=_TIMEOUT_S, **content)
        response.raise_for_status()
        return list(response.json()["message_ids"])

    def history(self) -> list[dict[str, Any]]:
        """All messages of the chat, as the playground tells them."""
        response = requests.get(self._messages, timeout=_TIMEOUT_S)
        response.raise_for_status()
        return list(response.json()["messages"])


def is_final(answer: Answer) -> bool:
    """Whether the answer is more than the status message that comes first."""
    return answer.photo is not None or any(
        "document" in message or not is_status(message.get("text", ""))
        for message in answer.messages
    )


def is_status(text: str) -> bool:
    """Whether a text is what comes first, before the answer."""
    return text.startswith("Looking at") or " ahead of you" in text
