"""Who wrote a message or tapped a button: by id, for names are chosen by whoever bears them."""

from __future__ import annotations

from telegram import Message, Update


def user_id_of(message: Message) -> int:
    """Whose message it is; whoever writes in the name of a chat counts as that chat."""
    if message.sender_chat is not None:
        return message.sender_chat.id
    return message.from_user.id if message.from_user is not None else message.chat.id


def author_id(update: Update) -> int | None:
    """Whose update it is; None where it is nobody's."""
    if update.callback_query is not None:
        return update.callback_query.from_user.id
    return None if update.message is None else user_id_of(update.message)
