"""What shows that a call comes from Telegram: a word that Telegram was told and sends along."""

from __future__ import annotations

import hmac

from utils.settings import Secret, Settings

_PURPOSE = b"the webhook of bot "


def webhook_secret(settings: Settings, *, secret: Secret, bot_id: int) -> Secret:
    """SEMBLANCE_WEBHOOK_SECRET, or one that follows from SEMBLANCE_SECRET.

    All bots on one token come to the same one, and Telegram, which is told it, learns nothing of
    SEMBLANCE_SECRET.
    """
    if settings.webhook_secret is not None:
        return settings.webhook_secret
    purpose = _PURPOSE + str(bot_id).encode()
    return Secret(hmac.new(secret.reveal().encode(), purpose, "sha256").hexdigest())
