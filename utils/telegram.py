"""The few Bot API calls that services and the dispatcher thread make, with `requests`.

Every failure leaves this module as one of ours; its text never holds the token, which every Bot
API URL contains. An edit may be repeated without harm; a send has no idempotency key, so what may
have arrived is never sent again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from utils.errors import ChatRefused, FileGone, ImageTooLarge, SemblanceError, TelegramUnavailable
from utils.settings import Secret

_TIMEOUT_S = (5.0, 30.0)
_NOT_MODIFIED = "message is not modified"
_MESSAGE_GONE = (
    "message to edit not found",
    "message to delete not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
    "there is no media in the message to edit",
)
_FILE_GONE = ("file_id", "file is too big", "file is temporarily unavailable", "file not found")
_TELLING_STATUSES = (200, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504)

NO_ANSWER = "no_answer"

# Told of every request: its method, and `status_word` of the answer or NO_ANSWER.
Observe = Callable[[str, str], None]


class MessageGone(SemblanceError):
    """The message to edit is gone: a new one is needed."""

    status = 409
    code = "message_gone"
    sentence = "The message that was to become the answer is gone; the bot posts another one."


class EditUnknown(MessageGone):
    """A Bot API server that does not know the edit at all: send instead."""

    code = "edit_unknown"


class ChatMoved(MessageGone):
    """The group became a supergroup, `chat_id`, in which none of its messages can be edited."""

    code = "chat_moved"

    def __init__(self, chat_id: int) -> None:
        super().__init__("the group became a supergroup")
        self.chat_id = chat_id


class MaybeSent(SemblanceError):
    """The connection broke after a send went out: it may have arrived, so it is not repeated."""

    code = "maybe_sent"


class TelegramApi:
    """One bot's Bot API over a pool of kept connections; may be used from many threads.

    All methods raise `TelegramUnavailable` (try again later) and `ChatRefused` (never again), those
    that write in a chat `ChatMoved`.
    """

    def __init__(
        self, token: Secret, api_url: str, *, observe: Observe = lambda _method, _status: None
    ) -> None:
        self._token, self._api_url, self._observe = token, api_url, observe
        self._session = requests.Session()
        self._session.trust_env = False
        adapter = HTTPAdapter(pool_maxsize=16, pool_block=True)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        """Drop the kept connections."""
        self._session.close()

    def get_file(self, file_id: str, *, max_bytes: int) -> bytes:
        """The bytes of a file. Raises `FileGone` and `ImageTooLarge` beside the usual two."""
        path = self._call("getFile", {"file_id": file_id}, repeatable=True).get("file_path")
        if not path:
            raise FileGone("getFile answered without a file_path")
        url = f"{self._api_url}/file/bot{self._token.reveal()}/{path}"
        try:
            with self._asked(
                "download", "GET", url, stream=True, allow_redirects=False
            ) as response:
                if response.status_code in (400, 404, 410):
                    raise FileGone(f"file download answered {response.status_code}")
                if response.status_code != 200:
                    raise TelegramUnavailable(f"file download answered {response.status_code}")
                data = bytearray()
                for piece in response.iter_content(1 << 16):
                    data += piece
                    if len(data) > max_bytes:
                        raise ImageTooLarge(f"file of more than {max_bytes} bytes")
        except requests.RequestException as error:
            raise TelegramUnavailable(f"file download: {type(error).__name__}") from None
        return bytes(data)

    def send_message(
        self, chat_id: int, text: str, *, reply_to: int, message_thread_id: int | None = None
    ) -> int:
        """Post a text as a reply; the new message's id. Raises `MaybeSent`."""
        fields = _reply(chat_id, reply_to, message_thread_id) | {"text": text}
        return int(self._send("sendMessage", fields)["message_id"])

    def edit_text(self, chat_id: int, message_id: int, text: str) -> None:
        """Replace the text of a message. Raises `MessageGone`, `EditUnknown`."""
        fields = {"chat_id": chat_id, "message_id": message_id, "text": text}
        self._edit("editMessageText", fields)

    def delete_message(self, chat_id: int, message_id: int) -> None:
        """Remove a message of the bot's own. Raises `MessageGone`."""
        self._edit("deleteMessage", {"chat_id": chat_id, "message_id": message_id})

    def edit_photo(
        self, chat_id: int, message_id: int, picture: bytes, *, caption: str, document: bool = False
    ) -> None:
        """Turn a message into a photo, or a document. Raises `MessageGone`, `EditUnknown`."""
        kind = "document" if document else "photo"
        media = {"type": kind, "media": "attach://picture", "caption": caption}
        fields = {"chat_id": chat_id, "message_id": message_id, "media": json.dumps(media)}
        self._edit("editMessageMedia", fields, {"picture": _file(picture)})

    def send_photo(
        self,
        chat_id: int,
        picture: bytes,
        *,
        caption: str,
        reply_to: int,
        message_thread_id: int | None = None,
        document: bool = False,
    ) -> None:
        """Post a photo (or a document) as a reply. Raises `MaybeSent`."""
        fields = _reply(chat_id, reply_to, message_thread_id) | {"caption": caption}
        kind = "document" if document else "photo"
        self._send("sendDocument" if document else "sendPhoto", fields, {kind: _file(picture)})

    def _edit(self, method: str, fields: dict[str, Any], files: Any = None) -> None:
        self._call(method, fields, files, repeatable=True)

    def _send(self, method: str, fields: dict[str, Any], files: Any = None) -> dict[str, Any]:
        return self._call(method, fields, files, repeatable=False)

    def _call(
        self, method: str, fields: dict[str, Any], files: Any = None, *, repeatable: bool
    ) -> dict[str, Any]:
        url = f"{self._api_url}/bot{self._token.reveal()}/{method}"
        try:
            response = self._asked(method, "POST", url, data=fields, files=files)
            answer = response.json()
        except requests.RequestException as error:
            if repeatable or _never_connected(error):
                raise TelegramUnavailable(f"{method}: {type(error).__name__}") from None
            raise MaybeSent(f"{method}: {type(error).__name__}") from None
        if isinstance(answer, dict) and answer.get("ok"):
            result = answer.get("result")
            return result if isinstance(result, dict) else {}
        if response.status_code >= 500 and not repeatable:
            raise MaybeSent(f"{method}: {response.status_code}")
        raise_for(method, response.status_code, answer if isinstance(answer, dict) else {})
        return {}

    def _asked(self, name: str, verb: str, url: str, **details: Any) -> requests.Response:
        try:
            response = self._session.request(verb, url, timeout=_TIMEOUT_S, **details)
        except requests.RequestException:
            self._observe(name, NO_ANSWER)
            raise
        self._observe(name, status_word(response.status_code))
        return response


