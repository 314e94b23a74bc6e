"""Telegram on its bad days: what stands between the playground and the bot and its services.

A reverse proxy that hands every call on, save when it does not: connections reset before or after
the call took effect, answers cut in half, slow ones, 429 and 5xx, now and then or for a spell;
files that are gone, chats that block the bot, groups that become supergroups, updates that come
twice and out of order. Which call fails how follows from the seed and from what the call is about
(the message's name, the method, the how manieth time), never from the moment.

The playground knows private chats alone: groups are made here, by other chat ids on the way.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from tests.chaos.plan import PlannedPerson
from tests.chaos.wire import Call, Half, Lost, Server, forward, refusal

Fault = Literal["reset_before", "reset_after", "half_reply", "error", "flood", "slow"]

_SPORADIC: dict[Fault, float] = {
    "reset_before": 0.01,
    "reset_after": 0.01,
    "half_reply": 0.01,
    "error": 0.007,
    "flood": 0.007,
    "slow": 0.01,
}
_SPELLS: dict[str, tuple[Fault, float]] = {
    "flood": ("flood", 0.8),
    "down": ("error", 0.8),
    "away": ("reset_before", 1.0),
    "slow": ("slow", 0.5),
}
_SLOW_S = (0.2, 3.0)
_UPDATES_TWICE, _UPDATES_SHUFFLED = 0.1, 0.2
_REMEMBERED_UPDATES = 5
_SUPERGROUP = 1_000_000_000_000
_NAME = re.compile(r"#(\d+-\d+)\b")


@dataclass
class _Chat:
    """What is known of one person's chat on the way."""

    person: PlannedPerson
    moved: bool = False
    blocked: bool = False
    # Messages of the bot that were posted since the group moved: only these can be edited.
    posted: set[int] = field(default_factory=set)

    @property
    def id(self) -> int:
        """The chat's id as the bot may use it now."""
        number = self.person.chat_id
        if self.person.move is None:
            return number
        return -_SUPERGROUP - number if self.moved else -number

    def shape(self) -> dict[str, Any]:
        """The `chat` object of a group's updates."""
        kind = "supergroup" if self.moved else "group"
        return {"id": self.id, "type": kind, "title": f"Group {self.person.chat_id}"}


