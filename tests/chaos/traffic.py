"""Many people who write what was planned as fast as they are answered; ledgers of what came."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import requests

from playground.profile import USERNAME
from tests.chaos.bad_days import BadDays
from tests.chaos.ledger import Due, Ledger
from tests.chaos.pictures import Pictures
from tests.chaos.plan import PlannedMessage, PlannedPerson
from tests.person import Person

# Together 32: enough to keep every slot busy, few enough that a kill has something to hit at once.
_HANDS, _AT_ONCE = 8, 4
_LOOK_S = 5.0
# Whoever got no answer for so long is left; the last look at everybody decides.
_PATIENCE_S = 120.0
_SEND_TRIES, _SEND_PAUSE_S = 60, 1.0
# A second picture would come from a job whose lease has run out meanwhile.
_LAST_LOOK_AFTER_S = 10.0


class Correspondent:
    """One planned person: sends, reads, sends again what the bot asks to be sent again."""

    def __init__(
        self, plan: PlannedPerson, days: BadDays, playground_url: str, pictures: Pictures, link: str
    ) -> None:
        self.plan, self.ledger = plan, Ledger()
        self._days, self._pictures, self._link = days, pictures, link
        self._person = Person(playground_url, plan.chat_id)
        self._messages = {message.name: message for message in plan.messages}
        self._since: dict[str, float] = {}
        self._revision = 0

    def send(self, message: PlannedMessage, place: int) -> None:
        """Send a planned message for the first time."""
        due: Due = "sentence" if message.fate == "gone" else "picture"
        blocked = self.plan.is_blocked_at(place)
        if place == self.plan.blocked_from:
            self._days.block(self.plan.chat_id)
            self.ledger.blocked()
        self._since[message.name] = time.monotonic()
        self._write(message, "nothing" if blocked else due)

    def look(self, wait_s: float = 0.0) -> list[float]:
        """Read what is new; how long each message waited that is answered now."""
        try:
            news = self._person.changes(self._revision, wait_s)
        except requests.RequestException:
            return []
        self._revision = news["revision"] or self._revision
        settled = [name for entry in news["messages"] if (name := self.ledger.read(entry))]
        for name in self.ledger.to_send_again():
            self._write(self._messages[name], "picture")
        return [time.monotonic() - self._since[name] for name in settled]

    def _write(self, message: PlannedMessage, due: Due) -> None:
        words = f"#{message.name}"
        if message.link:
            words += f" {self._link}?{message.name}"
        mention = []
        if self.plan.move is not None:
            words = f"@{USERNAME} {words}"
            mention = [{"type": "mention", "offset": 0, "length": len(USERNAME) + 1}]
        entities = json.dumps(mention)
        for _ in range(_SEND_TRIES):
            with contextlib.suppress(requests.RequestException):
                message_id = self._post(message, words, entities)
                self.ledger.sent(message.name, message_id, due)
                return
            time.sleep(_SEND_PAUSE_S)
        raise RuntimeError("the playground takes no messages")

    def _post(self, message: PlannedMessage, words: str, entities: str) -> int:
        if message.link:
            return self._person.write({"text": words, "entities": entities})[0]
        person, place = map(int, message.name.split("-"))
        picture = self._pictures.of(person * 64 + place)
        return self._person.write({"text": words, "entities": entities}, picture)[0]


class Traffic:
    """Everybody who was planned, eight of them at a time."""

    def __init__(
        self,
        people: Sequence[PlannedPerson],
        days: BadDays,
        playground_url: str,
        faces: Sequence[bytes],
        link: str,
    ) -> None:
        pictures = Pictures(faces)
        self.people = [Correspondent(each, days, playground_url, pictures, link) for each in people]
        self._lock = threading.Lock()
        self._next = iter(self.people)
        self.waits_s: list[float] = []

    @property
    def sent(self) -> int:
        """Messages so far; one that had to be sent again counts once."""
        return sum(len(person.ledger.accounts) for person in self.people)

    @property
    def answered(self) -> int:
        """Messages that need no more answer."""
        return self.sent - self.waiting

    @property
    def waiting(self) -> int:
        """Messages for which something is still to come."""
        return sum(person.ledger.waiting for person in self.people)

    def run(self, until: float) -> None:
        """Send all, or what can be sent before a moment of the monotonic clock."""
        with ThreadPoolExecutor(_HANDS) as hands:
            for future in [hands.submit(self._write, until) for _ in range(_HANDS)]:
                future.result()

    def rest(self, until: float) -> None:
        """Wait for the answers that are missing; then look at everybody once more."""
        while time.monotonic() < until and self.waiting:
            time.sleep(0.5)
            for person in self.people:
                if person.ledger.waiting:
                    self.waits_s += person.look()
        time.sleep(min(_LAST_LOOK_AFTER_S, max(0.0, until - time.monotonic())))
        for person in self.people:
            self.waits_s += person.look()

    def _write(self, until: float) -> None:
        while time.monotonic() < until:
            with self._lock:
                person = next(self._next, None)
            if person is None:
                return
            for place, message in enumerate(person.plan.messages):
                if time.monotonic() >= until:
                    return
                person.send(message, place)
                self._read(person, _AT_ONCE - 1)
            self._read(person, 0)

    def _read(self, person: Correspondent, most_waiting: int) -> None:
        give_up_at = time.monotonic() + _PATIENCE_S
        while person.ledger.waiting > most_waiting and time.monotonic() < give_up_at:
            self.waits_s += person.look(_LOOK_S)
