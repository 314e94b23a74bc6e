"""Lets Telegram send the updates: listens, says where, and watches how that goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from telegram.error import BadRequest, TelegramError

from bot.exits import Misconfigured
from bot.intake import Refused
from bot.metrics import Metrics
from bot.polling import PollingBot, PollWatch
from bot.receiver.updates import DurableUpdates
from bot.webhook.calls import WebhookCalls
from bot.webhook.secret import webhook_secret
from bot.webhook.server import WebhookServer
from bot.webhook.watch import WebhookWatch
from utils.settings import Secret, Settings

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 30.0


class WebhookIntake:
    """See `bot.intake.Intake`. Any number of bots may have the same webhook.

    It outlives them: what stops one bot must not silence the others, nor the next start.
    """

    def __init__(
        self,
        settings: Settings,
        bot: PollingBot,
        updates: DurableUpdates,
        *,
        secret: Secret,
        metrics: Metrics,
        watch: PollWatch,
    ) -> None:
        assert settings.webhook_url is not None  # noqa: S101 - webhook mode has one
        self._url, self._address = settings.webhook_url, settings.webhook_bind
        self._bot, self._answers = bot, watch
        self._secret: Callable[[], Secret] = lambda: webhook_secret(
            settings, secret=secret, bot_id=bot.id
        )
        self._watch = WebhookWatch(self._url)
        metrics.watch_webhook(
            registered=lambda: self._watch.registered,
            pending=lambda: self._watch.pending,
            since_failure_s=self._watch.seconds_since_last_failure,
            since_update_s=self._watch.seconds_since_last_update,
        )
        calls = WebhookCalls(
            updates,
            bot,
            self._secret,
            on_update=self._watch.updated,
            observe=metrics.webhook_call,
        )
        self._server = WebhookServer(calls)
        self._port: int | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def doing(self) -> str:
        """What the log says that the bot does."""
        host = f"[{self._address[0]}]" if ":" in self._address[0] else self._address[0]
        return f"listening at {host}:{self._port} for what Telegram sends"

    async def start(self, allowed_updates: Sequence[str]) -> None:
        """Listen, then have Telegram call. May be tried again after a `TelegramError`."""
        if self._port is None:
            self._port = await self._server.start(self._address)
        await self._register(allowed_updates)
        self._answers.answered()
        self._looking = asyncio.create_task(self._look_for_ever(allowed_updates))

    async def _register(self, allowed_updates: Sequence[str]) -> None:
        try:
            await self._bot.set_webhook(
                self._url,
                allowed_updates=allowed_updates,
                secret_token=self._secret().reveal(),
                drop_pending_updates=False,
            )
        except BadRequest as error:
            reason = f"Telegram refuses SEMBLANCE_WEBHOOK_URL: {error.message}."
            raise Refused(Misconfigured(reason)) from None

    async def stop(self) -> None:
        """Take no more calls; those that are being taken are answered."""
        if self._looking is not None:
            self._looking.cancel()
        await self._server.stop()

    async def _look_for_ever(self, allowed_updates: Sequence[str]) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                if self._watch.told(await self._bot.get_webhook_info()):
                    await self._register(allowed_updates)
            except TelegramError as error:
                self._answers.failed(error)
            except Exception:
                log.exception("an answer of Telegram could not be read")
            else:
                self._answers.answered()
