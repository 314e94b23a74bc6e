"""The entities Telegram finds in a plain text: URLs and commands, counted in UTF-16 units.

A URL needs a dot in its host, with or without http:// in front; without it the last part of the
host must be a top-level domain that people use.
"""

from __future__ import annotations

import re
from typing import Any

_URL = re.compile(
    r"(?<![\w@.-])(?:(?P<scheme>https?|ftp)://(?:[^\s/@]+@)?)?"
    r"(?P<host>(?:[\w-]+\.)+(?P<end>[\w-]+))(?P<port>:\d{1,5})?(?P<rest>[/?#][^\s<>\"]*)?(?![\w@])",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"(?<![\w/<])/(\w{1,64})(?:@\w{3,32})?(?![\w/>])", re.ASCII)
_COMMON_ENDS = frozenset({
    "app", "at", "au", "be", "biz", "br", "ca", "ch", "cloud", "cn", "co", "com", "cz",
    "de", "dev", "dk", "edu", "es", "eu", "fi", "fr", "gov", "hu", "ie", "in", "info",
    "int", "io", "it", "jp", "kr", "me", "mil", "net", "nl", "no", "nz", "online", "org",
    "page", "photo", "pl", "pt", "ro", "ru", "se", "site", "tv", "ua", "uk", "us", "xyz",
})  # fmt: skip
_TRAILING = ".,:;!?'\"`)]}>"


def utf16_length(text: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def find(text: str) -> list[dict[str, Any]]:
    """The `url` and `bot_command` entities of a text, in order."""
    found = [(m.start(), "url", url) for m in _URL.finditer(text) if (url := _url(m))]
    inside = [(start, start + len(url)) for start, _, url in found]
    found += [
        (m.start(), "bot_command", m.group())
        for m in _COMMAND.finditer(text)
        if not any(start <= m.start() < end for start, end in inside)
    ]
    return [
        {"type": kind, "offset": utf16_length(text[:start]), "length": utf16_length(part)}
        for start, kind, part in sorted(found)
    ]


def _url(match: re.Match[str]) -> str:
    end = match["end"].lower()
    if match["scheme"]:
        if not end.isdecimal() and len(end) < 2:
            return ""
    elif end not in _COMMON_ENDS:
        return ""
    return match.group().rstrip(_TRAILING) if match["rest"] else match.group()
