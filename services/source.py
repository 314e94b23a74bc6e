"""Where pictures come from: the only thing in which the services differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from flask import Request

from utils.jobs import Job, Kind

Load = Callable[[], bytes]
# Opened around each fetch over a network, to time it.
Timer = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Order:
    """The pictures of one request, each loaded when its turn comes, so that one fails alone.

    `several` tells the shape of the answer: a list may hold one picture.
    """

    pictures: Sequence[Load]
    several: bool = False


class Source(Protocol):
    """One service: its routes, the kind of job it takes, and how it gets at the bytes."""

    name: str
    job_route: str
    faces_route: str
    kind: Kind

    def picture_of(self, job: Job) -> bytes:
        """The encoded picture of a job."""

    def order_of(self, request: Request) -> Order:
        """The pictures that a request to the public route is about."""
