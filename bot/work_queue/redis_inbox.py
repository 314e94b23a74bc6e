"""The inbox in a Redis or Valkey server: who answers an update is written beside it."""

from __future__ import annotations

import uuid

from bot.work_queue.protocol import ADOPT_EVERY_S
from bot.work_queue.server import QueueServer


class RedisInbox:
    """See `Inbox`. Answered updates share the set of finished ids with the jobs."""

    def __init__(self, server: QueueServer) -> None:
        self._run = server.script("inbox")
        self._bot = uuid.uuid4().hex

    def keep(self, update_id: int, body: bytes) -> bool:
        """Store an update; False where it was kept before, answered or not."""
        return self._run("keep", update_id, body, self._bot) is not None

    def knows(self, update_id: int) -> bool:
        """Whether the update was ever kept."""
        return self._run("knows", update_id) is not None

    def done(self, update_id: int) -> None:
        """The update is answered: forget all of it but its id."""
        self._run("done", update_id)

    def waiting(self) -> list[bytes]:
        """The updates not answered yet, in order."""
        return _in_order(self._run("waiting"))

    def adopt(self) -> list[bytes]:
        """The unanswered updates that no living bot is to answer, in order: now this one is."""
        return _in_order(self._run("adopt", self._bot, 3 * ADOPT_EVERY_S))

    def leave(self) -> None:
        """Say that this bot ends: another may adopt what it leaves unanswered."""
        self._run("leave", self._bot)


def _in_order(pairs: list[bytes]) -> list[bytes]:
    bodies = dict(zip(map(int, pairs[::2]), pairs[1::2], strict=True))
    return [bodies[update_id] for update_id in sorted(bodies)]
