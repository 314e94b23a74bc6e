"""Whether a process is flat: the last third of the time against the second."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median

from tests.soak.samples import Sample

MAY_GROW = 0.05
# Connections come and go: a median may lie one or two higher without anything being left open.
MAY_OPEN = 2
# What a playground still collects until its bounds are reached (see the package).
ALLOWANCE_MB = {"playground": 16.0}


@dataclass(frozen=True)
class Verdict:
    """One process: its figures in the second and in the last third."""

    name: str
    pss_mb: tuple[float, float]
    rss_mb: tuple[float, float]
    descriptors: tuple[float, float]
    lives: int

    @property
    def grown_mb(self) -> float:
        """By how much its memory grew; below 0 it shrank.

        What leaks is in both figures. PSS alone also grows where another program ends that shared
        libraries with this one, RSS alone where it touches pages that others have as well.
        """
        return min(after - before for before, after in (self.pss_mb, self.rss_mb))

    @property
    def growth(self) -> float:
        """The same as a share of its memory."""
        return self.grown_mb / self.pss_mb[0]

    @property
    def flat(self) -> bool:
        """One life, no more memory than a little, no more descriptors."""
        allowed_mb = self.pss_mb[0] * MAY_GROW + ALLOWANCE_MB.get(self.name, 0.0)
        return (
            self.lives == 1
            and self.grown_mb <= allowed_mb
            and self.descriptors[1] - self.descriptors[0] <= MAY_OPEN
        )


def judge(samples: Sequence[Sample]) -> list[Verdict]:
    """A verdict for each process, by name. Raises `ValueError` where a third has no samples."""
    begin, end = min(s.at_s for s in samples), max(s.at_s for s in samples)
    second, last = begin + (end - begin) / 3, begin + (end - begin) * 2 / 3
    by_name: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_name[sample.name].append(sample)
    return [
        _verdict(
            name,
            [s for s in each if second <= s.at_s < last],
            [s for s in each if s.at_s >= last],
            lives=len({s.pid for s in each}),
        )
        for name, each in sorted(by_name.items())
    ]


def _verdict(name: str, before: list[Sample], after: list[Sample], *, lives: int) -> Verdict:
    if not before or not after:
        raise ValueError(f"{name} was not there in both of the last two thirds")
    return Verdict(
        name=name,
        pss_mb=(mean(s.pss_mb for s in before), mean(s.pss_mb for s in after)),
        rss_mb=(mean(s.rss_mb for s in before), mean(s.rss_mb for s in after)),
        descriptors=(
            median(s.descriptors for s in before),
            median(s.descriptors for s in after),
        ),
        lives=lives,
    )


def table(verdicts: Sequence[Verdict]) -> str:
    """For people: one line a process."""
    head = f"{'process':<20} {'PSS MB':>17} {'growth':>7} {'RSS MB':>17} {'descriptors':>13}"
    lines = [
        f"{v.name:<20} {_pair(v.pss_mb, 1):>17} {v.growth:>+7.1%} {_pair(v.rss_mb, 1):>17}"
        f" {_pair(v.descriptors, 0):>13} {'' if v.flat else ' GROWS'}"
        f"{'' if v.lives == 1 else f' ({v.lives} lives)'}"
        for v in verdicts
    ]
    return "\n".join([head, *lines])


def _pair(values: tuple[float, float], digits: int) -> str:
    return " -> ".join(f"{value:.{digits}f}" for value in values)
