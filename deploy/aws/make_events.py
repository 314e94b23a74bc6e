"""Write the sample events again: `python deploy/aws/make_events.py`.

The picture in them is playground/static/sample.jpg, made smaller: a portrait by NASA, which is in
the public domain (CREDITS.md).
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parent.parent / "playground" / "static" / "sample.jpg"
_BOUNDARY = "a-boundary-of-the-sample-events"


def events() -> dict[str, Any]:
    """Every sample event by the name of its file."""
    form = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}", "Accept": "*/*"}
    text = {"Content-Type": "text/plain"}
    return {
        "event": _v1("/face-sentiment", _part("file"), form),
        "faces": _v2("/v1/faces", _part("image"), form),
        "url": {
            "url": "https://raw.githubusercontent.com/scikit-image/scikit-image/v0.19.3/skimage/data/astronaut.png"
        },
        "bad": _v1("/face-sentiment", b"no picture at all", text),
    }


def _v1(path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path.strip("/")},
        "requestContext": {
            "stage": "Prod",
            "path": f"/Prod{path}",
            "httpMethod": "POST",
            "protocol": "HTTP/1.1",
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def _v2(path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {
            "stage": "$default",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "sample",
            },
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def _part(name: str) -> bytes:
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return head.encode() + _picture() + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _picture() -> bytes:
    with Image.open(SAMPLE) as sample:
        small = sample.convert("RGB").resize((256, 256), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    small.save(written, "JPEG", quality=85)
    return written.getvalue()


if __name__ == "__main__":
    for name, event in events().items():
        (HERE / "events" / f"{name}.json").write_text(json.dumps(event, indent=2) + "\n")
