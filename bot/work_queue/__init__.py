"""The durable queue between Telegram and the services: nothing in it is lost by a kill -9."""

from __future__ import annotations

from bot.work_queue.protocol import (
    ADOPT_EVERY_S,
    Accepted,
    Ban,
    Claim,
    DeadLetter,
    Depth,
    Doom,
    Duplicate,
    Full,
    Inbox,
    JobQueue,
    Limits,
    People,
    QueueBroken,
    QueueUnavailable,
    Reason,
    TurnedAway,
)
from bot.work_queue.store import Store, open_store

__all__ = [
    "ADOPT_EVERY_S",
    "Accepted",
    "Ban",
    "Claim",
    "DeadLetter",
    "Depth",
    "Doom",
    "Duplicate",
    "Full",
    "Inbox",
    "JobQueue",
    "Limits",
    "People",
    "QueueBroken",
    "QueueUnavailable",
    "Reason",
    "Store",
    "TurnedAway",
    "open_store",
]
