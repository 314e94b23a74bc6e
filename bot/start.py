"""Everything between the command line and a bot at work: settings, logs, the queue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from telegram.error import InvalidToken, TelegramError

from bot import exits, request_ids
from bot.application import BotProcess
from bot.polling import PollingBot, PollWatch
from bot.work_queue import QueueBroken, QueueUnavailable, Store, open_store
from bot.work_queue.store import SecondStart
from utils import crashes, logs
from utils.errors import SettingsError
from utils.settings import TELEGRAM, Secret, Settings

log = logging.getLogger(__name__)


_configure_logs = partial(logs.configure, request_id=request_ids.current)


def start(
    load: Callable[[], Settings] = Settings.load,
    configure_logs: Callable[[str, str], None] = _configure_logs,
) -> None:
    """Run the bot until it is told to stop. Raises `Exit` where it cannot start or go on."""
    settings, token, secret = _settings(load)
    configure_logs("bot", settings.log)
    crashes.log_what_nobody_caught()
    store = _store(settings)

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(crashes.of_a_loop)
        await BotProcess(settings, store, token=token, secret=secret).run()

    try:
        asyncio.run(run())
    except exits.Exit:
        raise
    except (QueueBroken, QueueUnavailable) as error:
        raise exits.QueueFailed(str(error)) from None
    except Exception:
        # Python's own traceback would print the error's words, and with them perhaps the token.
        log.exception("the bot cannot go on")
        raise exits.Broken(exits.BROKEN) from None
    finally:
        store.close()


def check(load: Callable[[], Settings] = Settings.load) -> None:
    """Raise `Exit` where `start` would end because only the operator can help.

    For whoever starts bots and would start this one again and again. A Telegram that cannot be
    reached is no reason: the bot waits for it.
    """
    settings, token, _ = _settings(load)

    async def introduce() -> None:
        async with PollingBot(token, settings.telegram_api_url, PollWatch(on_fatal=lambda: None)):
            pass

    try:
        asyncio.run(introduce())
    except InvalidToken:
        raise exits.WrongToken(exits.WRONG_TOKEN) from None
    except TelegramError:
        return


def _settings(load: Callable[[], Settings]) -> tuple[Settings, Secret, Secret]:
    try:
        settings = load()
    except SettingsError as error:
        raise exits.Misconfigured(str(error)) from None
    if settings.telegram_token is None:
        raise exits.Misconfigured(exits.NO_TOKEN)
    if settings.secret is None:
        raise exits.Misconfigured(exits.NO_SECRET)
    plain = (settings.webhook_url or "").startswith("http://")
    if plain and settings.telegram_api_url == TELEGRAM:
        raise exits.Misconfigured(exits.NOT_HTTPS)
    return settings, settings.telegram_token, settings.secret


def _store(settings: Settings) -> Store:
    try:
        return open_store(settings)
    except SettingsError as error:
        raise exits.Misconfigured(str(error)) from None
    except SecondStart as error:
        raise exits.InUse(str(error)) from None
    except (QueueBroken, QueueUnavailable) as error:
        raise exits.QueueFailed(str(error)) from None
