"""`<name>.report.json` beside the weights: all that was measured of one network, as plain JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from utils.errors import ModelError

Report = dict[str, Any]
_DIGITS = 4


def rounded(value: Any) -> Any:
    """The same lists and dictionaries with every float to four digits, as they are stored."""
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return value


def read(name: str, folder: Path) -> Report:
    """The stored report; empty where there is none. Raises `ModelError` for a damaged one."""
    path = _path(name, folder)
    if not path.exists():
        return {}
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path} is damaged: {error}") from None
    return dict(report)


def write(name: str, report: Report, folder: Path) -> None:
    """Store a report; one line an entry, a table's row in one line, so that changes can be read."""
    entries = [f"  {json.dumps(key)}: {_entry(value)}" for key, value in report.items()]
    _path(name, folder).write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")


def _entry(value: Any, depth: int = 1) -> str:
    """JSON that goes on a new line for each item of the two outermost levels."""
    nested = isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)
    )
    if depth > 2 or not nested or not value:
        return json.dumps(value, ensure_ascii=False)
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        items = [f"{json.dumps(k)}: {_entry(v, depth + 1)}" for k, v in value.items()]
        opening, closing = "{", "}"
    else:
        items = [json.dumps(item, ensure_ascii=False) for item in value]
        opening, closing = "[", "]"
    inside = ",\n".join(pad + item for item in items)
    return f"{opening}\n{inside}\n{'  ' * depth}{closing}"


def _path(name: str, folder: Path) -> Path:
    return folder / f"{name}.report.json"
