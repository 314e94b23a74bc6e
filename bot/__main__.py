"""`python -m bot`: the Telegram process of Semblance."""

from __future__ import annotations

import argparse
import asyncio
import sys

from bot import exits, logs
from bot.application import BotProcess
from bot.work_queue import QueueBroken, QueueUnavailable, open_store
from bot.work_queue.store import SecondStart
from utils.errors import SettingsError
from utils.settings import Settings

_EXIT_CODES = """\
exit codes: 0 stopped as asked, 74 the queue file cannot be used, 75 another bot uses the same
token or queue file, 77 Telegram refuses the token, 78 a setting is missing or wrong"""


def main(arguments: list[str] | None = None) -> int:
    """Run the bot until it is told to stop; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bot",
        description="Takes photos and links from Telegram and has them annotated. "
        "Everything is set in the environment or .env: see docs/configuration.md.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    try:
        _run()
    except exits.Exit as reason:
        print(reason, file=sys.stderr)
        return reason.code
    return 0


def _run() -> None:
    try:
        settings = Settings.load()
        if settings.telegram_token is None:
            raise exits.Misconfigured(exits.NO_TOKEN)
        if settings.secret is None:
            raise exits.Misconfigured(exits.NO_SECRET)
        if settings.webhook_url is not None:
            raise exits.Misconfigured(exits.NO_WEBHOOK)
        logs.configure(settings.log)
        store = open_store(settings)
    except SettingsError as error:
        raise exits.Misconfigured(str(error)) from None
    except SecondStart as error:
        raise exits.InUse(str(error)) from None
    except (QueueBroken, QueueUnavailable) as error:
        raise exits.QueueFailed(str(error)) from None
    token, secret = settings.telegram_token, settings.secret

    async def run() -> None:
        await BotProcess(settings, token, secret, store).run()

    try:
        asyncio.run(run())
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(main())
