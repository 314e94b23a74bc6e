"""The plots of the results, as small SVG files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BLUE, ORANGE, GRAY = "#2a6f97", "#e07a1f", "#8a8f94"


@contextmanager
def axes(path: Path, *, title: str, xlabel: str, ylabel: str) -> Iterator[Any]:
    """Axes to draw on; stored at the end of the block. Raises `ImportError` without matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    # The same figures always give the same file, and text stays text.
    with mpl.rc_context({"svg.hashsalt": path.stem, "svg.fonttype": "none"}):
        figure, drawn = plt.subplots(figsize=(7.0, 4.0), layout="constrained")
        yield drawn
        drawn.set(title=title, xlabel=xlabel, ylabel=ylabel)
        drawn.grid(alpha=0.3)
        drawn.legend()
        figure.savefig(path, metadata={"Date": None, "Creator": None})
        plt.close(figure)
