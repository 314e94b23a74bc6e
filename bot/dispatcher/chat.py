"""What the dispatcher says in chats: missing status messages, and sentences instead of pictures."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Protocol

from bot import texts
from bot.work_queue import Claim, JobQueue
from utils.errors import ChatRefused, TelegramUnavailable
from utils.jobs import Job
from utils.telegram import ChatMoved, EditUnknown, MaybeSent, MessageGone


class Messages(Protocol):
    """The part of `TelegramApi` that is needed here."""

    def send_message(
        self, chat_id: int, text: str, *, reply_to: int, message_thread_id: int | None = None
    ) -> int:
        """Post a text as a reply; the new message's id."""
        ...

    def edit_text(self, chat_id: int, message_id: int, text: str) -> None:
        """Replace the text of a message."""
        ...

    def delete_message(self, chat_id: int, message_id: int) -> None:
        """Remove a message of the bot's own."""
        ...


class Chat:
    """Speaks to the owners of jobs. Raises `TelegramUnavailable`: try again later."""

    def __init__(self, messages: Messages, queue: JobQueue) -> None:
        self._messages, self._queue = messages, queue

    def with_status(self, claim: Claim) -> Job:
        """The job with a status message, posted now where it has none.

        A group that has moved is followed, and the job with it. Raises `ChatRefused` beside the
        usual, for then there is nobody to work for.
        """
        if claim.job.status_message_id is not None:
            return claim.job
        try:
            return self._posted(claim.job)
        except ChatMoved as error:
            moved = claim.job.with_(chat_id=error.chat_id)
        if not self._queue.renew(claim, moved):
            raise TelegramUnavailable("the group moved, and the lease was lost")
        try:
            return self._posted(moved)
        except ChatMoved:
            raise TelegramUnavailable("the group moved twice") from None

    def _posted(self, job: Job) -> Job:
        try:
            message_id = self._messages.send_message(
                job.chat_id,
                texts.LOOKING,
                reply_to=job.reply_to,
                message_thread_id=job.message_thread_id,
            )
        except MaybeSent as error:
            # Without its id the message cannot become the answer: a second one is needed.
            raise TelegramUnavailable(str(error)) from None
        counts = self._queue.note_status(job.id, message_id)
        if counts is not None and counts != message_id:
            with contextlib.suppress(TelegramUnavailable, ChatRefused, MessageGone):
                self._messages.delete_message(job.chat_id, message_id)
            message_id = counts
        return job.with_(status_message_id=message_id)

    def tell(self, claim: Claim, sentence: str) -> None:
        """Turn the job's status message into a sentence; where it is gone, another one.

        A text that is sent may be lost like any other send, but an edit can be repeated until it is
        heard of.
        """
        with contextlib.suppress(ChatRefused):
            job = self.with_status(claim)
            try:
                self._turn(job, sentence)
            except EditUnknown:
                self._say(job, sentence)
            except MessageGone as error:
                chat_id = error.chat_id if isinstance(error, ChatMoved) else job.chat_id
                self._tell_anew(claim, job.with_(chat_id=chat_id), sentence)

    def _tell_anew(self, claim: Claim, job: Job, sentence: str) -> None:
        job = job.with_(status_message_id=None, attempt=0, renewals=job.renewals + 1)
        # Without the lease it is another's to say.
        if self._queue.renew(claim, job):
            with contextlib.suppress(MessageGone):
                self._turn(self.with_status(replace(claim, job=job)), sentence)

    def _turn(self, job: Job, sentence: str) -> None:
        if job.status_message_id is not None:
            self._messages.edit_text(job.chat_id, job.status_message_id, sentence)

    def _say(self, job: Job, sentence: str) -> None:
        with contextlib.suppress(MaybeSent, MessageGone):
            self._messages.send_message(
                job.chat_id,
                sentence,
                reply_to=job.reply_to,
                message_thread_id=job.message_thread_id,
            )
