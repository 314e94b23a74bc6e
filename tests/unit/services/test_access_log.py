import logging

import pytest

from services.app_image.source import FileSource
from tests.fakes_services import JPEG, FakeEngine, app_of


@pytest.fixture
def client():
    return app_of(FileSource(None, max_bytes=10**6), engine=FakeEngine()).test_client()


def lines(caplog):
    return [each.facts for each in caplog.records if each.name == "services.access"]


def test_a_request_leaves_one_line_with_its_outcome(client, caplog):
    with caplog.at_level(logging.INFO):
        client.post("/v1/faces?name=secret", data=JPEG, content_type="image/jpeg")
    (line,) = lines(caplog)
    assert line | {"ms": 0} == {
        "method": "POST",
        "route": "/v1/faces",
        "status": 200,
        "ms": 0,
        "outcome": "ok",
    }
    assert line["ms"] >= 0


def test_a_failure_tells_its_code(client, caplog):
    with caplog.at_level(logging.INFO):
        client.post("/v1/faces", data=b"text", content_type="image/jpeg")
    assert lines(caplog)[0]["outcome"] == "not_an_image"


def test_a_path_of_a_strangers_making_is_not_written_down(client, caplog):
    with caplog.at_level(logging.INFO):
        client.get("/secret-path")
    assert lines(caplog)[0]["route"] == "-"
    assert "secret-path" not in caplog.text


def test_probes_are_not_worth_a_line(client, caplog):
    with caplog.at_level(logging.INFO):
        client.get("/healthz")
        client.get("/readyz")
    assert lines(caplog) == []
