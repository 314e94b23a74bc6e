from __future__ import annotations

import base64
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from utils import logs
from utils.settings import Settings

TOKEN = "123456:" + "A" * 35
SECRETS = [
    f"https://api.telegram.org/file/bot{TOKEN}/photos/file_1.jpg",
    f"/bot{TOKEN}/getFile",
    TOKEN,
    "http://10.0.0.1/private?token=1",
    "HTTPS://EXAMPLE.ORG/Who",
]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs._FOREIGN_LEVELS}
    # basicConfig(force=True) would close the handlers of the test runner.
    root.handlers[:] = []
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


def record(
    message: str, *args: object, error: Exception | None = None, name: str = "services.x"
) -> logging.LogRecord:
    exc_info = None
    if error is not None:
        try:
            raise error
        except type(error):
            exc_info = sys.exc_info()
    return logging.LogRecord(name, logging.INFO, "x.py", 1, message, args, exc_info)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_urls_and_tokens_stay_out_of_messages_and_tracebacks(form: str, secret: str) -> None:
    error = ValueError(f"for {secret}")
    line = logs.formatter("test", form).format(record("failed: %s", secret, error=error))
    assert secret not in line
    assert "failed: ***" in line
    assert "ValueError" in line
    assert "test_logs.py" in line


FORMS = {
    "plain": lambda secret: secret,
    "in a URL": lambda secret: f"redis://:{secret}@host/0",
    "percent-encoded": lambda secret: quote(secret, safe=""),
    "in JSON": json.dumps,
    "in base64": lambda secret: base64.b64encode(secret.encode()).decode(),
}


@pytest.mark.parametrize("written", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_secret_is_cut_out_of_every_line_however_it_is_written(
    form: str, written: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_concealed", set())
    monkeypatch.setattr(logs, "_concealing", None)
    secret = 'a key/with "odd" letters+%'
    told = record("it is %s", written(secret), error=ValueError(secret))
    told.facts = {"fact": written(secret)}
    formatter = logs.formatter("test", form)
    shown = json.dumps(written(secret))[1:-1] if form == "json" else written(secret)
    assert "redis" in shown or shown in formatter.format(told)
    logs.conceal(secret)
    line = formatter.format(told)
    assert shown not in line
    assert "odd" not in line
    assert "it is" in line


def test_what_is_too_short_to_be_a_secret_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_concealed", set())
    monkeypatch.setattr(logs, "_concealing", None)
    logs.conceal("")
    logs.conceal("job")
    assert "a job" in logs.formatter("test", "text").format(record("a job"))


@pytest.mark.parametrize("form", ["text", "json"])
def test_all_that_the_settings_hold_back_is_concealed(form: str) -> None:
    secrets = {
        "TELEGRAM_TOKEN": "123456:" + "concealed-Token-0123456789",
        "SEMBLANCE_SECRET": "concealed-secret-of-all",
        "SEMBLANCE_WEBHOOK_SECRET": "concealed-word-of-the-webhook",
        "SEMBLANCE_API_KEYS": "concealed-key-of-the-api",
        "SEMBLANCE_QUEUE": "redis://somebody:concealed-password@host/0",
    }
    Settings.load(secrets, dotenv=None)
    for secret in secrets.values():
        core = secret.removeprefix("123456:").rpartition("@")[0].rpartition(":")[2] or secret
        core = core.removeprefix("123456:")
        assert "concealed" not in logs.formatter("x", form).format(record("for %s", core))


@pytest.mark.parametrize("url", ["redis://:{}@host/0", "unix:///a.sock?password={}"])
def test_a_password_of_the_queue_is_concealed_as_its_client_reads_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_concealed", set())
    monkeypatch.setattr(logs, "_concealing", None)
    Settings.load({"SEMBLANCE_QUEUE": url.format("pass%40the%2Fgate")}, dotenv=None)
    line = logs.formatter("x", "text").format(record("for %s", "pass@the/gate"))
    assert line.endswith("for ***")


def test_a_sentence_about_urls_stays_readable() -> None:
    text = "must be sqlite:///PATH or redis://HOST:PORT/DB, or start with http:// or https://"
    assert logs.redacted(text) == text


@pytest.mark.parametrize("scheme", ["redis", "REDISS", "unix"])
def test_the_password_of_a_queue_server_stays_out(scheme: str) -> None:
    text = logs.redacted(f"at {scheme}://ada:pass@word/9@queue:6379/0 or so")
    assert text == f"at {scheme}://***@queue:6379/0 or so"


def test_json_lines_are_objects_with_the_facts(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("app_url", "json")
    logging.getLogger("services.x").warning("ö", extra={"facts": {"status": 200}})
    told = json.loads(capsys.readouterr().err)
    expected = {"level": "WARNING", "service": "app_url", "message": "ö", "status": 200}
    assert told.items() >= (expected | {"request_id": "-", "logger": "services.x"}).items()


def test_text_lines_say_when_how_bad_where_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("bot", "text")
    logging.getLogger("bot.polling").info("polling as @%s", "x", extra={"facts": {"n": 1}})
    line = capsys.readouterr().err.rstrip("\n")
    assert line[10] == "T"
    assert line.endswith("Z INFO bot - polling as @x n=1")


def test_a_line_tells_the_id_of_its_request() -> None:
    lines = logs.formatter("x", "text", request_id=lambda: "abc")
    assert " abc done" in lines.format(record("done"))
    of_a_job = record("done")
    of_a_job.request_id = "7-0"
    assert " 7-0 done" in lines.format(of_a_job)


def test_what_libraries_fill_into_their_messages_stays_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("bot", "text")
    logging.getLogger("asyncio").error("broken: %s", "private.jpg")
    logging.getLogger("urllib3").error("to %s", "Ada", exc_info=ValueError("Ada"))
    logging.getLogger("httpx").info("HTTP Request: %s", "url")
    logging.getLogger("telegram.ext").error("update %s", "Ada")
    out = capsys.readouterr().err.splitlines()
    assert out[0].endswith("ERROR bot - broken: %s")
    assert out[1].endswith("ERROR bot - to %s")
    assert out[2:] == ["ValueError"]


@pytest.mark.parametrize("trick", ["a\nINFO forged", "a\rb", "a\x1b[31mb", "a\u202eb", "a\u2028b"])
def test_control_characters_forge_no_second_line(trick: str) -> None:
    line = logs.formatter("x", "text").format(record("%s", trick))
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert "\u202e" not in line


def test_warnings_are_log_lines_and_configuring_twice_prints_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("bot", "text")
    logs.configure("bot", "text")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert len(capsys.readouterr().err.splitlines()) == 1
