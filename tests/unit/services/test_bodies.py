from io import BytesIO

import pytest
from flask import request

from services.app_image.source import FileSource
from services.bodies import MAX_BODY_BYTES
from tests.fakes_services import FakeEngine, app_of


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def client(engine):
    return app_of(FileSource(None, max_bytes=10**7), engine=engine).test_client()


def parts(count, data):
    """A multipart body made by hand: Werkzeug's own client puts a large one into a file."""
    lines = []
    for _ in range(count):
        lines += [b"--cut", b'Content-Disposition: form-data; name="image"; filename="a.jpg"', b""]
        lines += [data]
    return {
        "data": b"\r\n".join([*lines, b"--cut--", b""]),
        "content_type": "multipart/form-data; boundary=cut",
    }


def test_a_large_upload_stays_in_memory(client, engine):
    picture = bytes(2_000_000)
    assert client.post("/v1/faces", **parts(1, picture)).status_code == 200
    assert engine.seen == [picture]
    with client.application.test_request_context("/", method="POST", **parts(1, picture)):
        assert isinstance(request.files["image"].stream, BytesIO)
        request.files["image"].close()


def test_a_body_above_the_limit_is_413_by_its_header_alone(client):
    answer = client.post(
        "/v1/faces",
        data=b"",
        content_type="image/jpeg",
        environ_overrides={"CONTENT_LENGTH": str(MAX_BODY_BYTES + 1)},
    )
    assert answer.status_code == 413
    assert answer.json["error"]["code"] == "image_too_large"


def test_a_request_of_very_many_parts_is_413(client):
    assert client.post("/v1/faces", **parts(70, b"x")).status_code == 413
