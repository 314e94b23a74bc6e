"""Every setting: read once from the environment (or a `.env` file, which it beats), typed, checked.

A wrong value raises `SettingsError` with one sentence that names the setting and what would do.
docs/configuration.md describes each one; a test compares the two.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from utils import logs
from utils.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
TELEGRAM = "https://api.telegram.org"
# Where nginx passes on what Telegram sends, and where the bot takes it.
WEBHOOK_PATH = "/telegram"
# After the name of a setting that is a secret: a file that holds its value.
FILE_SUFFIX = "_FILE"
_MAX_FILE_BYTES = 65_536
# Before the hash of an API key that stands in a setting in place of the key.
KEY_HASH_PREFIX = "sha256:"


@dataclass(frozen=True, repr=False)
class Secret:
    """A string that does not show itself in logs, reprs or JSON; `reveal()` gives the plain one.

    Once made it is cut out of every log line, whoever writes it.
    """

    _value: str

    def __post_init__(self) -> None:
        """Have the logs conceal it."""
        logs.conceal(self._value)

    def __repr__(self) -> str:
        return "Secret('***')"

    def reveal(self) -> str:
        """The plain value, for the one call that needs it."""
        return self._value


def _text(value: str) -> str:
    return value


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"\d{1,12}", value) or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return parse


def _seconds(value: str) -> float:
    if not re.fullmatch(r"\d{1,6}(\.\d+)?", value) or float(value) <= 0:
        raise ValueError("a number of seconds above 0")
    return float(value)


def _choice(*words: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in words:
            raise ValueError("one of: " + ", ".join(words))
        return value

    return parse


def _switch(value: str) -> bool:
    return _choice("on", "off")(value) == "on"


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a URL that starts with http:// or https://")
    return value.rstrip("/")


def _webhook_url(value: str) -> str:
    parts = urlsplit(_http_url(value))
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("a URL without user, ? and #")
    return parts.geturl() if parts.path else f"{parts.geturl()}{WEBHOOK_PATH}"


def _queue_url(value: str) -> str:
    if not re.match(r"sqlite:///[^/?]|sqlite:////[^/?]|(rediss?|unix)://.", value):
        raise ValueError("sqlite:///PATH or redis://HOST:PORT/DB")
    parts = urlsplit(value)
    # As it is written and as redis-py reads it, which also takes one from the query.
    for password in (parts.password or "", *parse_qs(parts.query).get("password", ())):
        logs.conceal(password)
        logs.conceal(unquote(password))
    return value


def _address(value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    if not host or not re.fullmatch(r"\d{1,5}", port) or not 0 < int(port) < 65536:
        raise ValueError("HOST:PORT, for example 127.0.0.1:9100")
    return host.strip("[]"), int(port)


def _folder(value: str) -> Path:
    return ROOT / value  # what is absolute stays so


def _token(value: str) -> Secret:
    if not re.fullmatch(r"\d+:[A-Za-z0-9_-]{20,}", value):
        raise ValueError("the token that @BotFather gave you, like 123456:ABC...")
    logs.conceal(value.partition(":")[2])
    return Secret(value)


def _secret(value: str) -> Secret:
    if len(value) < 16:
        raise ValueError("at least 16 characters, for example from: openssl rand -hex 32")
    return Secret(value)


def _webhook_secret(value: str) -> Secret:
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", value):
        raise ValueError("16 to 256 of the characters A-Z, a-z, 0-9, _ and -")
    return Secret(value)


def _ids(value: str) -> frozenset[int]:
    words = _words(value)
    if not all(word.isdecimal() for word in words):
        raise ValueError("Telegram user ids (numbers), separated by commas")
    return frozenset(int(word) for word in words)


def _words(value: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in value.split(",") if part.strip())


def hash_of_key(key: str) -> str:
    """SHA-256 of an API key, hexadecimal: enough for what nobody can guess."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _keys(value: str) -> tuple[str, ...]:
    return tuple(_key_hash(part.strip()) for part in re.split("[,\n]", value) if part.strip())


