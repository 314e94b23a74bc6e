"""Updates that Telegram sends by itself: with these, several bots share one token and one queue."""

from __future__ import annotations

from bot.webhook.intake import WebhookIntake

__all__ = ["WebhookIntake"]
