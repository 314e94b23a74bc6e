"""Methods by which the bot receives: getUpdates, the webhook ones, getFile, callback answers."""

from __future__ import annotations

import re
from typing import Any

from playground.addresses import refuse_webhook_url
from playground.errors import BadCall
from playground.files import looks_like_file_id
from playground.parameters import Call
from playground.state import Playground
from playground.updates import Webhook

MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024


class Described:
    """A result that Telegram sends with a sentence beside it."""

    def __init__(self, result: Any, description: str) -> None:
        self.result, self.description = result, description


def get_updates(playground: Playground, call: Call) -> list[dict[str, Any]]:
    """https://core.telegram.org/bots/api#getupdates."""
    _allow(playground, call)
    return playground.updates.poll(
        call.whole("offset"), call.within("limit", 100, 1, 100), call.within("timeout", 0, 0, 50)
    )


def _allow(playground: Playground, call: Call) -> None:
    if call.text("allowed_updates"):
        kinds = call.parsed("allowed_updates", "allowed updates")
        if isinstance(kinds, list):
            playground.updates.allowed = tuple(str(kind) for kind in kinds)


def set_webhook(playground: Playground, call: Call) -> Described:
    """https://core.telegram.org/bots/api#setwebhook; of certificates there are none."""
    url = call.text("url") if call.method == "setwebhook" else ""
    if url:
        refuse_webhook_url(url)
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", call.text("secret_token")):
        raise BadCall("secret token contains unallowed characters")
    _allow(playground, call)
    webhook = (
        Webhook(url, call.text("secret_token"), call.within("max_connections", 40, 1, 100))
        if url
        else Webhook()
    )
    changed = playground.updates.set_webhook(
        webhook, drop_pending=call.flag("drop_pending_updates")
    )
    if url:
        playground.delivery.start()
    done = "set" if url else "deleted"
    return Described(True, f"Webhook was {done}" if changed else f"Webhook is already {done}")


def get_webhook_info(playground: Playground, _call: Call) -> dict[str, Any]:
    """https://core.telegram.org/bots/api#getwebhookinfo."""
    updates = playground.updates
    info: dict[str, Any] = {
        "url": updates.webhook.url,
        "has_custom_certificate": False,
        "pending_update_count": updates.pending,
    }
    if updates.webhook.url:
        info["max_connections"] = updates.webhook.max_connections
    if updates.failure is not None:
        info["last_error_date"] = updates.failure.date
        info["last_error_message"] = updates.failure.message
    if updates.allowed:
        info["allowed_updates"] = list(updates.allowed)
    return info


def get_file(playground: Playground, call: Call) -> dict[str, Any]:
    """https://core.telegram.org/bots/api#getfile."""
    file_id = call.text("file_id")
    if not file_id:
        raise BadCall("file_id not specified")
    file = playground.files.by_file_id(file_id)
    if file is None:
        gone = "wrong file_id or the file is temporarily unavailable"
        raise BadCall(gone if looks_like_file_id(file_id) else "invalid file_id")
    if len(file.data) > MAX_DOWNLOAD_BYTES:
        raise BadCall("file is too big")
    return {
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": len(file.data),
        "file_path": file.path,
    }


def answer_callback_query(playground: Playground, call: Call) -> bool:
    """https://core.telegram.org/bots/api#answercallbackquery."""
    if not playground.answer_query(call.text("callback_query_id")):
        raise BadCall("query is too old and response timeout expired or query ID is invalid")
    return True
