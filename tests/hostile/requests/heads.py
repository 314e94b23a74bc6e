"""Request lines and headers that are wrong, strange or too long, and routes that stay hidden."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.requests.case import ANSWERED, BARE, CLOSED, REFUSED, Case, head

_END = b"\r\nHost: localhost\r\n\r\n"
_LINES = {
    "one word": b"GARBAGE",
    "a method alone": b"GET",
    "HTTP/1.1.1": b"GET / HTTP/1.1.1",
    "HTTP/9.9": b"GET / HTTP/9.9",
    "HTTP/2.0 in words": b"GET / HTTP/2.0",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "another protocol": b"GET / SPDY/3",
    "a protocol in small letters": b"GET / http/1.1",
    "a method with a sign": b"G@T / HTTP/1.1",
    "a method of 300 letters": b"G" * 300 + b" / HTTP/1.1",
    "no target": b"GET  HTTP/1.1",
    "a target without a slash": b"GET healthz HTTP/1.1",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)),
    "binary": bytes(range(128, 256)),
    "NUL in the target": b"GET /\x00 HTTP/1.1",
    "a control character in the target": b"GET /\x01 HTTP/1.1",
    "a blank in the target": b"GET /a b HTTP/1.1",
    "CONNECT": b"CONNECT example.com:443 HTTP/1.1",
    "TRACE": b"TRACE / HTTP/1.1",
    "a method that nobody knows": b"PROPFIND / HTTP/1.1",
    "a method in small letters": b"get / HTTP/1.1",
    "two blanks": b"GET  / HTTP/1.1",
    "the whole server": b"OPTIONS * HTTP/1.1",
    "a star": b"GET * HTTP/1.1",
    "not ASCII": "GET /gr\u00fc\u00dfe HTTP/1.1".encode(),
    "another server's address": b"GET http://169.254.169.254/latest/ HTTP/1.1",
    "a scheme of its own": b"GET file:///etc/passwd HTTP/1.1",
    "a path out of everything": b"GET /../../etc/passwd HTTP/1.1",
    "the same in per cent": b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
    "the same overlong": b"GET /%c0%ae%c0%ae/etc/passwd HTTP/1.1",
    "%00": b"GET /web/%00.js HTTP/1.1",
    "half a per cent": b"GET /web/%2 HTTP/1.1",
    "a wrong per cent": b"GET /web/%zz HTTP/1.1",
    "a backslash": b"GET /web\\..\\..\\x HTTP/1.1",
    "many slashes": b"GET " + b"/" * 500 + b" HTTP/1.1",
}
# What one server takes for a mistake and another for a matter of taste.
_EITHER = {
    "a protocol in small letters",
    "a method in small letters",
    "two blanks",
    "the whole server",
    "another server's address",
    "a blank in the target",
    "a path out of everything",
    "many slashes",
    "not ASCII",
}
_HEADERS = {
    "no colon": b"X-Nonsense",
    "no name": b": x",
    "a blank in a name": b"X Y: z",
    "a name that is not ASCII": "X-\u00fc: z".encode(),
    "a folded line": b"X-A: b\r\n c",
    "NUL in a name": b"X-\x00: y",
    "NUL in a value": b"X-A: \x00",
    "a bare CR in a value": b"X-A: b\rc",
    "a control character in a value": b"X-A: \x01",
    "two hosts": b"Host: other.example",
    "a length of a body that never comes": b"Content-Length: 1e3",
}
_HOSTS = {
    "none": b"",
    "a blank in it": b"Host: a b\r\n",
    "a path in it": b"Host: a/../b\r\n",
    "a person in it": b"Host: you@example.com\r\n",
    "empty": b"Host:\r\n",
    "of 5,000 letters": b"Host: " + b"a" * 5_000 + b"\r\n",
    "a control character in it": b"Host: a\x01b\r\n",
}
_SIZES = {
    "an address of 9 kB": b"GET /?" + b"a" * 9_000 + b" HTTP/1.1" + _END,
    "an address of 100 kB": b"GET /?" + b"a" * 100_000 + b" HTTP/1.1" + _END,
    "a header of 9 kB": b"GET / HTTP/1.1\r\nX-A: " + b"a" * 9_000 + _END,
    "a header of 100 kB": b"GET / HTTP/1.1\r\nX-A: " + b"a" * 100_000 + _END,
    "a name of 9 kB": b"GET / HTTP/1.1\r\n" + b"A" * 9_000 + b": x" + _END,
    "1,000 headers": b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 1_000 + b"Host: localhost\r\n\r\n",
    "20,000 headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"Host: localhost\r\n\r\n",
    "a cookie of 60 kB": b"GET / HTTP/1.1\r\nCookie: a=" + b"b" * 60_000 + _END,
}
_ASKED = {
    "Expect: something": ("Expect: 200-ok",),
    "an upgrade to WebSocket": ("Connection: Upgrade", "Upgrade: websocket"),
    "an upgrade to HTTP/2": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"),
    "a thousand ranges": ("Range: bytes=" + ",".join(f"{i}-{i}" for i in range(1000)),),
    "a forwarded address": ("X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https"),
    "another path behind the back": ("X-Original-URL: /metrics", "X-Rewrite-URL: /metrics"),
    "another script name": ("Script-Name: /x", "Path-Info: /metrics"),
    "another method": ("X-HTTP-Method-Override: DELETE",),
    "nonsense as a key": ("Authorization: Bearer " + "\xff" * 40,),
    "nonsense as a signature": ("X-Semblance-Signature: \xff",),
}
_HIDDEN = (
    *("/metrics", "/readyz", "//metrics", "/./metrics", "/x/../metrics", "/%6detrics"),
    *("/METRICS", "/metrics/", "/metrics;a", "/metrics?a", "/metrics%00", "/metrics%20"),
    *("/Prod/metrics", "/Prod//metrics", "/Prod/Prod/metrics", "/Prod/readyz"),
    *("/v1/faces/../../metrics", "/v1/../metrics", "/web/../metrics", "http://localhost/metrics"),
)


def cases() -> Iterator[Case]:
    """All of them."""
    for name, line in _LINES.items():
        allowed = (REFUSED, CLOSED)
        yield Case(
            "request lines",
            name,
            lambda _, line=line: line + _END,
            allowed=(*allowed, ANSWERED) if name in _EITHER else allowed,
            # Some end their head early, and what follows is a request of its own.
            answers=2,
        )
    yield Case(
        "request lines", "HTTP/0.9", lambda _: b"GET /healthz\r\n", (REFUSED, BARE), ends=True
    )
    yield Case("request lines", "nothing", lambda _: b"", (CLOSED,), ends=True)
    yield Case("request lines", "empty lines", lambda _: b"\r\n" * 50, (CLOSED, REFUSED), ends=True)
    for name, line in _HEADERS.items():
        # A proxy drops what it does not know as a header, and passes on the rest.
        yield Case(
            "headers",
            name,
            lambda _, line=line: b"GET / HTTP/1.1\r\n" + line + _END,
            allowed=(REFUSED, ANSWERED),
        )
    for name, line in _HOSTS.items():
        yield Case(
            "hosts",
            name,
            lambda _, line=line: b"GET / HTTP/1.1\r\n" + line + b"\r\n",
            allowed=(REFUSED, ANSWERED),
        )
    for name, whole in _SIZES.items():
        yield Case(
            "sizes",
            name,
            lambda _, whole=whole: whole,
            # 1,000 small headers are within what nginx reads; the service behind it counts.
            allowed=(REFUSED, CLOSED),
        )
    for name, lines in _ASKED.items():
        yield Case(
            "wishes",
            name,
            lambda _, lines=lines: head("/", *lines, method="GET"),
            allowed=(REFUSED, ANSWERED),
        )
    yield Case(
        "wishes",
        "to be told to go on, and then no more",
        lambda path: head(path, "Expect: 100-continue", "Content-Length: 2"),
        allowed=(REFUSED, CLOSED),
        ends=True,
    )
    for path in _HIDDEN:
        yield Case(
            "hidden routes",
            path,
            lambda _, path=path: head(path, method="GET"),
            targets=("nginx",),
        )
