"""Waiting lines: what theory says of c servers with random arrivals and random service times.

A. K. Erlang (1917); as in every book about queues, for example Kleinrock, Queueing Systems I, 3.5.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence


def erlang_c(servers: int, offered: float) -> float:
    """The probability that an arrival has to wait (M/M/c).

    `offered` is arrivals per second times mean service seconds, below `servers`; else all wait.
    """
    if offered >= servers:
        return 1.0
    blocked = 1.0
    # Erlang B by its recursion, which stays exact where factorials would overflow.
    for i in range(1, servers + 1):
        blocked = offered * blocked / (i + offered * blocked)
    return blocked / (1 - offered / servers * (1 - blocked))


def mean_wait_s(servers: int, arrivals_per_s: float, service_s: float) -> float:
    """The mean seconds before service begins (M/M/c); infinite where the servers are too few."""
    offered = arrivals_per_s * service_s
    if offered >= servers:
        return float("inf")
    return erlang_c(servers, offered) * service_s / (servers - offered)


def waits_s(servers: int, arrivals_s: Sequence[float], services_s: Sequence[float]) -> list[float]:
    """How long each of these very arrivals would wait before perfect servers, first come first.

    What a run of a few seconds differs from the formula by chance, it differs here as well.
    """
    free_at = [float("-inf")] * servers
    waits = []
    for arrival, service in zip(arrivals_s, services_s, strict=True):
        begin = max(arrival, heapq.heappop(free_at))
        waits.append(begin - arrival)
        heapq.heappush(free_at, begin + service)
    return waits
