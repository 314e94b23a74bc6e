"""The webcam page as an installation serves it: by nginx, and by a service alone."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from benchmarks.webcam_site import Site
from launcher.site import files, lay_out
from services.page_route import HEADERS, TYPES, cache_control
from tests.service_processes import Process, call, free_port, gunicorn, nginx
from tests.webcam_page import Visit

BROWSER = {"Accept": "text/html,*/*;q=0.8"}
_CONTROLLED = (
    "(async () => (await navigator.serviceWorker.ready) && !!navigator.serviceWorker.controller)()"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, runtime: Path) -> Path:
    """The page, laid out."""
    out = tmp_path_factory.mktemp("page") / "site"
    lay_out(out, runtime)
    return out


@contextlib.contextmanager
def served(how: str, site: Site, folder: Path, scratch: Path) -> Iterator[str]:
    """Where the page is answered: host and port."""
    if how == "nginx":
        with nginx(scratch, app_image=[site.upstream], app_url=[site.upstream], site=folder) as it:
            yield it.socket
        return
    with alone(scratch, folder) as service:
        yield service.socket


@contextlib.contextmanager
def alone(scratch: Path, folder: Path) -> Iterator[Process]:
    """Both services in one process on a port, as where nginx is not installed."""
    with gunicorn(
        "services.local:create()", scratch, port=free_port(), SEMBLANCE_SITE=str(folder)
    ) as service:
        yield service


@pytest.fixture(params=["nginx", "a service alone"])
def where(
    request: pytest.FixtureRequest, site: Site, folder: Path, tmp_path: Path
) -> Iterator[str]:
    with served(request.param, site, folder, tmp_path) as address:
        yield address


def test_every_file_comes_as_it_lies_there_with_the_same_headers(
    where: str, folder: Path, runtime: Path
) -> None:
    for address, source in [*files(runtime).items(), ("sw.js", folder / "sw.js")]:
        answer = call(where, "GET", f"/{address}", **BROWSER)
        name = address or "index.html"
        assert answer.status == 200, address
        assert hashlib.sha256(answer.body).digest() == hashlib.sha256(source.read_bytes()).digest()
        told = TYPES[Path(name).suffix]
        assert answer.headers["Content-Type"].removesuffix("; charset=utf-8") == told.split(";")[0]
        assert answer.headers["Cache-Control"] == cache_control(name), address
        assert HEADERS.items() <= answer.headers.items(), address
        assert "X-Request-ID" in answer.headers


def test_what_lies_there_compressed_is_sent_compressed(where: str, folder: Path) -> None:
    for path in folder.rglob("*.gz"):
        name = path.relative_to(folder).as_posix().removesuffix(".gz")
        asked = "/" if name == "index.html" else f"/{name}"
        answer = call(where, "GET", asked, Accept_Encoding="gzip", **BROWSER)
        assert answer.headers["Content-Encoding"] == "gzip", name
        assert gzip.decompress(answer.body) == (folder / name).read_bytes(), name
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_programs_get_the_greeting_and_strange_files_nobody(where: str) -> None:
    assert call(where, "GET", "/").json == {"message": "Ok"}
    assert call(where, "GET", "/", Accept="application/json").json == {"message": "Ok"}
    for path in ("/web/nowhere.js", "/web/app.js.gz", "/web/models", "/web/", "/web/x.php"):
        answer = call(where, "GET", path, **BROWSER)
        assert (answer.status, answer.code) == (404, "not_found"), path
    answer = call(where, "POST", "/sw.js", b"x")
    assert (answer.status, answer.code) == (405, "method_not_allowed")


def test_the_page_stands_behind_the_stage_too(where: str) -> None:
    assert b"<title>Semblance</title>" in call(where, "GET", "/Prod/", **BROWSER).body
    assert call(where, "GET", "/Prod/web/app.js").status == 200


def test_a_browser_looks_at_faces_there_and_later_without_a_network(
    browser: Browser, where: str
) -> None:
    visit = Visit(browser, f"http://{where}/", service_workers="allow")
    visit.open()
    visit.until(_CONTROLLED, "the service worker")
    visit.start("device")
    visit.until_looks(3)
    expect(visit.page.locator("#mood-word")).to_have_text("Happy")
    visit.page.locator("input[value=server]").check(force=True)
    visit.until("window.looks.at(-1).mode === 'server'", "an answer of the server")
    visit.context.set_offline(True)
    visit.open()
    visit.page.locator("input[value=device]").check(force=True)
    visit.page.click("#start")
    visit.until_looks(3)
    visit.close(expected="ERR_INTERNET_DISCONNECTED")


def test_the_access_log_knows_the_page_as_one_route(
    site: Site, folder: Path, tmp_path: Path
) -> None:
    with served("nginx", site, folder, tmp_path) as where:
        for path in ("/web/app.js", "/Prod/web/a-strange-name", "/sw.js", "/"):
            call(where, "GET", path, **BROWSER)
    lines = (tmp_path / "nginx_access.log").read_text().splitlines()
    routes = [json.loads(line)["route"] for line in lines]
    assert routes[-4:] == ["/web", "/web", "/sw.js", "/"]
    assert "strange" not in (tmp_path / "nginx_error.log").read_text()