def status_word(status: int) -> str:
    """A status of the Bot API, one of few words: whatever a broken server makes up is `other`."""
    return str(status) if status in _TELLING_STATUSES else "other"


def raise_for(method: str, status: int, answer: dict[str, Any]) -> None:
    """Raise our error for a Bot API refusal; return where the refusal means success.

    Telegram tells most refusals apart by the `description` alone, which is English and stable.
    """
    text = str(answer.get("description", ""))
    what = f"{method}: {status} {text[:120]}"
    parameters = answer.get("parameters") or {}
    if "migrate_to_chat_id" in parameters:
        raise ChatMoved(int(parameters["migrate_to_chat_id"]))
    lower = text.lower()
    if _NOT_MODIFIED in lower:
        return
    if status == 429:
        raise TelegramUnavailable(what, retry_after_s=float(parameters.get("retry_after", 1)))
    if status == 413:
        raise ImageTooLarge(what)
    if method.startswith(("edit", "delete")):
        if status == 404:
            raise EditUnknown(what)
        if any(part in lower for part in _MESSAGE_GONE):
            raise MessageGone(what)
    if method == "getFile" and status == 400 and any(part in lower for part in _FILE_GONE):
        raise FileGone(what)
    if status in (400, 403):
        raise ChatRefused(what)
    raise TelegramUnavailable(what)


def _reply(chat_id: int, reply_to: int, message_thread_id: int | None) -> dict[str, Any]:
    reply = {"message_id": reply_to, "allow_sending_without_reply": True}
    fields: dict[str, Any] = {"chat_id": chat_id, "reply_parameters": json.dumps(reply)}
    if message_thread_id is not None:
        fields["message_thread_id"] = message_thread_id
    return fields


def _file(picture: bytes) -> tuple[str, bytes, str]:
    return (
        ("semblance.png", picture, "image/png")
        if picture[:4] == b"\x89PNG"
        else ("semblance.jpg", picture, "image/jpeg")
    )


def _never_connected(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError")
