"""Who looks at the photos: a pipeline in a process, from a name to a result.

This is the one function that local processes and a cluster's run.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import cv2

from utils import memory
from utils.archive.lines import named
from utils.archive.marked import path_of
from utils.archive.order import Order
from utils.archive.photos import STDIN, UNKNOWN, Outcome, Photo
from utils.errors import NotAnImage, OutputError, SemblanceError, Unreadable
from utils.headers import HEAD_BYTES, form_of
from utils.pipeline import Annotated, Options, Pipeline
from utils.settings import Settings

# Of one photo's name alone; with any other failure the next photo would fail as well.
_OF_THE_NAME = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP)
_loading = Lock()


def look(photo: Photo, order: Order) -> Outcome:
    """What there is to say of a photo; the first call in a process loads the networks.

    Raises `ModelError`, and `OutputError` where annotated pictures cannot be kept.
    """
    with _loading:
        analyst = _analyst(order)
    return analyst.look(photo)


@lru_cache(maxsize=1)
def _analyst(order: Order) -> Analyst:
    return Analyst(order)


class Analyst:
    """A pipeline with what is asked for. Raises `ModelError`."""

    def __init__(self, order: Order) -> None:
        memory.keep_free_blocks()
        # A process a core: more threads would only get into each other's way.
        cv2.setNumThreads(1)
        self._settings = replace(Settings.load({}, dotenv=None), **dict(order.settings))
        self._options = Options(**dict(order.options))
        self._marked = order.marked
        self._pipeline = Pipeline.load(self._settings)

    def look(self, photo: Photo) -> Outcome:
        """What there is to say of a photo, whatever it is. Raises `OutputError`."""
        try:
            said, picture = self._analyzed(photo, self._bytes_of(photo))
        except _PassedOver:
            return Outcome(photo.name, None)
        except OutputError:
            raise
        except SemblanceError as error:
            if photo.listed and isinstance(error, NotAnImage):
                return Outcome(photo.name, None)
            return Outcome.of_error(photo.name, error)
        except Exception:  # noqa: BLE001  one photo never stops the others
            return Outcome.of_error(photo.name, UNKNOWN)
        return Outcome(photo.name, named(photo.name) | said, picture)

    def _analyzed(self, photo: Photo, data: bytes) -> tuple[dict[str, Any], bytes | None]:
        if self._marked is None:
            return self._pipeline.analyze(data, self._options).as_json(), None
        if self._marked == STDIN:
            done = self._pipeline.annotate(data, "jpeg", self._options)
            return done.analysis.as_json(), done.picture.data
        path, form = path_of(photo.place, Path(self._marked))
        done = self._pipeline.annotate(data, form, self._options)
        _keep(done, path)
        return done.analysis.as_json(), None

    def _bytes_of(self, photo: Photo) -> bytes:
        if photo.data is not None:
            return photo.data
        if photo.is_url:
            # A quarter of a process's start, for those who have URLs.
            from utils.archive.fetch import fetch

            return fetch(photo.name, self._settings)
        try:
            return _read(photo, self._settings.max_bytes)
        except OSError as error:
            # In a folder: a link that leads nowhere, or a file that has gone since it was listed.
            if photo.listed and error.errno in (errno.ENOENT, errno.ELOOP):
                raise _PassedOver from None
            raise Unreadable(sentence=f"This cannot be read: {error.strerror}.") from None
        except ValueError:  # a NUL in its name
            raise Unreadable from None


class _PassedOver(Exception):
    """What was found in a folder, and is no photo."""


def _read(photo: Photo, max_bytes: int) -> bytes:
    """All of a file. Raises `NotAnImage` where its beginning says that it is none."""
    # Before it is opened: to open a pipe may wait for ever, and a device may begin to move.
    status = os.stat(photo.name)  # noqa: PTH116
    if not stat.S_ISREG(status.st_mode):
        if photo.listed:
            raise _PassedOver
        if stat.S_ISDIR(status.st_mode):
            os.scandir(photo.name).close()  # it could not be listed: why not
        raise Unreadable(sentence="This is no file.")
    with open(photo.name, "rb") as file:  # noqa: PTH123
        head = file.read(HEAD_BYTES)
        form_of(head)
        # Where a size is told no more is asked for: Python takes memory for all that is asked for.
        size = min(status.st_size or max_bytes, max_bytes)
        return head + file.read(max(0, size + 1 - len(head)))


def _keep(done: Annotated, path: Path) -> None:
    """Write an annotated picture, all of it or nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".semblance-{os.urandom(16).hex()}.part")
        try:
            part.write_bytes(done.picture.data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in _OF_THE_NAME:
            sentence = "The annotated picture cannot have this photo's name."
            raise SemblanceError(sentence=sentence) from None
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from None
