"""Asks Telegram for updates, and watches how that goes.

The library's own loop retries what it can, but it ends for good at the first 401 or 404 while it
still looks alive, and it does not say what another poller (409) means. Both are settled here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from telegram import Update
from telegram.error import Conflict, InvalidToken, TelegramError
from telegram.ext import ExtBot, Updater
from telegram.request import HTTPXRequest

from bot import exits
from bot.intake import Refused
from utils.settings import Secret
from utils.telegram import NO_ANSWER, Observe, status_word

log = logging.getLogger(__name__)

# One is not enough: a bot that was just killed may still hold its last long poll, and a Bot API
# server behind a proxy answers 404 while it restarts.
_REFUSALS_TO_BELIEVE = 4


class PollWatch:
    """What Telegram's answers so far say; `fatal` is why the bot cannot go on, None while it can.

    In webhook mode there are no polls, but questions that are answered or not all the same.
    """

    def __init__(
        self,
        *,
        on_fatal: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_fatal, self._clock = on_fatal, clock
        self._answered_at = clock()
        self._ever_answered = False
        self._refusals = 0
        self._trouble: str | None = None
        self.fatal: exits.Exit | None = None

    def seconds_since_last_poll(self) -> float:
        """How long ago Telegram last answered a poll: above a minute, something is wrong."""
        return self._clock() - self._answered_at

    def answered(self) -> None:
        """A poll brought its updates, or none."""
        self._answered_at, self._ever_answered = self._clock(), True
        self._refusals = 0
        if self._trouble is not None:
            log.info("Telegram answers again")
            self._trouble = None

    def failed(self, error: TelegramError) -> None:
        """A poll failed; each spell of trouble is logged once."""
        if isinstance(error, Conflict):
            webhook = "webhook" in str(error).lower()
            reason = exits.OTHER_WEBHOOK if webhook else exits.SECOND_POLLER
            self._refused(exits.InUse(reason), fatal=not self._ever_answered)
        elif isinstance(error, InvalidToken):
            self._refused(exits.WrongToken(exits.WRONG_TOKEN), fatal=True)
        elif isinstance(error, Refused):
            self._refused(error.reason, fatal=True)
        else:
            self._note("Telegram cannot be reached: trying on")

    def _refused(self, reason: exits.Exit, *, fatal: bool) -> None:
        self._refusals += 1
        if fatal and self._refusals >= _REFUSALS_TO_BELIEVE and self.fatal is None:
            self.fatal = reason
            self._on_fatal()
        self._note(str(reason))

    def _note(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("%s", trouble)
            self._trouble = trouble


class PollingBot(ExtBot[None]):
    """The library's bot, with every poll reported to a `PollWatch`."""

    def __init__(
        self,
        token: Secret,
        api_url: str,
        watch: PollWatch,
        *,
        observe: Observe = lambda _method, _status: None,
    ) -> None:
        super().__init__(
            token.reveal(),
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=_ObservedRequest(observe, connections=32),
            # With a single connection one that hangs stops polling altogether.
            get_updates_request=_ObservedRequest(observe, connections=4),
        )
        self._watch = watch

    async def get_updates(self, *args: Any, **kwargs: Any) -> tuple[Update, ...]:
        """As the library's; raises nothing that would end its polling loop."""
        try:
            updates = await super().get_updates(*args, **kwargs)
        except InvalidToken as error:
            self._watch.failed(error)
            raise TelegramError("refused") from None
        except TelegramError as error:
            self._watch.failed(error)
            raise
        except Exception as error:
            log.exception("an answer of Telegram could not be read")
            raise TelegramError(type(error).__name__) from None
        self._watch.answered()
        return updates


class PollingIntake:
    """See `bot.intake.Intake`. A webhook that was set before is deleted by the library."""

    doing = "polling"

    def __init__(self, updater: Updater) -> None:
        self._updater = updater

    async def start(self, allowed_updates: Sequence[str]) -> None:
        """Poll for ever. Raises `TelegramError`."""
        await self._updater.start_polling(
            allowed_updates=allowed_updates,
            drop_pending_updates=False,
            # The watch has reported it already.
            error_callback=lambda _error: None,
        )

    async def stop(self) -> None:
        """End polling; Telegram is told what was stored."""
        if self._updater.running:
            await self._updater.stop()


class _ObservedRequest(HTTPXRequest):
    """The library's connections, with every request told to an observer."""

    def __init__(self, observe: Observe, *, connections: int) -> None:
        super().__init__(
            connection_pool_size=connections,
            connect_timeout=5.0,
            read_timeout=10.0,
            pool_timeout=10.0,
            httpx_kwargs={"trust_env": False},
        )
        self._observe = observe

    async def do_request(self, url: str, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """As the library's; the last part of a URL is the method's name."""
        method = url.rpartition("/")[2]
        try:
            status, body = await super().do_request(url, *args, **kwargs)
        except TelegramError:
            self._observe(method, NO_ANSWER)
            raise
        self._observe(method, status_word(status))
        return status, body
