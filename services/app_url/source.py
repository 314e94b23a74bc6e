"""Bytes behind a stranger's URL."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import Protocol

from flask import Request, has_request_context, request

from services.source import Order, Timer
from services.uploads import json_object
from utils.errors import BadRequest
from utils.jobs import Job, Kind


class Fetches(Protocol):
    """`services.app_url.fetch.Fetcher`, as far as it is used here."""

    def fetch(self, url: str, *, user: str = "", holder: object = None) -> bytes:
        """The bytes behind a URL."""


class UrlSource:
    """Pictures by URL."""

    name = "app_url"
    job_route = "/classify_url"
    faces_route = "/v1/faces/url"
    kind: Kind = "url"

    def __init__(self, fetcher: Fetches, *, fetching: Timer = nullcontext) -> None:
        self._fetcher, self._fetching = fetcher, fetching

    def picture_of(self, job: Job) -> bytes:
        """What the URL of a job leads to; raises what `Fetcher.fetch` does."""
        return self._fetch(job.source, user=str(job.user_id))

    def order_of(self, request: Request) -> Order:
        """The URL of a request. Raises `BadRequest`."""
        url = json_object(request).get("url")
        if not isinstance(url, str) or not url:
            raise BadRequest("no url", sentence='Send JSON: {"url": "https://..."}.')
        return Order([partial(self._fetch, url)])

    def _fetch(self, url: str, user: str = "") -> bytes:
        # The picture waits in memory for its turn to be looked at.
        holder = None
        if has_request_context():
            holder = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
        with self._fetching():
            return self._fetcher.fetch(url, user=user, holder=holder)
