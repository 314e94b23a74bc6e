"""app_url as it is, but with a played internet: `gunicorn 'tests.hostile.urls.service:create()'`.

Names are looked up in the catalogue. A connection to a public address is noted and made to the
stage instead; one to any other address is noted, and refused. So is one that some code makes past
this: the interpreter itself tells of every connection.
"""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from flask import Flask

from services.app_url.fetch import Fetcher
from services.app_url.lookup import system_resolver
from services.app_url.pace import Floor
from services.app_url.source import UrlSource
from services.start import start
from tests.fakes_services import FakeEngine
from tests.hostile.urls import catalogue, networks
from tests.hostile.urls.case import FLOOR_BYTES_PER_S, WINDOW_S

STAGE, NOTES = "HOSTILE_STAGE", "HOSTILE_NOTES"
REACHED = "reached"


def create() -> Flask:
    """The application."""
    internet = Internet(int(os.environ[STAGE]), Path(os.environ[NOTES]))
    socket.create_connection = internet.connect
    sys.addaudithook(internet.audit)
    names = Names()
    floor = Floor(FLOOR_BYTES_PER_S, WINDOW_S)

    def sources(settings: Any, _: object, fetching: Any) -> list[UrlSource]:
        fetcher = Fetcher(settings, resolve=names.look_up, floor=floor)
        return [UrlSource(fetcher, fetching=fetching)]

    return start("app_url", sources, load=lambda _: FakeEngine())


class Names:
    """The name servers."""

    def __init__(self) -> None:
        self._names, self._asked = catalogue.names(), Counter[str]()

    def look_up(self, host: str, port: int) -> list[str]:
        """As the system's resolver does; what has only digits or is localhost is left to it."""
        if host in self._names:
            answers = self._names[host]
            self._asked[host] += 1
            return answers[min(self._asked[host], len(answers)) - 1]
        if host == "localhost" or host.replace(".", "").isdecimal() or ":" in host:
            return system_resolver(host, port)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")


class Internet:
    """What connections lead to."""

    def __init__(self, stage_port: int, notes: Path) -> None:
        self._stage, self._notes = ("127.0.0.1", stage_port), notes
        self._connect = socket.create_connection

    def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        """As `socket.create_connection`."""
        if networks.is_forbidden(address[0]) or address[1] not in (80, 443):
            self._note(f"{REACHED} {address}")
            raise ConnectionRefusedError
        self._note(f"public {address}")
        return self._connect(self._stage, timeout=timeout)

    def audit(self, event: str, facts: tuple[Any, ...]) -> None:
        """As `sys.addaudithook` takes it."""
        if event != "socket.connect" or facts[0].family == socket.AF_UNIX:
            return
        if tuple(facts[1][:2]) != self._stage:
            self._note(f"{REACHED} {facts[1]}")

    def _note(self, text: str) -> None:
        with self._notes.open("a") as file:
            file.write(text + "\n")