def _key_hash(key: str) -> str:
    if key.startswith(KEY_HASH_PREFIX):
        digest = key.removeprefix(KEY_HASH_PREFIX).lower()
        if not re.fullmatch("[0-9a-f]{64}", digest):
            raise ValueError(f"keys, or hashes: {KEY_HASH_PREFIX} and 64 hexadecimal digits")
        return digest
    return hash_of_key(_secret(key).reveal())


def _origins(value: str) -> frozenset[str]:
    origins = frozenset(word.rstrip("/") for word in _words(value))
    if not all(re.fullmatch(r"\*|https?://[a-z0-9.\[\]:-]+", origin) for origin in origins):
        raise ValueError("origins like https://app.example.com, separated by commas, or *")
    return origins


def _setting(
    name: str, default: str | None, parse: Callable[[str], Any] = _text, *, secret: bool = False
) -> Any:
    """One field: its environment variable, its default as one would write it, its parser.

    What is `secret` stays out of the settings' repr, and may come from the file of NAME_FILE.
    """
    metadata = {"name": name, "default": default, "parse": parse, "secret": secret}
    return field(default=None, repr=not secret, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the operator decided; build it with `Settings.load()`."""

    telegram_token: Secret | None = _setting("TELEGRAM_TOKEN", None, _token, secret=True)
    telegram_api_url: str = _setting("TELEGRAM_API_URL", TELEGRAM, _http_url)
    queue: str = _setting("SEMBLANCE_QUEUE", "sqlite:///var/queue.db", _queue_url, secret=True)
    queue_max: int = _setting("SEMBLANCE_QUEUE_MAX", "1000", _whole(1, 10**7))
    queue_per_user: int = _setting("SEMBLANCE_QUEUE_PER_USER", "20", _whole(1, 10**6))
    queue_per_chat: int = _setting("SEMBLANCE_QUEUE_PER_CHAT", "60", _whole(1, 10**6))
    user_rate: int = _setting("SEMBLANCE_USER_RATE", "30", _whole(0, 10**6))
    chat_rate: int = _setting("SEMBLANCE_CHAT_RATE", "60", _whole(0, 10**6))
    system_rate: int = _setting("SEMBLANCE_SYSTEM_RATE", "1800", _whole(0, 10**7))
    user_bytes_per_hour: int = _setting(
        "SEMBLANCE_USER_BYTES_PER_HOUR", "500000000", _whole(0, 10**12)
    )
    job_max_age_s: float = _setting("SEMBLANCE_JOB_MAX_AGE_S", "900", _seconds)
    dead_ttl_s: float = _setting("SEMBLANCE_DEAD_TTL_S", "86400", _seconds)
    lease_s: float = _setting("SEMBLANCE_LEASE_S", "60", _seconds)
    in_flight: int = _setting("SEMBLANCE_IN_FLIGHT", "64", _whole(1, 1000))
    in_flight_min: int = _setting("SEMBLANCE_IN_FLIGHT_MIN", "1", _whole(1, 1000))
    proxy_url: str = _setting("SEMBLANCE_PROXY_URL", None, _http_url)
    secret: Secret | None = _setting("SEMBLANCE_SECRET", None, _secret, secret=True)
    delivery: str = _setting("SEMBLANCE_DELIVERY", "edit", _choice("edit", "send"))
    url_allow: frozenset[str] = _setting("SEMBLANCE_URL_ALLOW", "", _words)
    url_connect_timeout_s: float = _setting("SEMBLANCE_URL_CONNECT_TIMEOUT_S", "5", _seconds)
    url_timeout_s: float = _setting("SEMBLANCE_URL_TIMEOUT_S", "15", _seconds)
    url_redirects: int = _setting("SEMBLANCE_URL_REDIRECTS", "3", _whole(0, 10))
    url_per_host: int = _setting("SEMBLANCE_URL_PER_HOST", "8", _whole(1, 1000))
    url_per_user: int = _setting("SEMBLANCE_URL_PER_USER", "4", _whole(1, 1000))
    max_bytes: int = _setting("SEMBLANCE_MAX_BYTES", "20000000", _whole(1000, 20_000_000))
    max_pixels: int = _setting("SEMBLANCE_MAX_PIXELS", "50000000", _whole(1000, 200_000_000))
    max_faces: int = _setting("SEMBLANCE_MAX_FACES", "64", _whole(1, 1000))
    detect_px: int | None = _setting("SEMBLANCE_DETECT_PX", None, _whole(96, 2048))
    workers: int | None = _setting("SEMBLANCE_WORKERS", None, _whole(1, 256))
    slots: int | None = _setting("SEMBLANCE_SLOTS", None, _whole(1, 256))
    gender: bool = _setting("SEMBLANCE_GENDER", "on", _switch)
    emotion_model: Path | None = _setting("SEMBLANCE_EMOTION_MODEL", None, _folder)
    gender_model: Path | None = _setting("SEMBLANCE_GENDER_MODEL", None, _folder)
    webhook_url: str | None = _setting("SEMBLANCE_WEBHOOK_URL", None, _webhook_url)
    webhook_secret: Secret | None = _setting(
        "SEMBLANCE_WEBHOOK_SECRET", None, _webhook_secret, secret=True
    )
    webhook_bind: tuple[str, int] = _setting("SEMBLANCE_WEBHOOK_BIND", "127.0.0.1:8081", _address)
    allowed_users: frozenset[int] = _setting("SEMBLANCE_ALLOWED_USERS", "", _ids)
    admins: frozenset[int] = _setting("SEMBLANCE_ADMINS", "", _ids)
    api_keys: tuple[str, ...] = _setting("SEMBLANCE_API_KEYS", "", _keys, secret=True)
    api_rate: int = _setting("SEMBLANCE_API_RATE", "50", _whole(1, 10_000))
    cors: frozenset[str] = _setting("SEMBLANCE_CORS", "", _origins)
    bind: str = _setting("SEMBLANCE_BIND", "127.0.0.1")
    port: int = _setting("SEMBLANCE_PORT", "8080", _whole(1, 65535))
    playground_port: int | None = _setting("SEMBLANCE_PLAYGROUND_PORT", None, _whole(1, 65535))
    replicas: int = _setting("SEMBLANCE_REPLICAS", "1", _whole(1, 64))
    metrics_bind: tuple[str, int] | None = _setting("SEMBLANCE_METRICS_BIND", None, _address)
    site: Path | None = _setting("SEMBLANCE_SITE", None, _folder)
    log: str = _setting("SEMBLANCE_LOG", "text", _choice("text", "json"))

    @classmethod
    def load(
        cls, environ: Mapping[str, str] | None = None, *, dotenv: Path | None = ROOT / ".env"
    ) -> Settings:
        """Settings from `environ` (the process's by default) over the `.env` file.

        An empty value counts as not set, as Compose passes it. A secret may come from a file, named
        by its setting's name and `_FILE`, which beats the value beside it. Raises `SettingsError`.
        """
        sources: list[Mapping[str, str | None]] = []
        if dotenv is not None and dotenv.is_file():
            # An eighth of the start of a process that has no such file.
            from dotenv import dotenv_values

            sources.append(dotenv_values(dotenv))
        sources.append(os.environ if environ is None else environ)
        values = {spec.name: _read(spec.metadata, sources) for spec in fields(cls)}
        if values["in_flight_min"] > values["in_flight"]:
            raise SettingsError("SEMBLANCE_IN_FLIGHT_MIN must not be above SEMBLANCE_IN_FLIGHT.")
        values["proxy_url"] = values["proxy_url"] or f"http://127.0.0.1:{values['port']}"
        return cls(**values)


def _read(spec: Mapping[str, Any], sources: Sequence[Mapping[str, str | None]]) -> Any:
    """The value of a setting by the last of the sources that has one."""
    name, value = spec["name"], spec["default"]
    said = f"{name} must be"
    for source in sources:
        if spec["secret"] and (path := source.get(name + FILE_SUFFIX)):
            value, said = _content(name, path), f"The file of {name}{FILE_SUFFIX} must hold"
        elif given := source.get(name):
            value, said = given, f"{name} must be"
    if value is None:
        return None
    try:
        return spec["parse"](value.strip())
    except ValueError as error:
        raise SettingsError(f"{said} {error}.") from None


def _content(name: str, path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(_MAX_FILE_BYTES).strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text:
        raise SettingsError(f"{name}{FILE_SUFFIX} must name a readable file that is not empty.")
    return text
