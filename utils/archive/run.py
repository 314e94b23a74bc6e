"""The way of an archive: names, those that are still to come, outcomes, output."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from utils.archive import cluster, workers
from utils.archive.lines import Lines
from utils.archive.order import Order
from utils.archive.photos import STDIN, Outcome, Photo
from utils.archive.progress import Progress, Tally, Total
from utils.archive.record import Record
from utils.archive.sheet import Sheet
from utils.archive.sources import Sources
from utils.archive.table import Table
from utils.capacity import capacity_of
from utils.errors import OutputError
from utils.machine import Machine
from utils.settings import Settings


def run(given: argparse.Namespace, settings: Settings) -> Tally:
    """Do what the arguments of `analyze` say; how much of it came out how.

    Raises `SettingsError`, `ModelError`, `OutputError`, and `Unreadable` for a file of names.
    """
    tally = Tally()
    with ExitStack() as stack:
        records = [stack.enter_context(closing(record)) for record in _records(given)]
        sources = _sources(given, settings)
        pending: dict[str, list[Record]] = {}

        def wanted() -> Iterator[Photo | None]:
            for photo in sources.photos():
                if photo is None:
                    yield None
                    continue
                if not given.shard.has(photo):
                    continue
                lacking = [record for record in records if record.lacks(photo.name)]
                if records and not lacking:
                    tally.before += 1
                    progress.show()
                    continue
                pending[photo.name] = lacking
                yield photo

        progress = _progress(given, sources, tally)
        stack.callback(progress.clear)
        outcomes = stack.enter_context(closing(_outcomes(given, settings, wanted())))
        for outcome in outcomes:
            _keep(outcome, pending.pop(outcome.name), progress)
            tally.add(outcome)
            progress.show()
    progress.end()
    return tally


def _keep(outcome: Outcome, lacking: list[Record], progress: Progress) -> None:
    if outcome.result is not None:
        for record in lacking:
            if record.is_terminal:
                progress.clear()
            record.write(outcome.result)
    if outcome.picture is not None:
        sys.stdout.buffer.write(outcome.picture)
        sys.stdout.buffer.flush()


def _records(given: argparse.Namespace) -> Iterator[Record]:
    """Those that are named; without any, stdout: as lines, or as a table for a person."""
    if given.json is not None:
        yield Record(given.json, Lines())
    if given.csv is not None:
        yield Record(given.csv, Sheet())
    if given.json is None and given.csv is None and given.annotate != STDIN:
        yield Record(STDIN, Table() if sys.stdout.isatty() else Lines())


def _sources(given: argparse.Namespace, settings: Settings) -> Sources:
    avoid = None
    if given.annotate not in (None, STDIN):
        avoid = Path(given.annotate)
        try:
            avoid.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{avoid} cannot be made a folder: {error.strerror}.") from None
    return Sources(tuple(given.photos), given.listed_in, given.null, avoid, settings.max_bytes)


def _progress(given: argparse.Namespace, sources: Sources, tally: Tally) -> Progress:
    total = None
    if sources.countable and not given.quiet:
        total = Total(photo for photo in sources.photos() if photo and given.shard.has(photo))
    stream = open(os.devnull, "w") if given.quiet else sys.stderr  # noqa: PTH123, SIM115
    return Progress(tally, (lambda: total.known) if total else (lambda: None), stream)


def _outcomes(
    given: argparse.Namespace, settings: Settings, photos: Iterator[Photo | None]
) -> Generator[Outcome]:
    asked = {
        "max_faces": given.max_faces,
        "min_face_px": given.min_face_px,
        "gender": None if given.gender is None else given.gender == "on",
        "whole_up_to_px": given.whole_up_to_px,
        "blur": given.blur,
        "emoji": given.emoji,
    }
    options = {name: value for name, value in asked.items() if value is not None}
    order = Order.of(settings, options, given.annotate)
    if given.cluster:
        return cluster.outcomes(photos, order, given.cluster)
    return workers.outcomes(photos, order, given.workers or _cores(settings))


def _cores(settings: Settings) -> int:
    """A process a core that is ours, as far as the memory for the largest pictures reaches."""
    alone = replace(settings, slots=1, workers=None)
    return capacity_of(Machine.look(), alone).workers
