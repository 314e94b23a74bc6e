from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from services.app_image.source import FileSource
from services.page_route import HEADERS, cache_control
from tests.fakes_services import app_of

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """An app with a small site."""
    (tmp_path / "outside.js").write_text("secret")
    site = tmp_path / "site"
    (site / "web" / "models" / "0123456789ab").mkdir(parents=True)
    (site / "index.html").write_text("<title>page</title>")
    (site / "sw.js").write_text("worker")
    (site / "web" / "app.js").write_text("plain")
    (site / "web" / "app.js.gz").write_bytes(gzip.compress(b"plain"))
    (site / "web" / "models" / "0123456789ab" / "emotion.onnx").write_bytes(b"network")
    app = app_of(FileSource(None, max_bytes=1), SEMBLANCE_SITE=str(site))
    client = app.test_client()
    # What is read to its end closes its file.
    client.get = partial(client.get, buffered=True)
    return client


def test_a_browser_gets_the_page_and_a_program_the_greeting(client: FlaskClient) -> None:
    page = client.get("/", headers=BROWSER)
    assert page.data == b"<title>page</title>"
    assert page.content_type == "text/html; charset=utf-8"
    assert "Accept" in page.headers["Vary"]
    assert client.get("/").json == {"message": "Ok"}
    assert client.get("/Prod/", headers=BROWSER).data == page.data
    assert client.post("/", headers=BROWSER).status_code == 400


@pytest.mark.parametrize(
    ("path", "kind", "kept"),
    [
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/web/app.js", "text/javascript; charset=utf-8", "no-cache"),
        (
            "/web/models/0123456789ab/emotion.onnx",
            "application/octet-stream",
            "public, max-age=31536000, immutable",
        ),
    ],
)
def test_files_carry_type_age_and_the_headers_of_a_strict_page(
    client: FlaskClient, path: str, kind: str, kept: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.content_type == kind
    assert answer.headers["Cache-Control"] == kept
    assert HEADERS.items() <= dict(answer.headers).items()


def test_who_reads_gzip_gets_the_compressed_file(client: FlaskClient) -> None:
    answer = client.get("/web/app.js", headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == b"plain"
    assert client.get("/web/app.js").data == b"plain"


def test_a_file_is_sent_once_while_it_stays_the_same(client: FlaskClient) -> None:
    first = client.get("/web/app.js")
    again = client.get("/web/app.js", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/web/",
        "/web/nowhere.js",
        "/web/app.js.gz",
        "/web/../../outside.js",
        "/web/..%2f..%2foutside.js",
        "/web//etc/passwd",
        "/web/models",
    ],
)
def test_nothing_else_is_given_away(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["error"]["code"] == "not_found"


def test_without_a_folder_there_is_no_page() -> None:
    client = app_of(FileSource(None, max_bytes=1)).test_client()
    assert client.get("/", headers=BROWSER).json == {"message": "Ok"}
    assert client.get("/web/app.js").status_code == 404


def test_what_carries_its_version_in_its_path_is_kept_for_ever() -> None:
    lasting = "public, max-age=31536000, immutable"
    assert cache_control("web/runtime/1.30.0/ort.wasm.min.mjs") == lasting
    assert cache_control("web/models/manifest.json") == "no-cache"
    assert cache_control("index.html") == "no-cache"
