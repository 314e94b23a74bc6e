"""The picture behind a URL that the command's own user chose.

Bounded in bytes, time and redirects, and in nothing else: it goes wherever this machine can go.
Strangers' URLs are another matter, and the services' own.
"""

from __future__ import annotations

import time

import requests
import urllib3

from utils import VERSION
from utils.errors import ImageTooLarge, UrlRefused, UrlTooSlow, UrlUnreachable
from utils.settings import Settings

_BLOCK_BYTES = 1 << 16
_HEADERS = {"User-Agent": f"Semblance/{VERSION}", "Accept": "image/*,*/*;q=0.5"}


def fetch(url: str, settings: Settings) -> bytes:
    """Its bytes. Raises `ImageTooLarge`, `UrlRefused`, `UrlTooSlow` and `UrlUnreachable`."""
    ends_at = time.monotonic() + settings.url_timeout_s
    with requests.Session() as session:
        session.max_redirects = settings.url_redirects
        session.headers.update(_HEADERS)
        try:
            timeouts = (settings.url_connect_timeout_s, settings.url_timeout_s)
            with session.get(url, stream=True, timeout=timeouts) as answer:
                if answer.status_code != 200:
                    raise UrlUnreachable(
                        f"answered {answer.status_code}",
                        sentence=f"That address answered {answer.status_code}.",
                    )
                return _read(answer, ends_at, settings.max_bytes)
        except (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise UrlTooSlow(f"fetch: {type(error).__name__}") from None
        except requests.TooManyRedirects:
            sentence = "That address leads from one place to the next too often."
            raise UrlRefused("too many redirects", sentence=sentence) from None
        except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL) as error:
            raise UrlRefused(f"fetch: {type(error).__name__}") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            sentence = "This address could not be fetched."
            raise UrlUnreachable(f"fetch: {type(error).__name__}", sentence=sentence) from None


def _read(answer: requests.Response, ends_at: float, max_bytes: int) -> bytes:
    data = bytearray()
    # What has arrived by now, not a whole block: a server that drips does not outlast the clock.
    while block := answer.raw.read1(_BLOCK_BYTES, decode_content=True):
        data += block
        if len(data) > max_bytes:
            raise ImageTooLarge(f"more than {max_bytes} bytes")
        if time.monotonic() > ends_at:
            raise UrlTooSlow("fetch: still arriving")
    return bytes(data)
