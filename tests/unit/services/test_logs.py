import json
import logging
import sys

import pytest

from services import logs
from tests.fakes_services import TOKEN, app_of


def record(message, *args, facts=None, error=None):
    exc_info = None
    if error is not None:
        try:
            raise error
        except type(error):
            exc_info = sys.exc_info()
    made = logging.LogRecord("services.x", logging.INFO, "x.py", 1, message, args, exc_info)
    if facts:
        made.facts = facts
    return made


SECRETS = [
    f"https://api.telegram.org/file/bot{TOKEN}/photos/file_1.jpg",
    f"/bot{TOKEN}/getFile",
    TOKEN,
    "http://10.0.0.1/private?token=1",
    "HTTPS://EXAMPLE.ORG/Who",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_urls_and_tokens_are_blotted_out_of_messages_and_tracebacks(form, secret):
    line = logs.formatter("test", form).format(
        record("failed: %s", secret, error=ValueError(f"for url {secret}"))
    )
    assert secret not in line
    assert "for url ***" in line
    assert "failed: ***" in line


def test_a_sentence_about_urls_stays_readable():
    text = "must be sqlite:///PATH or redis://HOST:PORT/DB, or start with http:// or https://"
    assert logs.redacted(text) == text


def test_json_lines_are_json_with_the_facts():
    line = logs.formatter("app_url", "json").format(record("done", facts={"status": 200}))
    told = json.loads(line)
    assert told["service"] == "app_url"
    assert told["message"] == "done"
    assert told["status"] == 200
    assert told["request_id"] == "-"


def test_text_lines_show_the_facts_after_the_message():
    line = logs.formatter("app_url", "text").format(record("done", facts={"status": 200}))
    assert line.endswith("INFO app_url - done status=200")


@pytest.mark.parametrize("trick", ["a\nINFO forged", "a\rb", "a\x1b[31mb", "a\u202eb", "a\u2028b"])
def test_control_characters_forge_no_second_line(trick):
    line = logs.formatter("x", "text").format(record("%s", trick))
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert "\u202e" not in line


def test_a_line_within_a_request_tells_its_id(capsys):
    app = app_of()
    with app.test_request_context(headers={"X-Request-ID": "abc"}):
        app.preprocess_request()
        assert " abc " in logs.formatter("x", "text").format(record("done"))


def test_configure_sends_the_log_to_stderr(capsys):
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers.clear()
    try:
        logs.configure("test", "json")
        logging.getLogger("services.test").info("hello")
        assert json.loads(capsys.readouterr().err)["message"] == "hello"
    finally:
        root.handlers[:] = before
        root.setLevel(level)
