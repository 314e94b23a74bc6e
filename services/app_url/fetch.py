"""The guarded fetch: the only code of the project that follows a stranger's URL."""

from __future__ import annotations

import ssl
from http.client import HTTPResponse

from services.app_url import urls
from services.app_url.connection import answer_of, public_tls
from services.app_url.content import picture_in
from services.app_url.deadline import Deadline
from services.app_url.lookup import Resolve, addresses_of, system_resolver
from services.app_url.urls import Target
from services.gate import Gate
from utils.errors import UrlRefused, UrlUnreachable
from utils.settings import Settings

# Each fetch may hold a picture of the largest size, so this bounds memory as well.
_AT_ONCE = 32
_REDIRECTS = (301, 302, 303, 307, 308)


class Fetcher:
    """Fetches pictures by the rules of the settings."""

    def __init__(
        self,
        settings: Settings,
        *,
        resolve: Resolve = system_resolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._resolve = resolve
        self._tls = tls or public_tls()
        self._gate = Gate(_AT_ONCE, name="fetching", retry_after_s=2.0)

    def fetch(self, url: str) -> bytes:
        """The bytes behind a URL.

        Raises `UrlRefused`, `UrlUnreachable`, `UrlTooSlow`, `ImageTooLarge`, `NotAnImage`, `Busy`.
        """
        with self._gate.place():
            deadline = Deadline(self._settings.url_timeout_s)
            target = urls.parse(url)
            for _ in range(self._settings.url_redirects + 1):
                found = self._step(target, deadline)
                if isinstance(found, bytes):
                    return found
                target = found
        raise UrlRefused(
            "too many redirects",
            sentence="That address leads from one place to the next too often.",
        )

    def _step(self, target: Target, deadline: Deadline) -> Target | bytes:
        """One hop: the picture, or where a redirect leads."""
        addresses = addresses_of(
            target, deadline, allow=self._settings.url_allow, resolve=self._resolve
        )
        with answer_of(
            target,
            addresses,
            deadline,
            connect_timeout_s=self._settings.url_connect_timeout_s,
            tls=self._tls,
        ) as response:
            return self._read(target, response, deadline)

    def _read(self, target: Target, response: HTTPResponse, deadline: Deadline) -> Target | bytes:
        location = response.headers.get("Location")
        if response.status in _REDIRECTS and location:
            return target.follow(location)
        if response.status != 200:
            raise UrlUnreachable(
                f"answered {response.status}",
                sentence=f"That address answered {response.status} instead of a picture. "
                "Please check it, or send me the picture itself.",
            )
        return picture_in(response, deadline, max_bytes=self._settings.max_bytes)
