"""A stranger's web server on this machine: /photo.jpg, /page.html and others; the rest is 404."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def picture_server(photo: bytes, others: Mapping[str, bytes] | None = None) -> Iterator[str]:
    """Serve `photo`, and others by their paths (JPEGs), while the block runs; the address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = {
                "/photo.jpg": ("image/jpeg", photo),
                "/page.html": ("text/html", b"<html><title>hello</title></html>"),
                **{path: ("image/jpeg", data) for path, data in (others or {}).items()},
            }
            path = self.path.split("?")[0]
            kind, body = known.get(path, ("text/plain", b"nothing here"))
            self.send_response(200 if path in known else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
