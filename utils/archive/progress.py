"""How far it is, on stderr: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TextIO

from utils.archive.photos import Outcome

_BAR_EVERY_S, _LINE_EVERY_S = 0.1, 10.0
# The rate is that of the last half minute: an archive's folders differ.
_SAMPLE_EVERY_S, _SAMPLES = 1.0, 30
_BAR_CHARACTERS = 24


@dataclass
class Tally:
    """What came of the photos so far; `before` were in the output already, `other` no pictures."""

    analyzed: int = 0
    failed: int = 0
    other: int = 0
    before: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count it."""
        if outcome.result is None:
            self.other += 1
        elif outcome.failed:
            self.failed += 1
        else:
            self.analyzed += 1

    @property
    def settled(self) -> int:
        """All that need no more work."""
        return self.analyzed + self.failed + self.other + self.before

    @property
    def worked(self) -> int:
        """Those of this run."""
        return self.analyzed + self.failed + self.other


class Total:
    """How many there are, counted beside the work: an archive's folders take minutes to walk."""

    def __init__(self, every: Iterable[object]) -> None:
        self._every = every
        self._count = 0
        self.known: int | None = None
        threading.Thread(target=self._run, daemon=True, name="count").start()

    def _run(self) -> None:
        try:
            for _ in self._every:
                self._count += 1
        except Exception:  # noqa: BLE001  whoever works meets the same, and says so
            return
        self.known = self._count


class Progress:
    """Draws a tally; `total` says how many there are in all, once that is known."""

    def __init__(
        self,
        tally: Tally,
        total: Callable[[], int | None],
        stream: TextIO,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tally, self._total, self._stream, self._clock = tally, total, stream, clock
        self._is_terminal = stream.isatty()
        self._start = self._drawn = clock()
        self._samples: deque[tuple[float, int]] = deque([(self._start, 0)], _SAMPLES)
        self._visible = False

    def show(self) -> None:
        """Draw it where it is time to."""
        now = self._clock()
        if now - self._samples[-1][0] >= _SAMPLE_EVERY_S:
            self._samples.append((now, self._tally.worked))
        if now - self._drawn < (_BAR_EVERY_S if self._is_terminal else _LINE_EVERY_S):
            return
        self._drawn = now
        line = self.line(now)
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{line[:width]}")
            self._visible = True
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Make room for other lines of the same terminal."""
        if self._visible:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._visible = False

    def end(self) -> None:
        """The last word: of a single photo that went well there is nothing to say."""
        if self._tally.settled > 1 or self._is_terminal:
            self._stream.write(f"{self.summary()}\n")

    def line(self, now: float) -> str:
        """What is drawn."""
        tally, total = self._tally, self._total()
        then, worked = self._samples[0]
        rate = (tally.worked - worked) / (now - then) if now > then else 0.0
        parts = [f"{tally.settled:,}"]
        if total:
            share = min(1.0, tally.settled / total)
            parts[0] += f" of {total:,}"
            parts.append(f"{share:.0%}")
            if self._is_terminal:
                full = round(share * _BAR_CHARACTERS)
                parts[0] = f"[{'#' * full}{'.' * (_BAR_CHARACTERS - full)}] {parts[0]}"
        parts.append(f"{rate:.1f}/s")
        if total and rate:
            parts.append(f"{duration(max(0, total - tally.settled) / rate)} left")
        if tally.failed:
            parts.append(f"{tally.failed:,} failed")
        return "  ".join(parts)

    def summary(self) -> str:
        """What came of it all, in one sentence."""
        tally, spent_s = self._tally, self._clock() - self._start
        parts = [f"{tally.analyzed:,} analysed", f"{tally.failed:,} failed"]
        if tally.other:
            parts.append(f"{tally.other:,} no pictures")
        if tally.before:
            parts.append(f"{tally.before:,} done before")
        done = tally.analyzed + tally.failed
        return f"{', '.join(parts)}; {duration(spent_s)}, {done / max(spent_s, 1e-9):.1f} photos/s"


def duration(seconds: float) -> str:
    """In the two largest units: 4 h 29 min."""
    whole = round(seconds)
    for unit_s, unit, below_s, below in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= unit_s:
            return f"{whole // unit_s} {unit} {whole % unit_s // below_s} {below}"
    return f"{whole} s"
