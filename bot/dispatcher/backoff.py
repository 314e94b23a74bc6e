"""How long to wait before the next try."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

_SHORTEST_S, _LONGEST_S = 0.2, 10.0
_LONGEST_ASKED_S = 60.0


def backoff_s(attempt: int, *, uniform: Callable[[float, float], float] = random.uniform) -> float:
    """A random wait below a bound that doubles from 0.2 to 10 s ("full jitter").

    The randomness keeps jobs that failed together from coming back together.
    """
    return uniform(0.0, min(_LONGEST_S, _SHORTEST_S * 2.0 ** min(attempt, 10)))


def retry_after_s(header: str | None, *, now: float | None = None) -> float | None:
    """The wait that a Retry-After header asks for, at most a minute; None where it asks nothing."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        asked_s = float(text[:9])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        asked_s = moment.timestamp() - (time.time() if now is None else now)
    return min(_LONGEST_ASKED_S, max(0.0, asked_s))
