"""The pictures that a request to `/v1/faces` carries: as parts, as the body itself, or in JSON."""

from __future__ import annotations

import base64
import binascii
import re
from functools import partial
from typing import Any

from flask import Request

from services.source import Load, Order
from utils.errors import BadRequest

MAX_PICTURES = 16

_DATA_URL = re.compile(r"data:[a-z0-9.+/-]*;base64,", re.IGNORECASE)
_HOW = (
    "Send the picture as the body, as the multipart field 'image', "
    'or as JSON: {"image": "<base64>"}.'
)


def order_of(request: Request) -> Order:
    """What to look at. Raises `BadRequest`; a picture that cannot be read fails when loaded."""
    kind = request.mimetype
    if kind == "multipart/form-data":
        order = _of_parts(request)
    elif kind == "application/json":
        order = _of_json(json_object(request))
    elif kind.startswith("image/") or kind == "application/octet-stream":
        order = Order([partial(not_empty, request.get_data(cache=False))])
    else:
        raise BadRequest(f"a body of type {kind[:40]!r}", sentence=_HOW)
    if not 0 < len(order.pictures) <= MAX_PICTURES:
        raise BadRequest(
            f"{len(order.pictures)} pictures in one request",
            sentence=f"Send 1 to {MAX_PICTURES} pictures. {_HOW}",
        )
    return order


def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object. Raises `BadRequest`."""
    try:
        shape = request.get_json(silent=True, cache=False)
    except RecursionError:
        shape = None
    if not isinstance(shape, dict):
        raise BadRequest(
            "a body that is no JSON object", sentence="The body must be a JSON object."
        )
    return shape


def _of_parts(request: Request) -> Order:
    parts = request.files.getlist("image")
    pictures: list[Load] = [partial(not_empty, part.stream.read()) for part in parts]
    return Order(pictures, several=len(pictures) > 1)


def _of_json(shape: dict[str, Any]) -> Order:
    if isinstance(shape.get("images"), list):
        pictures: list[Load] = [partial(of_base64, text) for text in shape["images"]]
        return Order(pictures, several=True)
    return Order([partial(of_base64, shape["image"])] if "image" in shape else [])


def of_base64(text: object) -> bytes:
    """The picture in a base64 string, with or without `data:` before it. Raises `BadRequest`."""
    if not isinstance(text, str):
        raise BadRequest("an image that is no string", sentence="An image must be a base64 string.")
    try:
        prefix = _DATA_URL.match(text)
        encoded = text[prefix.end() :] if prefix else text
        return not_empty(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise BadRequest("bad base64", sentence="This image is not valid base64.") from None


def not_empty(data: bytes) -> bytes:
    """The same bytes. Raises `BadRequest` where there are none."""
    if not data:
        raise BadRequest("an empty image", sentence="This image is empty.")
    return data
