import pytest

from services.app_image.source import FileSource
from tests.fakes_services import app_of

KEY = "a-key-of-the-tests"
TYPES = {
    "/v1/openapi.json": "application/json",
    "/docs": "text/html",
    "/docs/page.css": "text/css",
    "/docs/page.js": "text/javascript",
}


@pytest.fixture
def client():
    return app_of(FileSource(None, max_bytes=1), SEMBLANCE_API_KEYS=KEY).test_client()


@pytest.mark.parametrize("route", TYPES)
def test_it_is_open_and_asked_for_again_every_time(client, route):
    answer = client.get(route)
    assert (answer.status_code, answer.mimetype) == (200, TYPES[route])
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get(route, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert KEY not in answer.text


def test_the_page_may_load_nothing_from_anywhere_else(client):
    policy = client.get("/docs").headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"


def test_any_page_may_read_the_description(client):
    answer = client.get("/v1/openapi.json", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in client.get("/docs").headers
