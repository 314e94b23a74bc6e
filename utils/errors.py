"""Every failure as a type with three faces: a log text, a public sentence and an HTTP status.

    SemblanceError                      500
    |-- SettingsError                   a wrong setting; stops the start with one sentence
    |-- ModelError                      weights missing, altered or not what the manifest says
    |-- OutputError                     results cannot be kept; stops a command with one sentence
    |-- RequestRefused                  4xx: can never succeed, retrying is pointless
    |   |-- BadRequest                  400
    |   |-- NotSigned                   403
    |   |-- ImageTooLarge               413
    |   |-- NotAnImage                  422
    |   |-- ImageBroken                 422
    |   |-- Unreadable                  422
    |   |-- NoFace                      422
    |   |-- UrlRefused                  422
    |   |-- UrlUnreachable              422
    |   |-- UrlTooSlow                  422
    |   |-- FileGone                    422
    |   `-- ChatRefused                 422
    `-- Unavailable                     503: may succeed later, carries retry_after_s
        |-- Busy                        503
        |-- TooManyRequests             429
        `-- TelegramUnavailable         502

`str(error)` is the log text. The public sentence never holds a path, a token or a stranger's URL.
Foreign errors (requests, cv2, PIL, onnxruntime) are translated once, in the module that calls the
library; what is not in this tree becomes a plain 500.
"""

from __future__ import annotations

from typing import ClassVar


class SemblanceError(Exception):
    """The root: something of ours failed; `log_text` is for the operator's eyes alone.

    `reason` is a short word that logs and counters group by, finer than `code`, such as
    `private_address`; without one it is the code.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    sentence: ClassVar[str] = "Something broke on our side. Please send it again in a minute."

    def __init__(
        self, log_text: str = "", *, reason: str = "", sentence: str | None = None
    ) -> None:
        super().__init__(log_text or self.code)
        self.reason = reason or self.code
        self.public_sentence = sentence or self.sentence


class SettingsError(SemblanceError):
    """A setting that cannot be used; the log text is the sentence the operator reads."""

    code = "settings"


class ModelError(SemblanceError):
    """A network that cannot be loaded or that is not the one the manifest describes."""

    code = "model"


class OutputError(SemblanceError):
    """Results that cannot be written, or a file that is not ours; the log text is for the user."""

    code = "output"


class RequestRefused(SemblanceError):
    """The request can never succeed as it is."""

    status = 400
    code = "bad_request"
    sentence = "I could not understand this request."


class BadRequest(RequestRefused):
    """Fields missing, malformed or of the wrong type."""


class NotSigned(RequestRefused):
    """An internal route was called without a valid signature."""

    status = 403
    code = "not_signed"
    sentence = "This route is for the bot alone."


class ImageTooLarge(RequestRefused):
    """More bytes or pixels than the limits allow."""

    status = 413
    code = "image_too_large"
    sentence = "This picture is too large. Please send a smaller one."


class NotAnImage(RequestRefused):
    """Bytes of no picture format that we read."""

    status = 422
    code = "not_an_image"
    sentence = "This is not a picture I can read. Please send a JPEG, PNG, WebP, GIF, BMP or TIFF."


class ImageBroken(RequestRefused):
    """A picture by its header, but truncated or damaged."""

    status = 422
    code = "image_broken"
    sentence = "This picture seems to be damaged. Please try another copy of it."


class Unreadable(RequestRefused):
    """A file of the caller's own that is not there, is no file, or may not be read."""

    status = 422
    code = "unreadable"
    sentence = "This file cannot be read."


class NoFace(RequestRefused):
    """A route that must answer for one face found none."""

    status = 422
    code = "no_face"
    sentence = "I found no face in this picture."


class UrlRefused(RequestRefused):
    """A URL whose scheme, port, credentials or address we do not fetch from."""

    status = 422
    code = "url_refused"
    sentence = "I only fetch pictures from public http and https addresses."


class UrlUnreachable(RequestRefused):
    """The server of a URL could not be found or reached, or answered with an error."""

    status = 422
    code = "url_unreachable"
    sentence = "I could not fetch this address. Please check it, or send me the picture itself."


class UrlTooSlow(RequestRefused):
    """The server of a URL did not deliver within the time limit."""

    status = 422
    code = "url_too_slow"
    sentence = "That server took too long. Please send me the picture itself."


class FileGone(RequestRefused):
    """Telegram no longer knows the file, or will not hand it to a bot (over its 20 MB)."""

    status = 422
    code = "file_gone"
    sentence = "Telegram would not hand me this file. Please send it again, below 20 MB."


class ChatRefused(RequestRefused):
    """Telegram refuses the chat for good: the bot was blocked or removed, the chat is gone."""

    status = 422
    code = "chat_refused"
    sentence = "I cannot write to this chat."


class Unavailable(SemblanceError):
    """Not now; the same request may succeed after `retry_after_s` seconds."""

    status = 503
    code = "unavailable"
    sentence = "I am busy right now. Please try again in a moment."

    def __init__(
        self,
        log_text: str = "",
        *,
        reason: str = "",
        retry_after_s: float = 1.0,
        sentence: str | None = None,
    ) -> None:
        super().__init__(log_text, reason=reason, sentence=sentence)
        self.retry_after_s = retry_after_s


class Busy(Unavailable):
    """All inference slots and the short line before them are taken."""

    code = "busy"


class TooManyRequests(Unavailable):
    """A caller comes more often than its key allows."""

    status = 429
    code = "too_many_requests"
    sentence = "These are too many requests at once. Please slow down."


class TelegramUnavailable(Unavailable):
    """Telegram did not answer, answered 5xx, or asked to wait (429)."""

    status = 502
    code = "telegram_unavailable"
    sentence = "Telegram does not answer right now."
