"""What the operators of the bot order in a chat: `/ban`, `/unban`, `/bans`, `/stats`."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from telegram import Message

from bot import texts
from bot.metrics import Metrics
from bot.receiver.authors import user_id_of
from bot.work_queue import JobQueue, People
from utils.jobs import Job

ORDERS = frozenset({"ban", "unban", "bans", "stats"})

_ID = re.compile(r"-?[0-9]{1,16}", re.ASCII)
_DAYS = re.compile(r"[0-9]{1,4}", re.ASCII)
_DAY_S = 86_400.0
_SHOWN = 50


@dataclass(frozen=True)
class Order:
    """An order; with `user_id` None its words made no sense. `days` None: for ever."""

    name: str
    user_id: int | None = None
    days: int | None = None


def read_order(name: str, message: Message) -> Order:
    """`/ban ID [days]`, or `/ban [days]` as a reply to the person; `/unban` alike."""
    words = (message.text or "").split()[1:]
    replied = message.reply_to_message
    if replied is not None:
        words.insert(0, str(user_id_of(replied)))
    most = {"ban": 2, "unban": 1}.get(name, 0)
    if not 1 <= len(words) <= most or not _ID.fullmatch(words[0]):
        return Order(name)
    if len(words) == 1:
        return Order(name, int(words[0]))
    if not _DAYS.fullmatch(words[1]) or int(words[1]) == 0:
        return Order(name)
    return Order(name, int(words[0]), int(words[1]))


class Orders:
    """Carries orders out. May raise `QueueUnavailable`."""

    def __init__(
        self,
        people: People,
        queue: JobQueue,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._people, self._queue, self._metrics, self._clock = people, queue, metrics, clock

    def do(self, order: Order, *, unbannable: frozenset[int]) -> tuple[str, list[Job]]:
        """What to answer, and the jobs that were cancelled."""
        if order.name == "bans":
            return self._bans(), []
        if order.name == "stats":
            return self._stats(), []
        if order.user_id is None:
            return texts.ORDERS, []
        if order.name == "unban":
            lifted = self._people.unban(order.user_id)
            return f"{order.user_id} {'may write again' if lifted else 'was not banned'}.", []
        if order.user_id in unbannable:
            return "Neither the bot nor its admins can be banned.", []
        until = math.inf if order.days is None else self._clock() + order.days * _DAY_S
        cancelled = self._people.ban(order.user_id, until)
        waited = f" Waiting pictures cancelled: {len(cancelled)}." if cancelled else ""
        return f"{order.user_id} is banned {_until(until)}.{waited}", cancelled

    def _bans(self) -> str:
        bans = self._people.bans()
        lines = [f"{ban.user_id} {_until(ban.until)}" for ban in bans[:_SHOWN]]
        if len(bans) > _SHOWN:
            lines.append(f"and {len(bans) - _SHOWN} more")
        return "\n".join(lines) or "Nobody is banned."

    def _stats(self) -> str:
        depth, oldest = self._queue.depth(), self._queue.oldest()
        age_s = 0 if oldest is None else max(0, round(self._clock() - oldest))
        lines = [
            f"waiting {depth.waiting}, in flight {depth.in_flight}, dead letters {depth.dead}",
            f"oldest job {age_s} s",
            f"banned {len(self._people.bans())}",
        ]
        refused = [f"{reason} {count}" for reason, count in self._metrics.refusals().items()]
        lines.append("refused since the start: " + (", ".join(refused) or "none"))
        lines += [
            f"{user_id}: {share:.0%} of a minute's photos"
            for user_id, share in self._people.busiest(5)
        ]
        return "\n".join(lines)


def _until(moment: float) -> str:
    if math.isinf(moment):
        return "for ever"
    return f"until {datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
