"""A thousand updates a second of people who met their limits: the bot neither grows nor stalls."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import psutil
import requests

from bot import texts
from tests.fakes import Reply, Request, serving
from tests.integration.test_bot import World, eventually
from tests.local_run import free_port
from tests.metric_values import values_of

GREEDY, BANNED, TALKER, HEAVY, ADMIN, GOOD = 11, 12, 13, 14, 15, 16
WARM_UP, FLOOD = 4_000, 20_000
# Of a process of some sixty; what one update leaves behind would be twenty of them.
MAY_GROW_BY = 8_000_000
PHOTO = {"file_unique_id": "u", "width": 90, "height": 60, "file_size": 900}
HUGE = {"file_unique_id": "u", "mime_type": "image/png", "file_size": 20_000_000}


class Telegram:
    """Answers getUpdates with a hundred at a time from `flood`, after what is in `first`."""

    def __init__(self) -> None:
        self.ids = itertools.count(1)
        self.first: list[dict[str, Any]] = []
        self.flood: Iterator[dict[str, Any]] = iter(())
        self.sent = 0
        self.said: list[tuple[int, str, float]] = []
        self._pending: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Reply:
        method = request.path.rsplit("/", 1)[1]
        fields = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        return Reply(body=json.dumps({"ok": True, "result": self._result(method, fields)}).encode())

    def _result(self, method: str, fields: dict[str, str]) -> Any:
        if method == "getMe":
            return {"id": 1, "is_bot": True, "first_name": "S", "username": "s_bot"}
        if method == "getUpdates":
            return self._updates(int(fields.get("offset", 0)))
        if method == "sendMessage":
            chat_id = int(fields["chat_id"])
            self.said.append((chat_id, fields["text"], time.monotonic()))
            chat = {"id": chat_id, "type": "private"}
            return {"message_id": next(self.ids), "date": 1, "chat": chat}
        return True

    def _updates(self, offset: int) -> list[dict[str, Any]]:
        with self._lock:
            self._pending = [each for each in self._pending if each["update_id"] >= offset]
            while self.first:
                self._pending.append(self.first.pop(0))
            if len(self._pending) < 100:
                more = list(itertools.islice(self.flood, 100 - len(self._pending)))
                self.sent += len(more)
                self._pending += more
            pending = self._pending[:100]
        if not pending:
            time.sleep(0.05)
        return pending

    def message(self, user_id: int, **fields: Any) -> dict[str, Any]:
        number = next(self.ids)
        person = {"id": user_id, "is_bot": False, "first_name": "P"}
        chat = {"id": user_id, "type": "private"}
        shape = {"message_id": number, "date": 1, "chat": chat, "from": person} | fields
        return {"update_id": number, "message": shape}

    def command(self, user_id: int, text: str) -> dict[str, Any]:
        length = len(text.split(maxsplit=1)[0])
        entity = {"type": "bot_command", "offset": 0, "length": length}
        return self.message(user_id, text=text, entities=[entity])

    def some(self, count: int) -> Iterator[dict[str, Any]]:
        for i in range(count):
            photo = {"file_id": f"A{i}"} | PHOTO
            yield (
                self.message(GREEDY, photo=[photo]),
                self.message(BANNED, photo=[photo]),
                self.message(TALKER, text="hello " * 100),
                self.message(HEAVY, document={"file_id": f"B{i}"} | HUGE),
            )[i % 4]

    def heard(self, chat_id: int) -> list[str]:
        return [text for chat, text, _ in self.said if chat == chat_id]


def test_a_flood_is_counted_told_once_and_forgotten(tmp_path: Path) -> None:
    telegram = Telegram()
    metrics = f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        world = World(tmp_path)
        stack.callback(world.close)
        proxy = stack.enter_context(serving(lambda _: Reply()))
        world.environment |= {
            "TELEGRAM_API_URL": stack.enter_context(serving(telegram)).url,
            "SEMBLANCE_PROXY_URL": proxy.url,
            "SEMBLANCE_ADMINS": str(ADMIN),
            "SEMBLANCE_METRICS_BIND": metrics,
            "SEMBLANCE_USER_BYTES_PER_HOUR": "100000000",
        }
        bot = psutil.Process(world.start("bot").pid)
        telegram.first.append(telegram.command(ADMIN, f"/ban {BANNED}"))
        eventually(lambda: telegram.heard(ADMIN), "the ban")

        def pour(count: int) -> float:
            telegram.sent, started = 0, time.monotonic()
            telegram.flood = telegram.some(count)
            eventually(lambda: telegram.sent == count and not telegram._pending, "the flood")
            return time.monotonic() - started

        pour(WARM_UP)
        before = bot.memory_info().rss
        took_s: list[float] = []
        flooding = threading.Thread(target=lambda: took_s.append(pour(FLOOD)))
        flooding.start()
        eventually(lambda: telegram.sent > FLOOD / 4, "the middle of it")
        asked_at = time.monotonic()
        telegram.first.append(telegram.command(GOOD, "/help"))
        eventually(lambda: telegram.heard(GOOD), "an answer meanwhile")
        waited_s = time.monotonic() - asked_at
        flooding.join()
        grown_by = bot.memory_info().rss - before

        refused = values_of(requests.get(f"http://{metrics}/metrics", timeout=10).content)
        counted = {
            name.split('"')[1]: value
            for name, value in refused.items()
            if value and name.startswith("semblance_updates_refused_total")
        }
        told = Counter((chat, text) for chat, text, _ in telegram.said)
        lines = [line for line in world.log().splitlines() if " refused " in line]

    each = (WARM_UP + FLOOD) // 4
    rate = FLOOD / took_s[0]
    print(
        f"{rate:.0f} updates/s, grown by {grown_by / 1e6:.1f} MB, answered after {waited_s:.2f} s"
    )
    assert telegram.heard(GOOD) == [texts.HELP]
    assert waited_s < 10
    assert grown_by < MAY_GROW_BY
    assert counted["banned"] == each
    assert set(counted) == {"rate_user", "bytes", "banned", "rate_words"}
    # Most of a flood meets its limit, for all that flows back meanwhile.
    assert all(count > each * 0.95 for count in counted.values())
    minutes = 3
    assert telegram.heard(BANNED) == [texts.BANNED]
    assert sum(count for (chat, _), count in told.items() if chat == HEAVY) <= 20 + minutes
    assert sum("You can send more" in text for text in telegram.heard(GREEDY)) <= minutes
    assert len(telegram.heard(TALKER)) <= 20 * (1 + minutes)
    assert 4 <= len(lines) <= 4 * minutes
    for reason in counted:
        assert any(f"reason={reason}" in line for line in lines)
