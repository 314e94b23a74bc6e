"""The nonces of signed jobs that this replica has taken, known to all its workers.

A table of fixed size in memory that the workers share, and a file without a name for its locks,
which the system drops with the process that holds them: a worker that is killed leaves nothing
locked. A nonce is first *held* by the worker that works on its job, and *used* once the job has
its answer. One that is held by a worker that died may be taken again: nginx then sends the same
request to the replica's other workers, and it is no replay.
"""

from __future__ import annotations

import fcntl
import functools
import mmap
import os
import struct
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from utils.signature import NONCE_BYTES, Signed, replayed

# 65,536 nonces: 200 jobs a second for five minutes, in 2 MB of which only the used part is taken.
_BUCKETS, _PLACES = 4096, 16
# nonce, until when it is remembered, and the process that works on its job (0: it is answered).
_ENTRY = struct.Struct(f"<{NONCE_BYTES}sdQ")
_BUCKET_BYTES = _PLACES * _ENTRY.size
# Where the locks' bytes are in the file, which has no bytes at all: one for the table, one for
# each living process from here on.
_TABLE, _PROCESSES = 0, 1


class Nonces:
    """The table of one replica; made before its workers are forked."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._table = mmap.mmap(-1, _BUCKETS * _BUCKET_BYTES)
        self._file = _without_a_name()
        weakref.finalize(self, os.close, self._file)
        self._threads = threading.Lock()
        self._clock = clock
        self._pid = 0

    @contextmanager
    def held(self, signed: Signed) -> Iterator[None]:
        """Take a nonce for the length of the work on its job.

        Raises `NotSigned` (`replayed`) where it is taken already.
        """
        at = self._take(signed)
        try:
            yield
        finally:
            self._write(at, signed, owner=0)

    def _take(self, signed: Signed) -> int:
        now = self._clock()
        start = int.from_bytes(signed.nonce[:4], "little") % _BUCKETS * _BUCKET_BYTES
        with self._locked():
            places = list(range(start, start + _BUCKET_BYTES, _ENTRY.size))
            entries = [_ENTRY.unpack_from(self._table, at) for at in places]
            for at, (nonce, until, owner) in zip(places, entries, strict=True):
                if nonce == signed.nonce and until >= now:
                    if not self._has_died(owner):
                        raise replayed()
                    _ENTRY.pack_into(self._table, at, signed.nonce, signed.until, self._pid)
                    return at
            # The one that ends first; in a full bucket it is forgotten before its time.
            until_at = zip((until for _, until, _ in entries), places, strict=True)
            at = min(until_at)[1]
            _ENTRY.pack_into(self._table, at, signed.nonce, signed.until, self._pid)
            return at

    def _write(self, at: int, signed: Signed, *, owner: int) -> None:
        with self._locked():
            nonce, _, _ = _ENTRY.unpack_from(self._table, at)
            if nonce == signed.nonce:
                _ENTRY.pack_into(self._table, at, signed.nonce, signed.until, owner)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # A record lock keeps out other processes, but not the threads of this one.
        with self._threads:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                fcntl.lockf(self._file, fcntl.LOCK_EX, 1, _PROCESSES + self._pid)
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, _TABLE)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _TABLE)

    def _has_died(self, owner: int) -> bool:
        if owner in (0, self._pid):
            return False
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _PROCESSES + owner)
        except OSError:
            return False
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _PROCESSES + owner)
        return True


def _without_a_name() -> int:
    if hasattr(os, "memfd_create"):  # Linux
        return os.memfd_create("nonces")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


@functools.cache
def shared() -> Nonces:
    """The one of this process and of those forked from it after the first call."""
    return Nonces()
