"""The playground's whole state, behind one lock: chats, updates, files and the bot's profile."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from playground.call_log import CallLog
from playground.chats import Chat, Entry, Message, Sender
from playground.delivery import Delivery
from playground.files import FileStore
from playground.profile import Profile
from playground.updates import UpdateQueue

MAX_MESSAGES = 20_000
# Telegram's own words for the parts of a message that an edit may change.
_CONTENT = (
    "text", "entities", "caption", "caption_entities", "photo", "document", "reply_markup",
)  # fmt: skip


class Playground:
    """One bot and the people who write to it; safe to use from many threads."""

    def __init__(self, token: str, *, max_file_bytes: int = 400_000_000) -> None:
        self.token = token
        self.run = secrets.token_hex(8)
        self.profile = Profile(int(token.partition(":")[0]))
        self.files = FileStore(max_file_bytes)
        self.updates = UpdateQueue()
        self.delivery = Delivery(self.updates)
        self.log = CallLog()
        self._changed = threading.Condition()
        self._chats: OrderedDict[int, Chat] = OrderedDict()
        self._guests = itertools.count(1)
        self._message_ids = itertools.count(1)
        self._queries: OrderedDict[str, None] = OrderedDict()
        self._closed = False

    def chat(self, chat_id: int) -> Chat | None:
        """A chat that somebody has opened."""
        return self._chats.get(chat_id)

    def open_chat(self, chat_id: int, language: str = "") -> Chat:
        """The chat of a person, made on first use."""
        with self._changed:
            chat = self._chats.get(chat_id)
            if chat is None:
                chat = self._chats[chat_id] = Chat(chat_id, f"Guest {next(self._guests)}")
            self._chats.move_to_end(chat_id)
            chat.language = language or chat.language
            return chat

    def write(self, chat: Chat, contents: Sequence[Message]) -> tuple[list[int], list[int]]:
        """A person's messages (several are an album): their ids and the ids of their updates."""
        album = {"media_group_id": str(secrets.randbelow(2**53))} if len(contents) > 1 else {}
        with self._changed:
            self.updates.check_room(len(contents))
            messages = [self._add(chat, "person", content | album) for content in contents]
            updates = [self.updates.put("message", message) for message in messages]
        return [m["message_id"] for m in messages], [u for u in updates if u is not None]

    def send(self, chat: Chat, content: Message, reply_to: Entry | None) -> Message:
        """The bot's message."""
        if reply_to is not None and reply_to.message is not None:
            quoted = {k: v for k, v in reply_to.message.items() if k != "reply_to_message"}
            content = content | {"reply_to_message": quoted}
        with self._changed:
            return self._add(chat, "bot", content)

    def _add(self, chat: Chat, sender: Sender, content: Message) -> Message:
        author = chat.person() if sender == "person" else self.profile.user()
        message = {
            "message_id": next(self._message_ids),
            "from": author,
            "chat": chat.shape(),
            "date": int(time.time()),
            **content,
        }
        chat.add(message, sender)
        while len(self._chats) > 1 and self._message_count() > MAX_MESSAGES:
            self._chats.popitem(last=False)
        self._changed.notify_all()
        return message

    def _message_count(self) -> int:
        return sum(chat.message_count for chat in self._chats.values())

    def edit(self, chat: Chat, entry: Entry, content: Message) -> Message | None:
        """The message with other content; None where that changes nothing."""
        with self._changed:
            old = entry.message
            if old is None or content == {name: old[name] for name in _CONTENT if name in old}:
                return None
            kept = {name: value for name, value in old.items() if name not in _CONTENT}
            message = {**kept, "edit_date": int(time.time()), **content}
            chat.replace(entry, message)
            self._changed.notify_all()
            return message

    def delete(self, chat: Chat, entry: Entry) -> None:
        """Delete a message."""
        with self._changed:
            chat.replace(entry, None)
            self._changed.notify_all()

    def act(self, chat: Chat, action: str) -> None:
        """Show what the bot is doing."""
        with self._changed:
            chat.show_action(action)
            self._changed.notify_all()

    def press(self, chat: Chat, message: Message, data: str) -> list[int]:
        """Somebody pressed a button; the ids of the updates made."""
        query_id = str(secrets.randbelow(2**60))
        query = {
            "id": query_id,
            "from": chat.person(),
            "message": message,
            "chat_instance": str(chat.chat_id),
            "data": data,
        }
        with self._changed:
            self._queries[query_id] = None
            if len(self._queries) > 1000:
                self._queries.popitem(last=False)
        update_id = self.updates.put("callback_query", query)
        return [] if update_id is None else [update_id]

    def answer_query(self, query_id: str) -> bool:
        """Mark a callback query as answered; whether there is one to answer."""
        with self._changed:
            return self._queries.pop(query_id, query_id) is None

    def changes(self, chat_id: int, after_revision: int, wait_s: float) -> dict[str, Any]:
        """What happened in a chat after a revision, waiting for it up to `wait_s` seconds."""
        deadline = time.monotonic() + wait_s
        with self._changed:
            while True:
                chat = self._chats.get(chat_id)
                revision = chat.revision if chat else 0
                left = deadline - time.monotonic()
                if revision != after_revision or self._closed or left <= 0:
                    break
                self._changed.wait(left)
            # A revision that was never reached is from an earlier run: tell it everything.
            known = after_revision if after_revision <= revision else 0
            return {
                "run": self.run,
                "revision": revision,
                "action": chat.action() if chat else None,
                "bot_online": self.updates.online,
                "messages": chat.since(known) if chat else [],
            }

    def close(self) -> None:
        """Let go of everyone who waits, so that the server can stop at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.updates.close()
