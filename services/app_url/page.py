"""The picture that a web page names as its own, for those who send the page's address."""

from __future__ import annotations

import re
from html.parser import HTMLParser

# https://ogp.me and the cards of a large network, the more general ones last.
_NAMES = (
    "og:image:secure_url",
    "og:image",
    "og:image:url",
    "twitter:image",
    "twitter:image:src",
)
# A tag is found first and parsed alone: whole pages made for it take an HTML parser quadratic time.
_META = re.compile(r"<meta\s[^<>]{1,8192}>", re.IGNORECASE)
_MAX_TAGS = 500


class _Meta(HTMLParser):
    """Name and content of one meta element."""

    def __init__(self) -> None:
        super().__init__()
        self.found: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As the base class calls it."""
        if tag == "meta":
            given = dict(reversed(attrs))
            name = given.get("property") or given.get("name") or ""
            self.found = name.strip().lower(), (given.get("content") or "").strip()


def picture_of(page: bytes) -> str | None:
    """The URL, perhaps a relative one, that a page gives for its picture."""
    named: dict[str, str] = {}
    for number, tag in enumerate(_META.finditer(page.decode("utf-8", "replace"))):
        if number >= _MAX_TAGS:
            break
        meta = _Meta()
        meta.feed(tag[0])
        if meta.found is not None and meta.found[1]:
            named.setdefault(*meta.found)
    return next((named[name] for name in _NAMES if name in named), None)
