"""A job: what the bot queues and what it asks a service to do.

A job never holds bytes, a token or a getFile URL (which contains the token): it may lie in a
queue's file for as long as it waits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from utils.errors import BadRequest

REQUEST_ID_HEADER = "X-Request-ID"

Kind = Literal["file_id", "url"]
_KINDS = get_args(Kind)
_MAX_SOURCE_CHARACTERS = 4096


@dataclass(frozen=True, kw_only=True)
class Job:
    """One picture to annotate for one message.

    `source` is the file_id or the URL, told apart by `kind`. `update_id` and `index` (the place
    of the picture within its update) name a job for ever: the same update seen twice makes no
    second job. `enqueued_at` is seconds since the epoch. `reply_to` is the message with the
    picture, `status_message_id` the bot's own message that the answer will replace, `renewals` how
    often that one was of no use any more and another took its place.
    """

    update_id: int
    index: int
    user_id: int
    chat_id: int
    reply_to: int
    kind: Kind
    source: str
    enqueued_at: float
    message_thread_id: int | None = None
    status_message_id: int | None = None
    language: str = "en"
    options: dict[str, Any] = field(default_factory=dict)
    attempt: int = 0
    renewals: int = 0

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise BadRequest(f"a job of unknown kind {self.kind!r}")
        if not 0 < len(self.source) <= _MAX_SOURCE_CHARACTERS:
            raise BadRequest(f"a job with a source of {len(self.source)} characters")

    @property
    def id(self) -> str:
        """Unique and stable: `<update_id>-<index>`; also the request_id of its requests."""
        return f"{self.update_id}-{self.index}"

    def with_(self, **changes: Any) -> Job:
        """A copy with other values."""
        return replace(self, **changes)

    def encode(self) -> bytes:
        """The job as JSON in UTF-8, the same bytes for the same job."""
        # Not `asdict`, which copies what is only written down: a tenth of what a job costs the bot.
        return json.dumps(vars(self), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> Job:
        """A job from `encode`'s bytes; unknown fields are ignored. Raises `BadRequest`."""
        try:
            shape = json.loads(data)
            known = {spec.name: spec for spec in fields(cls)}
            job = cls(**{name: value for name, value in shape.items() if name in known})
        except (ValueError, TypeError, AttributeError) as error:
            raise BadRequest(f"not a job: {error.__class__.__name__}") from None
        whole = [job.update_id, job.index, job.user_id, job.chat_id, job.reply_to]
        whole += [job.attempt, job.renewals]
        if not all(type(value) is int for value in whole) or not isinstance(job.source, str):
            raise BadRequest("a job with fields of the wrong type")
        return job
