"""Every Bot API method by name, and the one place where a call is dispatched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playground import describing, editing, receiving, sending
from playground.errors import BotApiError, UnknownMethod
from playground.parameters import Call
from playground.state import Playground

Method = Callable[[Playground, Call], Any]

METHODS: dict[str, Method] = {
    "getme": describing.get_me,
    "getchat": describing.get_chat,
    "setmycommands": describing.set_my_commands,
    "getmycommands": describing.get_my_commands,
    "deletemycommands": describing.delete_my_commands,
    "setmydescription": describing.set_my_description,
    "setmyshortdescription": describing.set_my_short_description,
    "getupdates": receiving.get_updates,
    "setwebhook": receiving.set_webhook,
    "deletewebhook": receiving.set_webhook,
    "getwebhookinfo": receiving.get_webhook_info,
    "getfile": receiving.get_file,
    "answercallbackquery": receiving.answer_callback_query,
    "sendmessage": sending.send_message,
    "sendphoto": sending.send_photo,
    "senddocument": sending.send_document,
    "sendchataction": sending.send_chat_action,
    "editmessagetext": editing.edit_message_text,
    "editmessagemedia": editing.edit_message_media,
    "editmessagecaption": editing.edit_message_caption,
    "editmessagereplymarkup": editing.edit_message_reply_markup,
    "deletemessage": editing.delete_message,
}


def dispatch(playground: Playground, call: Call) -> tuple[int, dict[str, Any]]:
    """The status and body that answer a call."""
    try:
        method = METHODS.get(call.method)
        if method is None:
            raise UnknownMethod
        result = method(playground, call)
    except BotApiError as error:
        playground.log.note(call.method, error.status, call.whole("chat_id"), error.description)
        return error.status, refusal(error)
    playground.log.note(call.method, 200, call.whole("chat_id"))
    if isinstance(result, receiving.Described):
        return 200, {"ok": True, "result": result.result, "description": result.description}
    return 200, {"ok": True, "result": result}


def refusal(error: BotApiError) -> dict[str, Any]:
    """An error in Telegram's shape."""
    return {"ok": False, "error_code": error.status, "description": error.description}
