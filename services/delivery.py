"""The answer in the chat: the status message becomes the picture, or a new message brings it.

An edit may be repeated without harm, so a job that runs twice shows its picture once. A send
cannot; it is used only where there is nothing to edit, or where the operator chose it. Where the
status message is gone, or the whole group has moved, the bot is told so: it alone can write down
that there is another one before the picture goes into it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from services import wording
from utils.errors import SemblanceError
from utils.jobs import Job
from utils.pipeline import Annotated
from utils.telegram import EditUnknown, MaybeSent, MessageGone

_log = logging.getLogger("services.delivery")

# A chat in which every status message vanishes gets its answer as a message of its own.
MOST_RENEWALS = 2


class Chats(Protocol):
    """The calls of `utils.telegram.TelegramApi` that a delivery makes."""

    def send_message(
        self, chat_id: int, text: str, *, reply_to: int, message_thread_id: int | None = None
    ) -> int:
        """Post a text as a reply; its message id."""

    def edit_text(self, chat_id: int, message_id: int, text: str) -> None:
        """Replace the text of a message."""

    def delete_message(self, chat_id: int, message_id: int) -> None:
        """Remove a message of the bot's own."""

    def edit_photo(
        self, chat_id: int, message_id: int, picture: bytes, *, caption: str, document: bool = False
    ) -> None:
        """Turn a message into a photo."""

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
        """Post a photo as a reply."""


class Delivery:
    """Answers jobs in their chats; `mode` is the setting SEMBLANCE_DELIVERY."""

    def __init__(self, chats: Chats, mode: str) -> None:
        self._chats, self._edits = chats, mode == "edit"

    def deliver(self, job: Job, annotated: Annotated) -> None:
        """Show what was found.

        Raises `TelegramUnavailable` and `ChatRefused`; `MessageGone` and `ChatMoved` where another
        status message is needed first.
        """
        try:
            if not annotated.analysis.faces:
                self._tell(job, wording.NO_FACE)
            elif not (self._edits and self._edit(job, annotated)):
                self._send(job, annotated)
                self._tidy_up(job, self._chats.delete_message)
        except MaybeSent as error:
            # Sending again could show it twice, which nobody can undo; the person can ask again.
            _log.warning("taken as delivered: %s", error)
            self._tidy_up(job, self._chats.edit_text, wording.MAYBE_SENT)

    def _edit(self, job: Job, annotated: Annotated) -> bool:
        """Turn the status message into the picture; False where there is none any more."""
        if job.status_message_id is None:
            return False
        picture = annotated.picture
        try:
            self._chats.edit_photo(
                job.chat_id,
                job.status_message_id,
                picture.data,
                caption=wording.caption(annotated.analysis),
                document=picture.as_document,
            )
        except MessageGone as error:
            self._give_up_status(job, error)
            return False
        return True

    @staticmethod
    def _give_up_status(job: Job, error: MessageGone) -> None:
        """Return where the answer is to come as a new message. Raises `error` where not yet."""
        if job.renewals < MOST_RENEWALS and not isinstance(error, EditUnknown):
            raise error
        _log.info("sent as a new message: %s", error)

    def _send(self, job: Job, annotated: Annotated) -> None:
        self._chats.send_photo(
            job.chat_id,
            annotated.picture.data,
            caption=wording.caption(annotated.analysis),
            reply_to=job.reply_to,
            message_thread_id=job.message_thread_id,
            document=annotated.picture.as_document,
        )

    def _tidy_up(self, job: Job, change: Callable[..., None], *values: str) -> None:
        """Change the status message if it can be: the answer is out, so a failure is no matter."""
        if job.status_message_id is None:
            return
        try:
            change(job.chat_id, job.status_message_id, *values)
        except SemblanceError as error:
            _log.info("the status message stays as it was: %s", error)

    def _tell(self, job: Job, text: str) -> None:
        if job.status_message_id is not None:
            try:
                self._chats.edit_text(job.chat_id, job.status_message_id, text)
            except MessageGone as error:
                self._give_up_status(job, error)
            else:
                return
        self._chats.send_message(
            job.chat_id, text, reply_to=job.reply_to, message_thread_id=job.message_thread_id
        )
