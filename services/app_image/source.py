"""Bytes that are already ours: a file that Telegram keeps for us, or an upload."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Protocol

from flask import Request

from services import uploads
from services.gate import Gate
from services.source import Order, Timer
from utils.errors import SettingsError
from utils.jobs import Job, Kind

# Each download may hold a picture of the largest size.
_AT_ONCE = 32


class Files(Protocol):
    """The call of `utils.telegram.TelegramApi` that this source makes."""

    def get_file(self, file_id: str, *, max_bytes: int) -> bytes:
        """The bytes of a file."""


class FileSource:
    """Pictures by file_id, or uploaded; `files` is None in a service without a token."""

    name = "app_image"
    job_route = "/classify"
    faces_route = "/v1/faces"
    kind: Kind = "file_id"

    def __init__(
        self, files: Files | None, *, max_bytes: int, fetching: Timer = nullcontext
    ) -> None:
        self._files, self._max_bytes, self._fetching = files, max_bytes, fetching
        self._gate = Gate(_AT_ONCE, name="downloading", retry_after_s=2.0)

    def picture_of(self, job: Job) -> bytes:
        """The file of a job. Raises `FileGone`, `ImageTooLarge`, `TelegramUnavailable`, `Busy`."""
        if self._files is None:
            raise SettingsError("TELEGRAM_TOKEN is not set, so no file can be fetched.")
        with self._gate.place(), self._fetching():
            return self._files.get_file(job.source, max_bytes=self._max_bytes)

    def order_of(self, request: Request) -> Order:
        """The uploads of a request. Raises `BadRequest`."""
        return uploads.order_of(request)
