"""What the services ask of `utils.pipeline.Pipeline`; the tests bring an engine of their own."""

from __future__ import annotations

from typing import Protocol

from utils.faces import Analysis
from utils.pipeline import ALL, Annotated, Options, Target


class Engine(Protocol):
    """Thread-safe; every call but `check` holds a processor core and never yields to gevent.

    `model` is name and version of what answers.
    """

    model: tuple[str, str]

    def warm_up(self) -> None:
        """One inference of each network, so that the first photo does not pay for it."""

    def check(self, data: bytes) -> None:
        """Raise what `analyze` would for the size or the header of a picture, at no cost."""

    def analyze(self, data: bytes, options: Options = ALL) -> Analysis:
        """Faces of an encoded picture."""

    def annotate(self, data: bytes, target: Target, options: Options = ALL) -> Annotated:
        """Faces of an encoded picture, and the picture with them drawn in."""
