"""A name server that lies: small, over UDP, for the network of `namespace`.

The format of its messages is that of RFC 1035, section 4.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping
from ipaddress import ip_address

_A, _AAAA = 1, 28
_ANSWERS, _NO_SUCH_NAME = 0x8180, 0x8183
_HEAD = struct.Struct("!6H")


def serve(address: str, names: Mapping[str, list[list[str]]]) -> None:
    """Answer on port 53 of an address from now on.

    names: one list of addresses after the other, the last one for ever; one that has no list is
    never answered.
    """
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind((address, 53))
    threading.Thread(target=_answer, args=(line, names), daemon=True).start()


def _answer(line: socket.socket, names: Mapping[str, list[list[str]]]) -> None:
    asked: Counter[tuple[str, int]] = Counter()
    while True:
        question, who = line.recvfrom(512)
        name, kind, end = _read(question)
        asked[name, kind] += 1
        if name not in names:
            line.sendto(_reply(question[:end], kind, None), who)
        elif answers := names[name]:
            at = min(asked[name, kind], len(answers)) - 1
            line.sendto(_reply(question[:end], kind, answers[at]), who)


def _read(question: bytes) -> tuple[str, int, int]:
    """The name in lower case, the kind of record, and where the question ends."""
    labels, at = [], _HEAD.size
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode().lower())
        at += 1 + length
    (kind,) = struct.unpack_from("!H", question, at + 1)
    return ".".join(labels), kind, at + 5


def _reply(question: bytes, kind: int, addresses: list[str] | None) -> bytes:
    """`None` for a name that is not there; of the addresses, those of the kind."""
    version = {_A: 4, _AAAA: 6}.get(kind)
    found = [each for each in map(ip_address, addresses or ()) if each.version == version]
    (number,) = struct.unpack_from("!H", question)
    flags = _NO_SUCH_NAME if addresses is None else _ANSWERS
    # The name is that of the question, 12 bytes from the start; it may be kept for 0 seconds.
    records = [
        struct.pack("!3HIH", 0xC00C, kind, 1, 0, len(each.packed)) + each.packed for each in found
    ]
    head = _HEAD.pack(number, flags, 1, len(found), 0, 0)
    return head + question[_HEAD.size :] + b"".join(records)
