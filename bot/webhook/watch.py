"""What Telegram says about the webhook: whether it calls ours, and how that goes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from telegram import WebhookInfo

log = logging.getLogger(__name__)

DELETED = (
    "The webhook was deleted, by another program that polls with the same token or with a Bot API "
    "server that began anew: it is set again."
)
OTHER_WEBHOOK = (
    "Telegram calls another webhook than SEMBLANCE_WEBHOOK_URL: another program with the same "
    "token has set one of its own. Stop it, then start the bots anew."
)


class WebhookWatch:
    """The last `getWebhookInfo` in figures; each change for the worse is logged once."""

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        calendar: Callable[[], float] = time.time,
    ) -> None:
        self._url, self._clock, self._calendar = url, clock, calendar
        self._updated_at = clock()
        self._failed_at: float | None = None
        self.registered = True
        self.pending = 0

    def seconds_since_last_update(self) -> float:
        """How long ago an update came; since the start where none did. Nights are long."""
        return self._clock() - self._updated_at

    def seconds_since_last_failure(self) -> float:
        """How long ago Telegram's last call failed, at whichever bot; infinite where none did."""
        if self._failed_at is None:
            return float("inf")
        return max(0.0, self._calendar() - self._failed_at)

    def updated(self) -> None:
        """An update was stored."""
        self._updated_at = self._clock()

    def told(self, info: WebhookInfo) -> bool:
        """Telegram answered `getWebhookInfo`; whether the webhook has to be set again.

        Another program's is left alone: two that set theirs in turns would be worse.
        """
        self.pending = info.pending_update_count
        registered = _plain(info.url) == _plain(self._url)
        if self.registered and not registered:
            log.error("%s", OTHER_WEBHOOK if info.url else DELETED)
        elif registered and not self.registered:
            log.info("Telegram calls SEMBLANCE_WEBHOOK_URL again")
        self.registered = registered
        failed_at = info.last_error_date.timestamp() if info.last_error_date else None
        if failed_at != self._failed_at and failed_at is not None and self.pending:
            log.warning(
                "Telegram's calls of SEMBLANCE_WEBHOOK_URL fail: %s", info.last_error_message
            )
        self._failed_at = failed_at
        return not info.url


def _plain(url: str) -> tuple[str, str | None, int, str]:
    """What a URL leads to, however it is written."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, parts.hostname, port, parts.path
