"""What glibc does with memory that is free again; elsewhere nothing is changed.

Left to itself it keeps a heap for every thread and gives each large block back to the system at
once, so that every picture begins with a page fault for every 4 kB of it. Here one heap keeps such
blocks for the next picture, and what is free is given back every second: docs/adr/0014 has the
figures.
"""

from __future__ import annotations

import ctypes

_MB = 1 << 20
# Photos of the sizes that Telegram keeps are below the first; larger ones go back at once.
_KEPT_BLOCK_BYTES, _KEPT_BYTES = 8 * _MB, 32 * _MB
# Their numbers in <malloc.h>.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8

_libc = ctypes.CDLL(None)


def keep_free_blocks() -> None:
    """Of this process and those that are forked from it, from now on."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_ARENA_MAX, 1)
        _libc.mallopt(_MMAP_THRESHOLD, _KEPT_BLOCK_BYTES)
        _libc.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)


def give_back() -> None:
    """All that is free now, wherever it lies; a millisecond of work."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
