"""Every file of a run, in memory and bounded: the oldest go first.

A `file_unique_id` is a keyed digest of the content, so that the same bytes are kept once and
nobody can guess an id.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

FILE_ID_PREFIX = "BQACAgEAAx"


@dataclass(frozen=True)
class StoredFile:
    """One file: its bytes and the names under which Telegram knows it."""

    unique_id: str
    data: bytes
    mime_type: str
    path: str

    @property
    def file_id(self) -> str:
        """What the bot gives back to fetch or resend the file."""
        return FILE_ID_PREFIX + self.unique_id


class FileStore:
    """Files by unique id, file_id and path; at most `max_bytes` of them."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._key = secrets.token_bytes(16)
        self._lock = threading.Lock()
        self._files: OrderedDict[str, StoredFile] = OrderedDict()
        self._by_path: dict[str, str] = {}
        self._bytes = 0
        self._count = 0

    def add(self, data: bytes, *, folder: str, extension: str, mime_type: str) -> StoredFile:
        """Keep a file; the same bytes of the same type are the same file."""
        digest = hashlib.blake2b(mime_type.encode() + data, key=self._key, digest_size=15).digest()
        unique_id = base64.urlsafe_b64encode(digest).decode()
        with self._lock:
            if unique_id in self._files:
                self._files.move_to_end(unique_id)
                return self._files[unique_id]
            self._count += 1
            file = StoredFile(unique_id, data, mime_type, f"{folder}/file_{self._count}{extension}")
            self._files[unique_id] = file
            self._by_path[file.path] = unique_id
            self._bytes += len(data)
            while self._bytes > self._max_bytes and len(self._files) > 1:
                _, dropped = self._files.popitem(last=False)
                del self._by_path[dropped.path]
                self._bytes -= len(dropped.data)
            return file

    def by_unique_id(self, unique_id: str) -> StoredFile | None:
        """The file, where it is still kept."""
        return self._files.get(unique_id)

    def by_file_id(self, file_id: str) -> StoredFile | None:
        """The file of a file_id, where it is still kept."""
        return self._files.get(file_id.removeprefix(FILE_ID_PREFIX))

    def by_path(self, path: str) -> StoredFile | None:
        """The file of a getFile path, where it is still kept."""
        return self._files.get(self._by_path.get(path, ""))


def looks_like_file_id(text: str) -> bool:
    """Whether a file_id may once have been ours (Telegram answers such ones differently)."""
    return text.startswith(FILE_ID_PREFIX)
