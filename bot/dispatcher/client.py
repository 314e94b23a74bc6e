"""Posts signed jobs to the services through the proxy, over kept connections."""

from __future__ import annotations

import requests
from requests.adapters import HTTPAdapter

from bot.dispatcher.answers import Answer, Later, read_answer
from utils.jobs import REQUEST_ID_HEADER, Job
from utils.settings import Secret
from utils.signature import SIGNATURE_HEADER, sign

_TIMEOUT_S = (5.0, 30.0)
_MAX_ANSWER_BYTES = 1 << 16
_PATHS = {"file_id": "/classify", "url": "/classify_url"}


class ServiceClient:
    """Asks the services to do jobs; may be used from many threads."""

    def __init__(
        self,
        proxy_url: str,
        secret: Secret,
        *,
        connections: int,
        timeout_s: tuple[float, float] = _TIMEOUT_S,
    ) -> None:
        self._secret, self._timeout_s = secret, timeout_s
        headers = {"Content-Type": "application/json"}
        self._requests = {
            kind: requests.Request("POST", proxy_url + path, headers).prepare()
            for kind, path in _PATHS.items()
        }
        # No session, which is for cookies and redirects: a sixth of what a job costs the bot.
        self._adapter = HTTPAdapter(pool_maxsize=connections)

    def close(self) -> None:
        """Drop the kept connections."""
        self._adapter.close()

    def post(self, job: Job) -> Answer:
        """Have one job done and read the answer. Never raises for a failure of the network."""
        request, body = self._requests[job.kind].copy(), job.encode()
        request.prepare_body(body, None)
        # Anew for each try: a service takes a signature once.
        request.headers[SIGNATURE_HEADER] = sign(body, self._secret)
        request.headers[REQUEST_ID_HEADER] = job.id
        try:
            with self._adapter.send(request, stream=True, timeout=self._timeout_s) as response:
                return read_answer(
                    response.status_code, _head(response), response.headers.get("Retry-After")
                )
        except requests.ReadTimeout:
            # Somebody is there and perhaps still at work: delivering twice does no harm.
            return Later(reason="ReadTimeout", full=True)
        except requests.exceptions.ChunkedEncodingError:
            # An answer that had begun broke off: the replica died at work, and others may live.
            return Later(reason="BrokenOff")
        except requests.RequestException as error:
            return Later(reason=type(error).__name__, nobody=True)


def _head(response: requests.Response) -> bytes:
    head = bytearray()
    for piece in response.iter_content(_MAX_ANSWER_BYTES):
        head += piece
        if len(head) > _MAX_ANSWER_BYTES:
            break
    return bytes(head)
