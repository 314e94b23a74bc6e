"""Decoding in other processes: a picture that breaks its decoder costs one answer, no worker.

As many of them as pictures are decoded at the same time, started when they are needed and kept.
They share nothing with this process but a socket: no environment, no open file, no memory.

Called from native threads in a process that gevent may have patched, this module uses only what
gevent leaves alone: `_socket`, `posix`, and no lock. docs/adr/0020 has the
reasons and the figures.
"""

from __future__ import annotations

import _socket
import atexit
import os
import posix
import signal
import struct
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from utils.errors import ImageBroken, Unavailable
from utils.headers import Header

# What the other side says, as in utils/decoder_child.py, which only that side imports.
_READY, _PIXELS, _REFUSED = b"R", b"P", b"E"
_SLOW, _DIED = 3, 4
_ASKED, _ANSWERED = struct.Struct("!QII"), struct.Struct("!II")
_START_S = 30.0
# The other side gives up by itself after 8 s; this is for one that cannot.
_PATIENCE_S = 10.0
_IDLE_MAX = 16
# The rest of an environment is secrets and switches. Python itself may not start without these.
_PASSED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from utils.decoder_child import serve; serve()"
_TOO_SLOW = "This picture takes too long to open. Please send it as a JPEG."


class Decoders:
    """The decoding processes of this process; thread-safe.

    program: what Python runs there; patience_s: how long an answer may take.
    """

    def __init__(self, program: str = _PROGRAM, patience_s: float = _PATIENCE_S) -> None:
        self._idle: deque[_Child] = deque()
        self._program, self._patience_s = program, patience_s

    def start(self) -> None:
        """Start one, unless there is one, and do not wait until it is ready."""
        if not any(child.is_ours for child in self._idle):
            self._idle.append(_Child(self._program))

    def decode(self, data: bytes, header: Header) -> NDArray[np.uint8]:
        """RGB uint8 (h, w, 3), turned as EXIF says, in sRGB.

        Raises `ImageBroken`, with the reason `damaged`, `decoder_memory`, `decoder_slow` or
        `decoder_died`, and `Unavailable` where no process can be started.
        """
        child = self._taken()
        try:
            return self._decoded(child, data, header)
        except _Lost as lost:
            slow = lost.status == _SLOW
            # Its own end is no fault of the picture: the system may have wanted its memory.
            if lost.status not in (_SLOW, _DIED) and child.has_decoded:
                return self._once_more(data, header)
            raise _broken(header, slow=slow) from None

    def _once_more(self, data: bytes, header: Header) -> NDArray[np.uint8]:
        try:
            return self._decoded(_Child(self._program), data, header)
        except _Lost as lost:
            raise _broken(header, slow=lost.status == _SLOW) from None

    def _decoded(self, child: _Child, data: bytes, header: Header) -> NDArray[np.uint8]:
        """As `decode`, keeping the process where it is well; raises `_Lost` where it is not."""
        reusable = False
        try:
            image_rgb = child.decode(data, header, self._patience_s)
            reusable = True
        except _Refused as refused:
            reusable = True
            reason = str(refused)
            raise ImageBroken(f"{header.form}: {reason}", reason=reason) from None
        finally:
            if reusable and len(self._idle) < _IDLE_MAX:
                self._idle.append(child)
            else:
                child.end()
        return image_rgb

    def close(self) -> None:
        """End those that idle."""
        while self._idle:
            self._idle.pop().end()

    def _taken(self) -> _Child:
        while True:
            try:
                child = self._idle.pop()
            except IndexError:
                return _Child(self._program)
            # After a fork both sides would talk to the same one: it stays with whoever started it.
            if child.is_ours:
                return child
            child.end()


class _Refused(Exception):
    """The other side is well and says why the picture is not."""


class _Lost(Exception):
    """There is no answer. `gone`: the other side has ended, with `status` where that is known."""

    def __init__(self, *, gone: bool, status: int | None = None) -> None:
        super().__init__()
        self.gone, self.status = gone, status


