"""What is known about a package fails the check; no network does not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.local_run import free_port
from tests.supply import audit

_ID, _WHEN = "PYSEC-2099-1", "2026-01-01T00:00:00Z"
_AFFECTED = {
    "package": {"ecosystem": "PyPI", "name": "flask"},
    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}],
}


@contextmanager
def database(vulnerable: str | None, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A server that speaks as osv.dev does, and the packages that it is asked about."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            names = [query["package"]["name"] for query in json.loads(body)["queries"]]
            asked.extend(names)
            known = {"vulns": [{"id": _ID, "modified": _WHEN}]}
            self.answer({"results": [known if each == vulnerable else {} for each in names]})

        def do_GET(self) -> None:
            self.answer({"id": _ID, "summary": "bad", "modified": _WHEN, "affected": [_AFFECTED]})

        def answer(self, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_known_vulnerability_fails_the_check_and_is_named() -> None:
    with database("flask") as (url, asked):
        found, said = audit.audit(url)
    assert {"flask", "gunicorn", "pillow", "tensorflow", "pytest"} <= set(asked)
    for required in (False, True):
        code, text = audit.verdict(found, said, required=required)
        assert code == 1
        assert _ID in text
        assert "flask" in text


def test_none_known_passes() -> None:
    with database(None) as (url, _):
        found, said = audit.audit(url)
    code, text = audit.verdict(found, said, required=True)
    assert code == 0
    assert text.startswith("vulnerabilities: none known")


def test_one_that_does_not_concern_us_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "IGNORED", {_ID: "made up for this test"})
    with database("flask") as (url, _):
        assert audit.audit(url)[0] == 0


def test_without_a_network_it_says_so_and_passes_unless_it_must_know() -> None:
    found, said = audit.audit(f"http://127.0.0.1:{free_port()}/")
    code, text = audit.verdict(found, said, required=False)
    assert code == 0
    assert text.startswith("vulnerabilities: not asked for")
    assert audit.verdict(found, said, required=True)[0] == 1


def test_a_database_in_trouble_is_no_reason_to_fail() -> None:
    with database(None, status=503) as (url, _):
        assert audit.audit(url)[0] is None


def test_every_exception_has_its_reason() -> None:
    assert all(len(reason.split()) >= 3 for reason in audit.IGNORED.values())
