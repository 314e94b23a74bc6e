"""A fetcher for the tests, and strangers that are slow."""

import time

from services.app_url.fetch import Fetcher
from tests.fakes_services import header_of, settings, stranger


def fetcher(*, resolve=None, tls=None, floor=None, **environ):
    environ = {"SEMBLANCE_URL_ALLOW": "127.0.0.1:*,pictures.test:*"} | environ
    parts = {} if resolve is None else {"resolve": resolve}
    return Fetcher(settings(**environ), tls=tls, floor=floor, **parts)


def fetch(*scripts, path="/a.jpg", repeat=False, **environ):
    with stranger(*scripts, repeat=repeat) as port:
        return fetcher(**environ).fetch(f"http://127.0.0.1:{port}{path}")


def drip(first, pieces):
    def script(line):
        header_of(line)
        line.sendall(first)
        for piece in pieces:
            time.sleep(0.02)
            line.sendall(piece)

    return script
