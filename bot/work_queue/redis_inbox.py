"""The inbox in a Redis or Valkey server: who answers an update is written beside it."""

from __future__ import annotations

import threading
import uuid

from bot.work_queue.protocol import ADOPT_EVERY_S
from bot.work_queue.server import QueueServer


class RedisInbox:
    """See `Inbox`. Answered updates share the set of finished ids with the jobs."""

    def __init__(self, server: QueueServer) -> None:
        self._run = server.script("inbox")
        self._bot = uuid.uuid4().hex
        # What this process knows that it is to answer.
        self._ours: set[int] = set()
        self._adopting = threading.Lock()

    def keep(self, update_id: int, body: bytes) -> bool:
        """Store an update; False where it was kept before, answered or not."""
        ours_already = update_id in self._ours
        self._ours.add(update_id)
        kept = False
        try:
            kept = self._run("keep", update_id, body, self._bot) is not None
        finally:
            # A server that did not answer may have kept it all the same: then `adopt` brings it.
            if not kept and not ours_already:
                self._ours.discard(update_id)
        return kept

    def knows(self, update_id: int) -> bool:
        """Whether the update was ever kept."""
        return self._run("knows", update_id) is not None

    def done(self, update_id: int) -> None:
        """The update is answered: forget all of it but its id."""
        self._run("done", update_id)
        # Not while `adopt` holds a list that may still name it.
        with self._adopting:
            self._ours.discard(update_id)

    def waiting(self) -> list[bytes]:
        """The updates not answered yet, in order."""
        found = _by_id(self._run("waiting"))
        return [found[update_id] for update_id in sorted(found)]

    def adopt(self) -> list[bytes]:
        """The unanswered updates that no living bot is to answer, in order: now this one is.

        Those among them that are this bot's and it does not know of: their `keep` was not answered.
        """
        with self._adopting:
            found = _by_id(self._run("adopt", self._bot, 3 * ADOPT_EVERY_S))
            left = [update_id for update_id in sorted(found) if update_id not in self._ours]
            self._ours.update(left)
        return [found[update_id] for update_id in left]

    def leave(self) -> None:
        """Say that this bot ends: another may adopt what it leaves unanswered."""
        self._run("leave", self._bot)


def _by_id(pairs: list[bytes]) -> dict[int, bytes]:
    return dict(zip(map(int, pairs[::2]), pairs[1::2], strict=True))
