"""The process in which pictures are decoded that may break their decoder.

Started by `utils.decoder`, it loads Pillow and from then on only forks: every picture is decoded in
a copy that has seen no other, under limits of its own, and that ends with it. What one copy does
to itself, the next one does not have.

Over the socket that is its standard input, numbers big-endian: it writes READY once; is asked with
the number of bytes, width, height and the bytes of a picture; answers PIXELS, width, height and the
rows as RGB, or REFUSED, a length and a reason. Where a copy dies this process ends, with SLOW or
DIED, and so does the conversation.
"""

from __future__ import annotations

import gc
import io
import os
import resource
import signal
import struct
import warnings
from contextlib import suppress
from pathlib import Path
from socket import MSG_PEEK, socket

from PIL import Image as Pillow

# A copy cannot open a file, not even to import it; the rest comes with `preinit`.
from PIL import ImageCms, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin  # noqa: F401

from utils.colors import to_srgb
from utils.syscalls import refuse_what_decoding_needs_not

READY, PIXELS, REFUSED = b"R", b"P", b"E"
SLOW, DIED = 3, 4
# Of a copy that has answered; libraries that give up may end a process with 0.
_DONE = 5
ASKED, ANSWERED = struct.Struct("!QII"), struct.Struct("!II")
# Half a second is what the largest sound pictures take; the rest is for machines under load.
TIME_S = 8

_MB = 1 << 20
# Above what this process has: bytes a pixel as in `utils.capacity`, copies of the file, libraries.
_BYTES_PER_PIXEL, _COPIES, _ROOM_BYTES = 25, 4, 96 * _MB
_STRIP_BYTES = _MB
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


class _Refused(Exception):
    """The picture is answered with a reason."""


def serve() -> None:
    """Fork for every picture, until nobody asks any more."""
    # What a stranger's file may break is nobody's to save, nor for the system to look at first.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    os.closerange(3, 256)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    # Sizes have been judged by the operator's own limit.
    Pillow.MAX_IMAGE_PIXELS = None
    _rehearse()
    gc.freeze()
    line = socket(fileno=0)
    line.sendall(READY)
    while line.recv(1, MSG_PEEK):
        pid = os.fork()
        if pid == 0:
            _answer(line)
        status = os.waitpid(pid, 0)[1]
        if status != _DONE << 8:
            slow = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (
                signal.SIGALRM,
                signal.SIGXCPU,
            )
            os._exit(SLOW if slow else DIED)


def _rehearse() -> None:
    """One picture of each kind: what Pillow imports only then, a copy could not."""
    exif = Pillow.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for form in _FORMATS:
        for mode in ("RGB", "RGBA", "LA", "P", "CMYK", "I;16"):
            file = io.BytesIO()
            # Most formats lack some of the modes.
            with suppress(OSError, ValueError):
                more = {"icc_profile": profile} if mode == "RGB" else {}
                Pillow.new(mode, (2, 2)).save(file, form, exif=exif, **more)
                with Pillow.open(file) as picture:
                    to_srgb(picture)


def _answer(line: socket) -> None:
    """In the copy: one picture, and the end of this process."""
    status = 1
    try:
        signal.alarm(TIME_S)
        n_bytes, width, height = ASKED.unpack(_received(line, ASKED.size))
        data = _received(line, n_bytes)
        _limit(_BYTES_PER_PIXEL * width * height + _COPIES * n_bytes + _ROOM_BYTES)
        try:
            picture = _decoded(data, (width, height))
        except _Refused as refused:
            reason = str(refused).encode()
            line.sendall(REFUSED + bytes([len(reason)]) + reason)
        else:
            _send(picture, line)
        status = _DONE
    finally:
        # Nothing of what the first process has open or registered is this one's to close.
        os._exit(status)


def _limit(more_bytes: int) -> None:
    """Of this process: memory above what it has, time, and nothing that reaches out of it."""
    with suppress(OSError):
        has_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limit = has_bytes + more_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (TIME_S, TIME_S + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    refuse_what_decoding_needs_not()


def _decoded(data: bytes, size_wh: tuple[int, int]) -> Pillow.Image:
    """The picture as RGB. Raises `_Refused`."""
    try:
        with Pillow.open(io.BytesIO(data), formats=_FORMATS) as picture:
            # Of a turned TIFF Pillow tells the size that it will have.
            if sorted(picture.size) != sorted(size_wh):
                raise _Refused("size_mismatch")
            return to_srgb(picture)
    except _Refused:
        raise
    except MemoryError:
        raise _Refused("decoder_memory") from None
    except Exception:  # noqa: BLE001  Pillow's parsers raise whatever bad bytes provoke
        raise _Refused("damaged") from None


def _send(picture: Pillow.Image, line: socket) -> None:
    """In strips: a copy of all of a large picture would be memory too."""
    width, height = picture.size
    line.sendall(PIXELS + ANSWERED.pack(width, height))
    rows = max(1, _STRIP_BYTES // (3 * width))
    for top in range(0, height, rows):
        strip = picture.crop((0, top, width, min(height, top + rows)))
        line.sendall(strip.tobytes())


def _received(line: socket, n_bytes: int) -> bytes:
    data = bytearray(n_bytes)
    view = memoryview(data)
    while view:
        n = line.recv_into(view)
        if n == 0:
            os._exit(1)
        view = view[n:]
    return bytes(data)
