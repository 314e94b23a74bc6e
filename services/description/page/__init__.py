"""The page for people, made from the document: a template, a style sheet and a little script."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from services.description.notation import Node
from services.description.page.operation import operations_of
from services.description.page.outline import Outline

_HERE = Path(__file__).parent
# What the page loads, and the types of these.
FILES = {_HERE / "page.css": "text/css", _HERE / "page.js": "text/javascript"}
_MARKS = (
    (r"`([^`]+)`", r"<code>\1</code>"),
    (r"\*\*([^*]+)\*\*", r"<strong>\1</strong>"),
    (r"\*([^*]+)\*", r"<em>\1</em>"),
)


def page(document: Node) -> str:
    """The page as HTML; all addresses in it are relative."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"prose": _prose, "pretty": _pretty}
    return environment.get_template("page.html").render(
        document=document,
        groups=operations_of(document),
        keys=bool(document["security"]),
        outline=Outline(document),
    )


def _prose(text: str) -> Markup:
    """The few marks of Markdown that the descriptions use, as HTML."""
    html = str(escape(text))
    for mark, element in _MARKS:
        html = re.sub(mark, element, html)
    return Markup(html)  # noqa: S704  escaped above


def _pretty(value: Any) -> str:
    """JSON with short lists and objects on one line each."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return re.sub(r"[\[{][^\[\]{}]{0,110}?[\]}]", lambda part: re.sub(r"\s+", " ", part[0]), text)
