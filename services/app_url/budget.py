"""The memory that all fetches of a process may hold together."""

from __future__ import annotations

import threading

from utils.errors import Busy


class Budget:
    """So many bytes for whoever comes; what is beyond them is turned away, never waited for.

    Waiting would not do: those who wait hold what the others wait for.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self.held_bytes = 0

    def room(self) -> Room:
        """Room for one picture, empty for now."""
        return Room(self)

    def take(self, n_bytes: int) -> None:
        """Count bytes as held. Raises `Busy`."""
        with self._lock:
            if self.held_bytes + n_bytes > self._max_bytes:
                raise Busy(
                    f"pictures of {self.held_bytes} bytes are held already",
                    reason="memory",
                    retry_after_s=2.0,
                )
            self.held_bytes += n_bytes

    def give_back(self, n_bytes: int) -> None:
        """Count bytes as free again."""
        with self._lock:
            self.held_bytes -= n_bytes


class Room:
    """What one fetch holds of a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._bytes = 0

    def grow(self, n_bytes: int) -> None:
        """Take more. Raises `Busy`."""
        self._budget.take(n_bytes)
        self._bytes += n_bytes

    def close(self) -> None:
        """Give all of it back; a second time does nothing."""
        n_bytes, self._bytes = self._bytes, 0
        self._budget.give_back(n_bytes)
