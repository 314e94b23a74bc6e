"""Hands queued jobs to the services, many at a time, and tells people what cannot be done."""

from __future__ import annotations

from bot.dispatcher.dispatcher import Dispatcher

__all__ = ["Dispatcher"]
