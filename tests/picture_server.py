"""A stranger's web server on this machine: /photo.jpg, /page.html, everything else 404."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def picture_server(photo: bytes) -> Iterator[str]:
    """Serve `photo` (a JPEG) while the block runs; the server's address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = {
                "/photo.jpg": ("image/jpeg", photo),
                "/page.html": ("text/html", b"<html><title>hello</title></html>"),
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
