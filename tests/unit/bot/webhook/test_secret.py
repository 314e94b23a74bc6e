from __future__ import annotations

import re

from bot.webhook.secret import webhook_secret
from utils.settings import Secret, Settings

SECRET = Secret("a secret of some length")


def settings(**environ: str) -> Settings:
    return Settings.load(environ, dotenv=None)


def test_what_is_set_is_used() -> None:
    given = settings(SEMBLANCE_WEBHOOK_SECRET="what-telegram-is-told")
    assert webhook_secret(given, secret=SECRET, bot_id=1).reveal() == "what-telegram-is-told"


def test_all_bots_come_to_the_same_one_which_others_do_not() -> None:
    made = webhook_secret(settings(), secret=SECRET, bot_id=1).reveal()
    assert webhook_secret(settings(), secret=SECRET, bot_id=1).reveal() == made
    assert webhook_secret(settings(), secret=SECRET, bot_id=2).reveal() != made
    assert webhook_secret(settings(), secret=Secret("another one"), bot_id=1).reveal() != made
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", made)
