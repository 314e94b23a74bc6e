"""Bodies that are not what they say, or say what nobody can use."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator

from tests.hostile.requests.case import CLOSED, REFUSED, Case, head

_FORM = "multipart/form-data; boundary=b"
_PART = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
_JSON = {
    "nothing": b"",
    "half an object": b'{"url": "http://exam',
    "a list": b"[]",
    "a text": b'"http://example.com/"',
    "a number": b"1",
    "null": b"null",
    "an empty object": b"{}",
    "100,000 open brackets": b"[" * 100_000,
    "100,000 nested objects": b'{"a":' * 100_000,
    "a number of 100,000 digits": b'{"url": ' + b"9" * 100_000 + b"}",
    "a very large exponent": b'{"image": 1e999999999}',
    "NaN": b'{"url": NaN, "image": NaN}',
    "invalid UTF-8": b'{"url": "\xff\xfe"}',
    "UTF-16": '{"url": "http://example.com/"}'.encode("utf-16"),
    "half a surrogate pair": b'{"url": "http://\\ud800/", "image": "\\ud800"}',
    "NUL in a text": b'{"url": "http://example.com/\\u0000", "image": "\\u0000"}',
    "a null": b'{"url": null, "image": null}',
    "numbers": b'{"url": 1, "image": 1}',
    "lists": b'{"url": ["http://example.com/"], "image": ["a"]}',
    "objects": b'{"url": {"a": 1}, "image": {"a": 1}}',
    "the same name twice": b'{"url": "file:///etc/passwd", "url": "ftp://a/", "image": "?"}',
    "no base64": b'{"image": "***", "url": "***"}',
    "base64 of nothing": b'{"image": "", "url": ""}',
    "base64 of text": json.dumps(
        {"image": base64.b64encode(b"hello" * 100).decode(), "url": "hello"}
    ).encode(),
    "an address of 1 MB": b'{"url": "http://' + b"a" * 1_000_000 + b'/", "image": "?"}',
}
_FORMS = {
    "no boundary": ("multipart/form-data", _PART + b"x\r\n--b--\r\n"),
    "an empty boundary": ("multipart/form-data; boundary=", _PART + b"x\r\n--b--\r\n"),
    "a boundary of 300 letters": ("multipart/form-data; boundary=" + "b" * 300, _PART),
    "a boundary with a line break": ('multipart/form-data; boundary="b\\r\\n"', _PART),
    "20,000 parts": (
        _FORM,
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 20_000 + b"--b--\r\n",
    ),
    "a part without a name": (
        _FORM,
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
    ),
    "a part without headers": (_FORM, b"--b\r\n\r\nx\r\n--b--\r\n"),
    "a header without an end": (_FORM, b"--b\r\nContent-Disposition: " + b"a" * 200_000),
    "no end": (_FORM, _PART + b"x"),
    "an end alone": (_FORM, b"--b--\r\n"),
    "a form in the form": (
        _FORM,
        (
            b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n"
            b'Content-Disposition: form-data; name="image"\r\n\r\n'
            b"--c\r\n\r\nx\r\n--c--\r\n--b--\r\n"
        ),
    ),
    "a file name that climbs": (
        _FORM,
        (
            b'--b\r\nContent-Disposition: form-data; name="image"; filename="../../etc/passwd"'
            b"\r\n\r\nx\r\n--b--\r\n"
        ),
    ),
    "a character set of its own": (
        _FORM,
        (
            b'--b\r\nContent-Disposition: form-data; name="image"\r\n'
            b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xff\r\n--b--\r\n"
        ),
    ),
    "100,000 fields": ("application/x-www-form-urlencoded", b"a=b&" * 100_000),
    "fields that are not UTF-8": ("application/x-www-form-urlencoded", b"imgBase64=%ff%fe&%00=%"),
    "text": ("text/plain", b"hello"),
    "no type": ("", b"hello"),
    "a type of nonsense": ("a;b;c/d=\xff", b"hello"),
    "a packed picture": ("image/jpeg", gzip.compress(b"\xff\xd8\xff" + bytes(1_000_000))),
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, body in _JSON.items():
        yield Case("JSON", name, lambda path, body=body: _request(path, "application/json", body))
    for name, (kind, body) in _FORMS.items():
        yield Case("forms", name, lambda path, kind=kind, body=body: _request(path, kind, body))
    yield Case(
        "sizes",
        "a body that is announced with 100 MB",
        lambda path: head(path, "Content-Type: image/jpeg", "Content-Length: 100000000"),
    )
    yield Case(
        "sizes",
        "30 MB in chunks",
        lambda path: (
            head(path, "Content-Type: image/jpeg", "Transfer-Encoding: chunked")
            + 30 * (b"f4240\r\n" + bytes(1_000_000) + b"\r\n")
            + b"0\r\n\r\n"
        ),
        # Refused while it is still being sent, so that the answer may not be read any more.
        allowed=(REFUSED, CLOSED),
    )
    yield Case(
        "forms",
        "packed, and said so",
        lambda path: (
            head(
                path,
                "Content-Type: application/json",
                "Content-Encoding: gzip",
                "Content-Length: 22",
            )
            + gzip.compress(b"{}")[:22].ljust(22)
        ),
    )


def _request(path: str, kind: str, body: bytes) -> bytes:
    lines = [f"Content-Length: {len(body)}", *([f"Content-Type: {kind}"] if kind else [])]
    return head(path, *lines) + body
