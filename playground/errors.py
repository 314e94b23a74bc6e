"""What the two sides refuse: Bot API errors in Telegram's words, people's errors in ours.

PlaygroundError
|-- BotApiError         a status and a description, as Telegram writes them
|   |-- BadCall         400 "Bad Request: ..."
|   |-- Unauthorized    401
|   |-- UnknownMethod   404
|   `-- Conflict        409 "Conflict: ..."
`-- PersonRefused       4xx with a code and a sentence for the page
"""

from __future__ import annotations


class PlaygroundError(Exception):
    """The root: a request that is answered with an error."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status, self.description = status, description


class BotApiError(PlaygroundError):
    """A call that Telegram would refuse."""


class BadCall(BotApiError):
    """Wrong or missing parameters, or a target that does not exist."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, f"Bad Request: {reason}")


class Unauthorized(BotApiError):
    """Not this bot's token."""

    def __init__(self) -> None:
        super().__init__(401, "Unauthorized")


class UnknownMethod(BotApiError):
    """A method that the playground does not have."""

    def __init__(self) -> None:
        super().__init__(404, "Not Found: method not found")


class Conflict(BotApiError):
    """Two ways of getting updates at once."""

    def __init__(self, reason: str) -> None:
        super().__init__(409, f"Conflict: {reason}")


class PersonRefused(PlaygroundError):
    """Something the page cannot send; `code` is for programs, the description for people."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(status, sentence)
        self.code = code
