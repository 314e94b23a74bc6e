"""How many workers and slots a service has, and why, in one sentence for whoever starts it.

A slot works on one picture at a time and keeps a core busy. One worker feeds two or three slots as
well as two workers do with one each (measured), and its one line before them is shorter than two
would be; more would wait for Python's lock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from utils.machine import Machine
from utils.settings import Settings

# Above what was measured, as a load comes with more: gunicorn's master, a worker, and what the
# dearest format takes at its peak (WebP with transparency; JPEG takes 7), with the process that
# decodes it. See docs/adr/0014 and 0020.
_MASTER_MB, _WORKER_MB, _DECODER_MB = 30, 130, 20
_BYTES_PER_PIXEL = 24
# Of a machine without a limit the rest is left to the system and to others.
_SHARE_OF_MACHINE = 0.75
_MB = 1 << 20
_MEGAPIXEL = 1_000_000


@dataclass(frozen=True)
class Capacity:
    """`workers` of `slots` each. `too_much`: they may take more memory than there is."""

    workers: int
    slots: int
    sentence: str
    too_much: bool = False


def capacity_of(
    machine: Machine, settings: Settings, *, replicas: int = 1, services: int = 1
) -> Capacity:
    """Of each of `replicas` times `services` gunicorns on one machine.

    Memory is divided among all. Cores are divided among replicas alone: of two services one has
    nearly all the work, and which one may change at any time.
    """
    cores = max(1, math.ceil(machine.cores / replicas))
    share = 1.0 if machine.memory_by == "cgroup" else _SHARE_OF_MACHINE
    memory = _Memory(
        there_is_mb=int(machine.memory_bytes * share / (replicas * services)) // _MB,
        picture_mb=_DECODER_MB + math.ceil(settings.max_pixels * _BYTES_PER_PIXEL / _MB),
    )
    # Two at least: one large picture must not keep all small ones waiting.
    wanted = max(2, cores)
    total = next((n for n in range(wanted, 1, -1) if memory.holds(max(1, n // 2), n)), 1)
    if settings.slots is None:
        workers = settings.workers or max(1, total // 2)
        slots = max(1, total // workers)
    else:
        slots = settings.slots
        workers = settings.workers or max(1, min(total, cores) // slots)
    if settings.workers or settings.slots:
        reason = _as_set(settings)
    elif total < wanted:
        megapixels = settings.max_pixels / _MEGAPIXEL
        reason = f"because a picture of {megapixels:.3g} megapixels takes up to "
        reason += f"{memory.picture_mb} MB"
    elif cores < wanted:
        reason = "so that small pictures pass a large one"
    else:
        reason = "because a slot keeps a core busy"
    what = f"{_counted(workers, 'worker')} of {_counted(slots, 'slot')}, {reason}"
    where = f"shared by {replicas * services} services: each " if replicas * services > 1 else ""
    sentence = f"{machine}{', ' if where else ': '}{where}{what}"
    if memory.holds(workers, workers * slots):
        return Capacity(workers, slots, sentence)
    advice = memory.advice(workers, workers * slots)
    return Capacity(workers, slots, f"{sentence}. {advice}", too_much=True)


@dataclass(frozen=True)
class _Memory:
    """What one gunicorn has, and what it needs for `pictures` at the same time."""

    there_is_mb: int
    picture_mb: int

    def holds(self, workers: int, pictures: int) -> bool:
        return self._need_mb(workers, pictures) <= self.there_is_mb

    def advice(self, workers: int, pictures: int) -> str:
        left_mb = self.there_is_mb - self._need_mb(workers, 0) - pictures * _DECODER_MB
        fitting = left_mb * _MB // (pictures * _BYTES_PER_PIXEL) // _MEGAPIXEL
        need = f"That may take {self._need_mb(workers, pictures)} MB of {self.there_is_mb}"
        if fitting < 1:
            return f"{need}: it needs more memory, or fewer of them"
        return f"{need}: SEMBLANCE_MAX_PIXELS={fitting * _MEGAPIXEL} would fit"

    def _need_mb(self, workers: int, pictures: int) -> int:
        return _MASTER_MB + workers * _WORKER_MB + pictures * self.picture_mb


def _as_set(settings: Settings) -> str:
    given = {"SEMBLANCE_WORKERS": settings.workers, "SEMBLANCE_SLOTS": settings.slots}
    names = [name for name, value in given.items() if value is not None]
    return f"as {' and '.join(names)} {'say' if len(names) > 1 else 'says'}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
