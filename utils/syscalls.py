"""System calls that whoever decodes a picture has no use for, and so shall not have.

A filter (seccomp(2), Linux 3.17) makes the kernel refuse them to this process and whatever it
becomes: to open a file, to reach another machine or process, to start a program. Numbers are those
of the kernel's tables (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h).
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

# By machine: its number in <linux/audit.h>, and those of its system calls, in this order: open and
# creat where they exist, openat, openat2; execve, execveat; clone, clone3, fork and vfork;
# socket, connect; kill, ptrace, process_vm_readv and _writev, pidfd_send_signal, pidfd_open,
# pidfd_getfd, prlimit64; unlink, rename, link, symlink, mkdir, rmdir, chmod, chown, mknod and
# truncate in all their forms; bpf, io_uring_setup.
_REFUSED = {
    "x86_64": (
        0xC000003E,
        *(2, 85, 257, 437, 59, 322, 56, 435, 57, 58, 41, 42),
        *(62, 101, 310, 311, 424, 434, 438, 302),
        *(87, 263, 82, 264, 316, 86, 265, 88, 266, 83, 258, 84, 90, 268, 92, 94, 260, 133, 259, 76),
        *(321, 425),
    ),
    "aarch64": (
        0xC00000B7,
        *(56, 437, 221, 281, 220, 435, 198, 203),
        *(129, 117, 270, 271, 424, 434, 438, 261),
        *(35, 38, 276, 37, 36, 34, 53, 54, 33, 45),
        *(280, 425),
    ),
}
_X32 = 0x40000000
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
# <linux/bpf_common.h> and <linux/seccomp.h>
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES
_NUMBER_AT, _MACHINE_AT = 0, 4


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def refuse_what_decoding_needs_not() -> bool:
    """Of this process, for good; False where the system has no such filters, or none for us."""
    known = _REFUSED.get(platform.machine()) if sys.platform == "linux" else None
    if known is None or sys.maxsize < 2**32:
        return False
    filters = _filters(*known)
    program = _Program(len(filters) // 8, filters)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _filters(machine: int, *refused: int) -> bytes:
    """The program: another machine's calls and those in `refused` fail, the rest goes on.

    A step is an operation, how many steps to skip where it holds and where not, and a number.
    """
    n_refused = len(refused)
    steps = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUAL, 0, n_refused + 3, machine),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, n_refused + 1, 0, _X32),
        *((_EQUAL, n_refused - n, 0, number) for n, number in enumerate(refused)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