class BadDays:
    """The proxy; as a context it runs. `url` is what the bot is told instead of the playground's.

    `faults` counts what was done, `spell` begins a bad time for everybody.
    """

    def __init__(self, playground_url: str, people: Sequence[PlannedPerson], *, seed: int) -> None:
        parts = urlsplit(playground_url)
        self._seed = seed
        self._lock = threading.Lock()
        self._chats = {person.chat_id: _Chat(person) for person in people}
        self._gone = {m.name for p in people for m in p.messages if m.fate == "gone"}
        # A message's name, by the ids of the person's message, of the bot's answer, of its file.
        self._names: dict[int, str] = {}
        self._files: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._times: Counter[tuple[str, str]] = Counter()
        self._handed_out: list[dict[str, Any]] = []
        self._spell: tuple[str, float] = ("", 0.0)
        self.faults: Counter[str] = Counter()
        self._server = Server(self.answer, (parts.hostname or "127.0.0.1", parts.port or 80))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def spell(self, kind: str, seconds: float) -> None:
        """Let everything fail for a while in one way: a key of `_SPELLS`."""
        self._spell = (kind, time.monotonic() + seconds)

    def block(self, chat_id: int) -> None:
        """The person stops the bot: from now on it may not write there."""
        self._chats[chat_id].blocked = True

    def answer(self, call: Call, upstream: http.client.HTTPConnection) -> tuple[int, bytes]:
        """What the caller is to get: a status and a body. Raises `Lost`."""
        self._identify(call)
        fault, rng = self._fault(call)
        if fault is not None:
            self.faults[fault] += 1
        if fault == "slow":
            time.sleep(rng.uniform(*_SLOW_S))
        if fault == "reset_before":
            raise Lost
        if fault == "error":
            status = rng.choice((500, 502, 504))
            return status, refusal(status, "Internal Server Error")
        if fault == "flood":
            after = rng.choice((1, 1, 2, 3))
            parameters = {"retry_after": after}
            return 429, refusal(429, f"Too Many Requests: retry after {after}", parameters)
        status, body, unheard = self._done(call, upstream, rng)
        if unheard or fault == "reset_after":
            raise Lost
        if fault == "half_reply":
            # Its length has been promised: the handler breaks off when this is raised.
            raise Half(status, body)
        return status, body

    def _identify(self, call: Call) -> None:
        with self._lock:
            self._find(call)

    def _find(self, call: Call) -> None:
        fields = call.fields
        if "chat_id" in fields:
            number = abs(int(fields["chat_id"]))
            number = number - _SUPERGROUP if number > _SUPERGROUP else number
            call.chat_id = number
        about = fields.get("message_id", "")
        if fields.get("reply_parameters"):
            about = str(json.loads(fields["reply_parameters"]).get("message_id", ""))
        if about.isdecimal():
            call.name = self._names.get(int(about), "")
        elif "file_id" in fields:
            call.name = self._files.get(fields["file_id"], "")
        elif call.method == "download":
            call.name = self._paths.get(call.path.split("/", 3)[-1], "")

    def _fault(self, call: Call) -> tuple[Fault | None, random.Random]:
        with self._lock:
            self._times[call.method, call.name] += 1
            nth = self._times[call.method, call.name]
        rng = random.Random(f"{self._seed}/{call.method}/{call.name}/{nth}")
        spell, until = self._spell
        if time.monotonic() < until:
            fault, share = _SPELLS[spell]
            if rng.random() < share:
                return fault, rng
        chance = rng.random()
        for fault, share in _SPORADIC.items():
            if chance < share:
                return fault, rng
            chance -= share
        return None, rng

    def _done(
        self, call: Call, upstream: http.client.HTTPConnection, rng: random.Random
    ) -> tuple[int, bytes, bool]:
        """The call's effect: status, body, and whether the caller never hears of it."""
        if call.name in self._gone and call.method in ("getfile", "download"):
            if call.method == "download":
                self.faults["download_gone"] += 1
                return 404, refusal(404, "Not Found"), False
            # One half of these files is known no more, of the other only the bytes are gone.
            if int(call.name.partition("-")[2]) % 2:
                self.faults["file_gone"] += 1
                gone = "Bad Request: wrong file_id or the file is temporarily unavailable"
                return 400, refusal(400, gone), False
        chat = self._chats.get(call.chat_id)
        unheard = False
        if chat is not None:
            if chat.blocked:
                self.faults["blocked"] += 1
                return 403, refusal(403, "Forbidden: bot was blocked by the user"), False
            refused, unheard = self._in_group(chat, call)
            if refused is not None:
                return 400, refused, False
        status, body = forward(call, upstream)
        if status == 200:
            body = self._learn(call, body, rng)
        return status, body, unheard

    def _in_group(self, chat: _Chat, call: Call) -> tuple[bytes | None, bool]:
        """A group's refusal of the call, and whether its effect is to stay unheard."""
        move = chat.person.move
        if move is None:
            return None, False
        used = int(call.fields["chat_id"])
        unheard = False
        with self._lock:
            due = not chat.moved and (call.name, call.method) == (move.name, move.method)
            if due and move.moment == "before":
                chat.moved = True
            if used != chat.id:
                self.faults["moved"] += 1
                text = "Bad Request: group chat was upgraded to a supergroup chat"
                return refusal(400, text, {"migrate_to_chat_id": chat.id}), False
            named = call.fields.get("message_id")
            if chat.moved and named is not None and int(named) not in chat.posted:
                word = "delete" if call.method.startswith("delete") else "edit"
                return refusal(400, f"Bad Request: message to {word} not found"), False
            if due and move.moment != "before":
                chat.moved, unheard = True, move.moment == "after_unheard"
        call.with_chat_id(chat.person.chat_id)
        return None, unheard

    def _learn(self, call: Call, body: bytes, rng: random.Random) -> bytes:
        if call.method not in ("getupdates", "getfile", "sendmessage", "sendphoto", "senddocument"):
            return body
        answer = json.loads(body)
        result = answer.get("result")
        with self._lock:
            if call.method == "getupdates":
                answer["result"] = self._as_handed_out(result, rng)
            elif call.method == "getfile":
                self._paths[result["file_path"]] = call.name
                return body
            else:
                self._names[result["message_id"]] = call.name
                chat = self._chats.get(call.chat_id)
                if chat is not None and chat.person.move is not None:
                    result["chat"] = chat.shape()
                    if chat.moved and int(call.fields["chat_id"]) == chat.id:
                        chat.posted.add(result["message_id"])
        return json.dumps(answer).encode()

    def _as_handed_out(
        self, updates: list[dict[str, Any]], rng: random.Random
    ) -> list[dict[str, Any]]:
        """The updates with groups' ids in them, at times some twice and in another order."""
        handed = [self._as_seen(update) for update in updates]
        old = [update for update in self._handed_out if update not in handed]
        self._handed_out = (self._handed_out + handed)[-_REMEMBERED_UPDATES:]
        if handed and rng.random() < _UPDATES_TWICE:
            self.faults["updates_twice"] += 1
            handed = [*old, *handed, handed[0]]
        if len(handed) > 1 and rng.random() < _UPDATES_SHUFFLED:
            self.faults["updates_shuffled"] += 1
            rng.shuffle(handed)
        return handed

    def _as_seen(self, update: dict[str, Any]) -> dict[str, Any]:
        message = update.get("message")
        if message is None:
            return update
        words = _NAME.search(message.get("caption") or message.get("text") or "")
        if words:
            self._names[message["message_id"]] = words[1]
            for size in message.get("photo", ()):
                self._files[size["file_id"]] = words[1]
        chat = self._chats.get(message["chat"]["id"])
        if chat is not None and chat.person.move is not None:
            message["chat"] = chat.shape()
        return update
