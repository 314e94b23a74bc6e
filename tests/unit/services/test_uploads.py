import base64
import json
from io import BytesIO

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder

from services import uploads
from services.bodies import InMemoryRequest
from tests.fakes_services import app_of
from utils.errors import BadRequest

B64 = base64.b64encode(b"picture").decode()


def order(**parts):
    with app_of().app_context():
        builder = EnvironBuilder(method="POST", **parts)
        try:
            return uploads.order_of(InMemoryRequest(builder.get_environ()))
        finally:
            builder.close()


def loaded(found):
    return [load() for load in found.pictures]


def as_json(shape):
    return {"data": json.dumps(shape), "content_type": "application/json"}


def part(data=b"picture"):
    return (BytesIO(data), "a.jpg")


@pytest.mark.parametrize("kind", ["image/jpeg", "image/x-anything", "application/octet-stream"])
def test_the_body_itself_may_be_the_picture(kind):
    found = order(data=b"picture", content_type=kind)
    assert loaded(found) == [b"picture"]
    assert not found.several


def test_one_part_is_one_picture():
    found = order(data={"image": part()})
    assert loaded(found) == [b"picture"]
    assert not found.several


def test_several_parts_keep_their_order():
    found = order(data=MultiDict([("image", part(b"1")), ("image", part(b"2"))]))
    assert loaded(found) == [b"1", b"2"]
    assert found.several


@pytest.mark.parametrize("text", [B64, f"data:image/png;base64,{B64}", f"data:;base64,{B64}"])
def test_json_may_hold_the_picture_as_base64(text):
    found = order(**as_json({"image": text}))
    assert loaded(found) == [b"picture"]
    assert not found.several


def test_a_list_of_one_is_answered_as_a_list():
    assert order(**as_json({"images": [B64]})).several


def test_one_bad_picture_of_a_list_fails_alone():
    found = order(**as_json({"images": [B64, "not base64!", 3, ""]}))
    assert found.pictures[0]() == b"picture"
    for load in found.pictures[1:]:
        with pytest.raises(BadRequest):
            load()


@pytest.mark.parametrize(
    "parts",
    [
        {"data": b"x", "content_type": "text/plain"},
        {"data": b"x"},
        {"data": {"other": part()}},
        {"data": {"image": "text, no file"}},
        as_json({}),
        as_json([]),
        as_json(None),
        as_json({"images": []}),
        as_json({"images": "no list"}),
        as_json({"images": [B64] * (uploads.MAX_PICTURES + 1)}),
        {"data": b"{", "content_type": "application/json"},
        {"data": b"\xff", "content_type": "application/json"},
        {"data": b"[" * 200_000, "content_type": "application/json"},
    ],
)
def test_what_holds_no_picture_is_a_bad_request(parts):
    with pytest.raises(BadRequest):
        order(**parts)


@pytest.mark.parametrize(
    "parts",
    [
        {"data": b"", "content_type": "image/jpeg"},
        {"data": {"image": part(b"")}},
        as_json({"image": ""}),
        as_json({"image": "data:image/png;base64,"}),
    ],
)
def test_an_empty_picture_is_a_bad_request(parts):
    with pytest.raises(BadRequest, match="empty"):
        loaded(order(**parts))


def test_a_lone_surrogate_is_no_base64():
    found = order(data=b'{"image": "\\ud800"}', content_type="application/json")
    with pytest.raises(BadRequest):
        loaded(found)
