"""What an update asks for: pictures to look at, a sentence to say, or nothing.

A pure function of the update, so that a replayed update is read the same way again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from telegram import Message, MessageEntity, Update
from telegram.constants import ChatType

from bot import texts
from bot.receiver.authors import user_id_of
from bot.receiver.orders import ORDERS, Order, read_order
from bot.receiver.sources import TooLarge, announced_bytes, sources
from utils.errors import BadRequest
from utils.jobs import Job

log = logging.getLogger(__name__)

_COMMANDS = {"start": texts.START, "help": texts.HELP, "privacy": texts.PRIVACY}


@dataclass(frozen=True)
class Pictures:
    """Jobs to queue; `n_bytes` is the size of each one's file, 0 for links."""

    jobs: tuple[Job, ...]
    n_bytes: int = 0


@dataclass(frozen=True)
class Sentence:
    """Something to say."""

    text: str


@dataclass(frozen=True)
class Tap:
    """A button was tapped: Telegram waits for an acknowledgement."""


@dataclass(frozen=True)
class Deletion:
    """Somebody asks to be forgotten."""


@dataclass(frozen=True)
class Silence:
    """Nothing to do: not meant for this bot."""


Reading = Pictures | Sentence | Tap | Deletion | Order | Silence


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads updates for one bot. An empty `allowed_users` lets everybody in.

    `admins` are known by their ids alone: names can be chosen.
    """

    username: str
    bot_id: int
    allowed_users: frozenset[int] = frozenset()
    admins: frozenset[int] = frozenset()

    def read(self, update: Update, *, now: float) -> Reading:
        """What the update asks for; `now` becomes the jobs' `enqueued_at`. Never raises."""
        try:
            return self._read(update, now)
        except Exception:
            # Raising would make Telegram send the same update for ever, and nothing after it.
            log.exception("update %d could not be read", update.update_id)
            return Sentence(texts.OUR_FAULT)

    def _read(self, update: Update, now: float) -> Reading:
        message = update.message
        if message is None:
            return Tap() if update.callback_query is not None else Silence()
        private = message.chat.type == ChatType.PRIVATE
        if not private and not self._is_addressed(message):
            return Silence()
        command = self._command(message)
        always = self._always(command, message)
        if always is not None:
            return always
        if self.allowed_users and user_id_of(message) not in self.allowed_users:
            return Sentence(texts.NOT_ALLOWED) if private else Silence()
        if command is not None:
            return Sentence(_COMMANDS.get(command, texts.NO_LINK))
        reading = _pictures(update.update_id, message, now)
        # In a group only pictures are answered: a mention in passing is no request.
        return reading if private or isinstance(reading, Pictures) else Silence()

    def _always(self, command: str | None, message: Message) -> Reading | None:
        """What is answered whoever is let in; None for what depends on that."""
        if command in ORDERS and user_id_of(message) in self.admins:
            return read_order(command, message)
        if command == "delete":
            return Deletion()
        return Sentence(texts.PRIVACY) if command == "privacy" else None

    def _is_addressed(self, message: Message) -> bool:
        """Whether a message in a group is meant for this bot."""
        replied = message.reply_to_message
        author = replied.from_user if replied is not None else None
        if author is not None and author.id == self.bot_id:
            return True
        mention = f"@{self.username}".lower()
        entities = message.parse_entities() | message.parse_caption_entities()
        return any(
            text.lower() == mention
            if entity.type == MessageEntity.MENTION
            else entity.type == MessageEntity.BOT_COMMAND and text.lower().endswith(mention)
            for entity, text in entities.items()
        )

    def _command(self, message: Message) -> str | None:
        """The command that a message starts with, in lower case; None for no command of ours."""
        for entity, text in message.parse_entities([MessageEntity.BOT_COMMAND]).items():
            name, _, addressee = text[1:].lower().partition("@")
            if entity.offset == 0 and addressee in ("", self.username.lower()):
                return name
        return None


def _pictures(update_id: int, message: Message, now: float) -> Reading:
    try:
        found, n_bytes = sources(message), announced_bytes(message)
    except TooLarge:
        return Sentence(texts.TOO_LARGE)
    if not found:
        return Sentence(texts.NO_LINK if message.text else texts.NOT_A_PICTURE)
    jobs: list[Job] = []
    language = (message.from_user.language_code if message.from_user else None) or "en"
    for index, (kind, source) in enumerate(found):
        try:
            job = Job(
                update_id=update_id,
                index=index,
                user_id=user_id_of(message),
                chat_id=message.chat.id,
                message_thread_id=message.message_thread_id if message.is_topic_message else None,
                reply_to=message.message_id,
                kind=kind,
                source=source,
                language=language,
                enqueued_at=now,
            )
        except BadRequest:
            continue
        jobs.append(job)
    return Pictures(tuple(jobs), n_bytes) if jobs else Sentence(texts.BAD_LINK)
