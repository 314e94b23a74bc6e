from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from bot import logs

TOKEN = "123456:" + "A" * 35


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("telegram", "httpx")}
    yield
    logging.captureWarnings(False)
    root.handlers, root.level = handlers, level
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_text_lines_say_when_how_bad_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text")
    logging.getLogger("bot.polling").info("polling as @%s", "x")
    (line,) = lines(capsys)
    assert line[10] == "T"
    assert line.endswith("Z INFO bot.polling: polling as @x")


def test_json_lines_are_objects(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    logging.getLogger("bot.x").warning("ö")
    (line,) = lines(capsys)
    assert (
        json.loads(line).items() >= {"level": "WARNING", "logger": "bot.x", "message": "ö"}.items()
    )


@pytest.mark.parametrize("style", ["text", "json"])
def test_the_token_is_never_printed_not_even_in_a_traceback(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(style)
    try:
        raise ValueError(f"https://api.telegram.org/bot{TOKEN}/getMe")
    except ValueError:
        logging.getLogger("bot.x").exception("failed at bot%s/x", TOKEN)
    out = "\n".join(lines(capsys))
    assert TOKEN not in out
    assert "bot***/x" in out
    assert "ValueError" in out
    assert "test_logs.py" in out


def test_what_libraries_fill_into_their_messages_stays_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("text")
    logging.getLogger("asyncio").error("broken: %s", "https://example.com/private.jpg")
    logging.getLogger("urllib3").warning("to %s", "Ada", exc_info=ValueError("Ada"))
    logging.getLogger("httpx").info("HTTP Request: %s", "url")
    logging.getLogger("telegram.ext").error("update %s", "Ada")
    out = lines(capsys)
    assert out[0].endswith("ERROR asyncio: broken: %s")
    assert out[1].endswith("WARNING urllib3: to %s")
    assert out[2:] == ["ValueError"]


def test_a_message_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text")
    logging.getLogger("bot.x").info("a\r\n2026-01-01T00:00:00Z INFO bot: b")
    (line,) = lines(capsys)
    assert "a\\r\\n2026" in line


def test_warnings_are_log_lines_and_configuring_twice_prints_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("text")
    logs.configure("text")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert len(lines(capsys)) == 1
