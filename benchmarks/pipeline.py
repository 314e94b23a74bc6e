"""What one photo of 1280x960 with one face costs on this machine, stage by stage, in one process.

`floor_ms` is the same picture merely decoded and encoded again by OpenCV: nobody can be faster.
All figures are medians in milliseconds. With --json the last line is one object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from benchmarks.photos import photo
from utils import images
from utils.pipeline import Pipeline
from utils.settings import Settings
from utils.visualizer import annotate


def measure(rounds: int) -> dict[str, float]:
    """Medians over `rounds` runs after one warm-up."""
    pipeline = Pipeline.load(Settings.load({}, dotenv=None))
    data = photo()
    analysis = pipeline.analyze(data)
    limits = Settings.load({}, dotenv=None)
    image = images.decode(data, max_bytes=limits.max_bytes, max_pixels=limits.max_pixels)
    drawn = annotate(image, analysis.faces)
    stages = [pipeline.analyze(data).ms for _ in range(rounds)]
    figures = {
        f"{stage}_ms": statistics.median(ms[stage] for ms in stages)
        for stage in ("decode", "detect", "classify")
    }
    figures["annotate_ms"] = _median_ms(lambda: annotate(image, analysis.faces), rounds)
    figures["encode_ms"] = _median_ms(lambda: images.encode_for_chat(drawn), rounds)
    figures["total_ms"] = _median_ms(lambda: pipeline.annotate(data, "chat"), rounds)
    figures["floor_ms"] = _median_ms(lambda: _floor(data), rounds)
    return {name: round(value, 2) for name, value in figures.items()}


def _floor(data: bytes) -> None:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None  # noqa: S101  it was encoded a moment ago
    cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])


def _median_ms(act: Callable[[], Any], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args(argv)
    figures = measure(arguments.rounds)
    for name, value in figures.items():
        print(f"{name:14} {value:8.2f}")
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