class _Child:
    """One decoding process. Raises `Unavailable` where it cannot be started."""

    def __init__(self, program: str) -> None:
        self._owner = os.getpid()
        self._ready = False
        self.has_decoded = False
        self._line, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            self._pid = _spawned(program, theirs.fileno())
        except OSError as error:
            self._line.close()
            raise _unavailable(f"{type(error).__name__} {error.errno}") from None
        finally:
            theirs.close()

    @property
    def is_ours(self) -> bool:
        return self._owner == os.getpid()

    def decode(self, data: bytes, header: Header, patience_s: float) -> NDArray[np.uint8]:
        """As `Decoders.decode`; also raises `_Refused` and `_Lost`."""
        self._await_ready()
        by = time.monotonic() + patience_s
        try:
            image_rgb = self._asked(data, header, by)
        except _Lost as lost:
            status = self.end(gone=lost.gone)
            late = time.monotonic() >= by
            raise _Lost(gone=True, status=_SLOW if late else status) from None
        self.has_decoded = True
        return image_rgb

    def _await_ready(self) -> None:
        if self._ready:
            return
        try:
            self._ready = self._received(1, time.monotonic() + _START_S) == _READY
        except _Lost as lost:
            raise _unavailable(f"ended with {self.end(gone=lost.gone)}") from None

    def _asked(self, data: bytes, header: Header, by: float) -> NDArray[np.uint8]:
        try:
            self._line.settimeout(max(0.001, by - time.monotonic()))
            self._line.sendall(_ASKED.pack(len(data), *header.size_wh))
            self._line.sendall(data)
        except OSError as error:
            raise _Lost(gone=isinstance(error, ConnectionError)) from None
        kind = self._received(1, by)
        if kind == _REFUSED:
            reason = self._received(self._received(1, by)[0], by).decode("ascii", "replace")
            raise _Refused(reason)
        width, height = _ANSWERED.unpack(self._received(_ANSWERED.size, by))
        # Whatever has become of the other side: never more than was judged.
        if kind != _PIXELS or (width, height) not in (header.size_wh, header.size_wh[::-1]):
            raise _Lost(gone=False)
        image_rgb = np.empty((height, width, 3), np.uint8)
        self._fill(image_rgb.data.cast("B"), by)
        return image_rgb

    def _received(self, n_bytes: int, by: float) -> bytes:
        data = bytearray(n_bytes)
        self._fill(memoryview(data), by)
        return bytes(data)

    def _fill(self, view: memoryview, by: float) -> None:
        while view:
            try:
                self._line.settimeout(max(0.001, by - time.monotonic()))
                n = self._line.recv_into(view)
            except OSError as error:
                raise _Lost(gone=isinstance(error, ConnectionError)) from None
            if n == 0:
                raise _Lost(gone=True)
            view = view[n:]

    def end(self, *, gone: bool = False) -> int | None:
        """End it, unless it is gone already; its exit status where that can be told."""
        with suppress(OSError):
            self._line.close()
        pid, self._pid = self._pid, 0
        if not pid or not self.is_ours:
            return None
        if not gone:
            # With whatever copy of itself is at work.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        try:
            return os.waitstatus_to_exitcode(posix.wait4(pid, 0)[1])
        except ChildProcessError:
            # Whoever waits for all children of this process has had it.
            return None


def _spawned(program: str, line: int) -> int:
    """The id of a new process with the socket as its input, the leader of a group of its own."""
    null = os.devnull
    path = [str(Path(each).resolve()) for each in sys.path]
    return posix.posix_spawn(
        sys.executable,
        # Neither the environment nor what installed packages want to run at a start has a say.
        [sys.executable, "-I", "-S", "-B", "-c", program, *path],
        {name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, line, 0),
            (os.POSIX_SPAWN_OPEN, 1, null, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, null, os.O_WRONLY, 0),
        ],
        setpgroup=0,
        setsigmask=(),
        setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU, signal.SIGCHLD),
    )


def _broken(header: Header, *, slow: bool) -> ImageBroken:
    reason = "decoder_slow" if slow else "decoder_died"
    sentence = _TOO_SLOW if slow else None
    return ImageBroken(f"{header.form}: {reason}", reason=reason, sentence=sentence)


def _unavailable(why: str) -> Unavailable:
    return Unavailable(f"no process to decode in: {why}", reason="no_decoder")


decoders = Decoders()
atexit.register(decoders.close)
