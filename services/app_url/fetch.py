"""The guarded fetch: the only code of the project that follows a stranger's URL."""

from __future__ import annotations

import ssl
import weakref
from contextlib import nullcontext
from dataclasses import dataclass

from services.app_url import page, urls
from services.app_url.answer import Answer
from services.app_url.budget import Budget, Room
from services.app_url.connection import answer_of, public_tls
from services.app_url.content import Content, content_of
from services.app_url.deadline import Deadline
from services.app_url.lookup import AT_ONCE, Resolve, addresses_of, system_resolver
from services.app_url.pace import Floor
from services.app_url.turns import Turns
from services.app_url.urls import Target
from services.gate import Gate
from utils.errors import NotAnImage, UrlRefused, UrlUnreachable
from utils.settings import Settings

# Five pictures of the largest size that is allowed, or any number of usual ones.
_PICTURES_HELD = 5
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class _Moved:
    """Where a redirect leads."""

    target: Target


class Fetcher:
    """Fetches pictures by the rules of the settings."""

    def __init__(
        self,
        settings: Settings,
        *,
        resolve: Resolve = system_resolver,
        tls: ssl.SSLContext | None = None,
        floor: Floor | None = None,
    ) -> None:
        self._settings = settings
        self._resolve = resolve
        self._tls = tls or public_tls()
        self._floor = floor or Floor()
        self._gate = Gate(AT_ONCE, name="fetching", retry_after_s=2.0)
        self._users = Turns(settings.url_per_user, reason="user_at_limit")
        self._hosts = Turns(settings.url_per_host, reason="host_at_limit")
        self.budget = Budget(_PICTURES_HELD * settings.max_bytes)

    def fetch(self, url: str, *, user: str = "", holder: object = None) -> bytes:
        """The bytes behind a URL.

        `user` is whose turn it is, where that is known. The bytes count as held for as long as
        `holder` lives, or until they are returned.
        Raises `UrlRefused`, `UrlUnreachable`, `UrlTooSlow`, `ImageTooLarge`, `NotAnImage`, `Busy`,
        `TooManyRequests`.
        """
        target = urls.parse(url)
        room = self.budget.room()
        if holder is not None:
            weakref.finalize(holder, room.close)
        try:
            with self._gate.place(), self._users.turn(user) if user else nullcontext():
                data = self._picture(target, room, Deadline(self._settings.url_timeout_s))
        except BaseException:
            room.close()
            raise
        if holder is None:
            room.close()
        return data

    def _picture(self, target: Target, room: Room, deadline: Deadline) -> bytes:
        """The picture at a target, or the one that the page there names."""
        target, content = self._follow(target, room, deadline)
        if content.is_page:
            picture = page.picture_of(content.data)
            room.close()
            if picture is None:
                raise _page("a page that names no picture")
            _, content = self._follow(target.to(picture), room, deadline)
            if content.is_page:
                raise _page("a page that names a page")
        return content.data

    def _follow(self, target: Target, room: Room, deadline: Deadline) -> tuple[Target, Content]:
        """What redirects lead to in the end, and where that is."""
        for _ in range(self._settings.url_redirects + 1):
            found = self._step(target, room, deadline)
            if isinstance(found, Content):
                return target, found
            target = found.target
        raise UrlRefused(
            "too many redirects",
            reason="too_many_redirects",
            sentence="That address leads from one place to the next too often.",
        )

    def _step(self, target: Target, room: Room, deadline: Deadline) -> _Moved | Content:
        """One hop, its address checked like that of the first."""
        addresses = addresses_of(
            target, deadline, allow=self._settings.url_allow, resolve=self._resolve
        )
        # By address: a server may have any number of names.
        with (
            self._hosts.turn(addresses[0]),
            answer_of(
                target,
                addresses,
                deadline,
                connect_timeout_s=self._settings.url_connect_timeout_s,
                tls=self._tls,
                floor=self._floor,
                max_bytes=self._settings.max_bytes,
            ) as answer,
        ):
            return self._read(target, answer, room)

    def _read(self, target: Target, answer: Answer, room: Room) -> _Moved | Content:
        location = answer.header("Location")
        if answer.status in _REDIRECTS and location:
            return _Moved(target.to(location))
        if answer.status != 200:
            raise UrlUnreachable(
                f"answered {answer.status}",
                reason="status",
                sentence=f"That address answered {answer.status} instead of a picture. "
                "Please check it, or send me the picture itself.",
            )
        return content_of(answer, room, max_bytes=self._settings.max_bytes)


def _page(log_text: str) -> NotAnImage:
    return NotAnImage(
        log_text,
        reason="page",
        sentence="That address is a web page. Please send the address of the picture itself: "
        "open the picture alone and copy that address.",
    )
