"""Decode mutated pictures until the time is up, and note what is no answer."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.fuzz.mutation import mutated
from utils import images
from utils.errors import RequestRefused

CORPUS = Path(__file__).parent / "corpus"
MAX_PIXELS, MAX_BYTES = 4_000_000, 1_000_000
# Of a picture that takes milliseconds, on a machine that has others to serve.
_SLOW_S = 5.0
# A refusal, but one that only a fault in a decoder brings about.
_FAULTS = ("decoder_died", "decoder_slow")

Decode = Callable[[bytes], np.ndarray]


@dataclass(frozen=True)
class Finding:
    """What happened, and to which bytes."""

    what: str
    data: bytes


@dataclass
class Report:
    """How many pictures there were, how they ended, and what was found."""

    tried: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


def corpus() -> list[bytes]:
    """The pictures to begin with, always in the same order."""
    return [path.read_bytes() for path in sorted(CORPUS.iterdir())]


def decode(data: bytes) -> np.ndarray:
    """As a service does, but for smaller limits."""
    return images.decode(data, max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS)


def hunt(
    seed: int,
    *,
    seconds: float = 1e9,
    most: int = 10**9,
    decode: Decode = decode,
    watch: Callable[[bytes], None] = lambda _: None,
) -> Report:
    """Try pictures until the time is up, or `most` of them; the same seed tries the same ones.

    watch: called with each before it is decoded.
    """
    rng, report, pictures = random.Random(seed), Report(), corpus()
    until = time.monotonic() + seconds
    while report.tried < most and time.monotonic() < until:
        data = mutated(rng, pictures)
        watch(data)
        end = judged(data, decode)
        kind = end.split(":")[0]
        if kind == "fault":
            report.findings.append(Finding(end, data))
        elif kind not in report.ends:
            # Whatever ends in a way of its own is worth more mutations.
            pictures.append(data)
        report.tried += 1
        report.ends[kind] += 1
    return report


def judged(data: bytes, decode: Decode = decode) -> str:
    """How a picture ended: `answered`, the reason of its refusal, or `fault: ...`."""
    begun = time.monotonic()
    try:
        image_rgb = decode(data)
    except RequestRefused as refused:
        end = refused.reason
        if end in _FAULTS:
            return f"fault: {end}"
    except Exception as error:  # noqa: BLE001 - that is what it looks for
        return f"fault: {type(error).__name__}"
    else:
        height, width, channels = image_rgb.shape
        if channels != 3 or image_rgb.dtype != np.uint8 or not 0 < width * height <= MAX_PIXELS:
            return f"fault: {image_rgb.shape} of {image_rgb.dtype}"
        end = "answered"
    took_s = time.monotonic() - begun
    return f"fault: {end} after {took_s:.1f} s" if took_s > _SLOW_S else end
