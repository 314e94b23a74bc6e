"""People who send pictures and links, and keep count of what comes back to each."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import requests
from PIL import Image
from skimage import data

from tests.conftest import encoded
from tests.person import Person

# The playground keeps 200 messages of a chat: past these a person's first answers would be gone.
MESSAGES_EACH = 60
_SEND_TRIES, _SEND_PAUSE_S = 60, 1.0


class Correspondent:
    """One person, and how many annotated pictures each message of theirs was answered with."""

    def __init__(self, playground_url: str) -> None:
        self._person = Person(playground_url)
        self._revision = 0
        self._waiting: dict[int, float] = {}
        self._pictures: dict[int, set[int]] = {}
        self._words: dict[int, str] = {}

    @property
    def waiting(self) -> int:
        """Messages that no picture has come for."""
        return len(self._waiting)

    @property
    def sent(self) -> int:
        """All messages."""
        return len(self._pictures)

    @property
    def duplicated(self) -> int:
        """Messages that more than one picture came for."""
        return sum(len(pictures) > 1 for pictures in self._pictures.values())

    def send(self, picture: bytes | str) -> None:
        """Send a photo, or a link to one; tried again while the playground is busy."""
        for _ in range(_SEND_TRIES):
            try:
                if isinstance(picture, str):
                    message_id = self._person.send(picture)
                else:
                    message_id = self._person.send_photos(picture)[0]
            except requests.RequestException:
                time.sleep(_SEND_PAUSE_S)
                continue
            self._waiting[message_id] = time.monotonic()
            self._pictures[message_id] = set()
            return
        raise RuntimeError("the playground takes no messages")

    def look(self, wait_s: float = 0.0) -> list[float]:
        """Read what is new; how long each message waited that is answered now."""
        try:
            news = self._person.changes(self._revision, wait_s)
        except requests.RequestException:
            return []
        self._revision = news["revision"] or self._revision
        return [taken for entry in news["messages"] for taken in self._read(entry)]

    def unanswered(self) -> list[str]:
        """What was said instead of a picture, for each message without one."""
        return [self._words.get(message_id, "nothing") for message_id in self._waiting]

    def _read(self, entry: dict[str, Any]) -> Sequence[float]:
        if entry["sender"] != "bot" or entry["deleted"]:
            return ()
        message = entry["message"]
        asked = (message.get("reply_to_message") or {}).get("message_id")
        if asked not in self._pictures:
            return ()
        if "photo" not in message:
            self._words[asked] = message.get("text", "")
            return ()
        self._pictures[asked].add(message["message_id"])
        since = self._waiting.pop(asked, None)
        return () if since is None else (time.monotonic() - since,)


def drawn_faces(count: int, *, side: int = 200, seed: int = 1) -> list[bytes]:
    """Different square JPEGs with one face in each."""
    rng = random.Random(seed)
    face = Image.fromarray(np.asarray(data.astronaut())).crop((120, 0, 330, 210))
    pictures = []
    for _ in range(count):
        background = tuple(rng.randrange(60, 200) for _ in range(3))
        picture = Image.new("RGB", (side, side), background)
        size = rng.randrange(side * 6 // 10, side * 9 // 10)
        picture.paste(face.resize((size, size)), (rng.randrange(side - size), (side - size) // 2))
        pictures.append(encoded(picture, "JPEG", quality=88))
    return pictures
