from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from utils.errors import SettingsError
from utils.settings import ROOT, Secret, Settings, hash_of_key

TOKEN = "123456:" + "A" * 35


def load(**environ: str) -> Settings:
    return Settings.load(environ, dotenv=None)


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = load()
    assert settings.telegram_token is None
    assert settings.telegram_api_url == "https://api.telegram.org"
    assert settings.queue == "sqlite:///var/queue.db"
    assert (settings.queue_max, settings.queue_per_user) == (1000, 20)
    assert settings.proxy_url == "http://127.0.0.1:8080"
    assert settings.gender
    assert settings.allowed_users == frozenset()


def test_the_proxy_url_follows_the_port() -> None:
    assert load(SEMBLANCE_PORT="9000").proxy_url == "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("127.0.0.1:9100", ("127.0.0.1", 9100)),
        ("0.0.0.0:8000", ("0.0.0.0", 8000)),
        ("[::1]:9100", ("::1", 9100)),
        ("", None),
    ],
)
def test_an_address_is_a_host_and_a_port(value: str, address: tuple[str, int] | None) -> None:
    assert load(SEMBLANCE_METRICS_BIND=value).metrics_bind == address


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://bot.example.com", "https://bot.example.com/telegram"),
        ("https://bot.example.com:8443/", "https://bot.example.com:8443/telegram"),
        ("https://bot.example.com/telegram/", "https://bot.example.com/telegram"),
        ("https://example.com/my/bot", "https://example.com/my/bot"),
    ],
)
def test_a_webhook_without_a_path_gets_the_one_that_nginx_knows(value: str, url: str) -> None:
    assert load(SEMBLANCE_WEBHOOK_URL=value).webhook_url == url


def test_an_empty_value_counts_as_not_set() -> None:
    assert load(SEMBLANCE_PORT="", TELEGRAM_TOKEN="").port == 8080


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEGRAM_TOKEN", "nonsense"),
        ("TELEGRAM_API_URL", "api.telegram.org"),
        ("SEMBLANCE_QUEUE", "mysql://localhost"),
        ("SEMBLANCE_QUEUE", "sqlite://var/queue.db"),
        ("SEMBLANCE_QUEUE_MAX", "0"),
        ("SEMBLANCE_JOB_MAX_AGE_S", "soon"),
        ("SEMBLANCE_DELIVERY", "pigeon"),
        ("SEMBLANCE_GENDER", "maybe"),
        ("SEMBLANCE_SECRET", "short"),
        ("SEMBLANCE_ALLOWED_USERS", "12,anna"),
        ("SEMBLANCE_API_KEYS", "short"),
        ("SEMBLANCE_API_KEYS", "sha256:12ab"),
        ("SEMBLANCE_API_RATE", "0"),
        ("SEMBLANCE_CORS", "app.example.com"),
        ("SEMBLANCE_CORS", "https://app.example.com/path"),
        ("SEMBLANCE_PORT", "70000"),
        ("SEMBLANCE_LOG", "xml"),
        ("SEMBLANCE_WEBHOOK_URL", "bot.example.com/telegram"),
        ("SEMBLANCE_WEBHOOK_URL", "https://user:word@bot.example.com"),
        ("SEMBLANCE_WEBHOOK_URL", "https://bot.example.com/telegram?word=x"),
        ("SEMBLANCE_WEBHOOK_SECRET", "fifteen-letters"),
        ("SEMBLANCE_WEBHOOK_SECRET", "sixteen letters!"),
        ("SEMBLANCE_WEBHOOK_SECRET", "x" * 257),
        ("SEMBLANCE_METRICS_BIND", "9100"),
        ("SEMBLANCE_METRICS_BIND", ":9100"),
        ("SEMBLANCE_METRICS_BIND", "127.0.0.1:0"),
        ("SEMBLANCE_METRICS_BIND", "127.0.0.1:70000"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_without_its_value(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{name} must be ") as caught:
        load(**{name: value})
    assert "\n" not in str(caught.value)
    if name in ("TELEGRAM_TOKEN", "SEMBLANCE_SECRET", "SEMBLANCE_API_KEYS"):
        assert value not in str(caught.value).replace(name, "")


def test_values_are_typed() -> None:
    settings = load(
        TELEGRAM_TOKEN=TOKEN,
        TELEGRAM_API_URL="http://127.0.0.1:8088/",
        SEMBLANCE_ALLOWED_USERS="1, 2",
        SEMBLANCE_URL_ALLOW="Localhost:8000, pictures.intranet:*",
        SEMBLANCE_API_KEYS="k" * 16 + "," + "l" * 16,
        SEMBLANCE_GENDER="off",
    )
    assert settings.telegram_token == Secret(TOKEN)
    assert settings.telegram_api_url == "http://127.0.0.1:8088"
    assert settings.allowed_users == {1, 2}
    assert settings.url_allow == {"localhost:8000", "pictures.intranet:*"}
    assert settings.api_keys == (hash_of_key("k" * 16), hash_of_key("l" * 16))
    assert not settings.gender


def test_a_key_may_stand_there_as_its_hash() -> None:
    plain = load(SEMBLANCE_API_KEYS="k" * 16)
    hashed = load(SEMBLANCE_API_KEYS=f"sha256:{hash_of_key('k' * 16).upper()}")
    assert hashed.api_keys == plain.api_keys
    for settings in (plain, hashed):
        assert "k" * 16 not in repr(settings)
        assert hash_of_key("k" * 16) not in repr(settings)


def test_origins_are_compared_as_browsers_send_them() -> None:
    given = "https://App.example.com/, http://localhost:3000"
    assert load(SEMBLANCE_CORS=given).cors == {"https://app.example.com", "http://localhost:3000"}
    assert load(SEMBLANCE_CORS="*").cors == {"*"}


def test_a_models_folder_is_relative_to_the_project_or_absolute(tmp_path: Path) -> None:
    settings = load(SEMBLANCE_EMOTION_MODEL="models", SEMBLANCE_GENDER_MODEL=str(tmp_path))
    assert (settings.emotion_model, settings.gender_model) == (ROOT / "models", tmp_path)
    assert load(SEMBLANCE_EMOTION_MODEL="").emotion_model is None


def test_the_environment_beats_the_dotenv_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SEMBLANCE_PORT=9000\nSEMBLANCE_LOG=json\n")
    settings = Settings.load({"SEMBLANCE_PORT": "9001"}, dotenv=file)
    assert (settings.port, settings.log) == (9001, "json")


SECRETS = {
    "TELEGRAM_TOKEN": TOKEN,
    "SEMBLANCE_SECRET": "a secret of some length",
    "SEMBLANCE_WEBHOOK_SECRET": "a-secret-of-some-length",
    "SEMBLANCE_API_KEYS": "k" * 16 + "\n" + "l" * 16 + ", " + "m" * 16,
    "SEMBLANCE_QUEUE": "redis://:password@localhost/0",
}


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_come_from_a_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRETS[name] + "\n")
    assert load(**{f"{name}_FILE": str(file)}) == load(**{name: SECRETS[name]})


def test_all_that_is_secret_is_tried_here() -> None:
    secret = {f.metadata["name"] for f in dataclasses.fields(Settings) if f.metadata["secret"]}
    assert secret == set(SECRETS)


def test_what_is_no_secret_comes_from_no_file(tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("9000")
    assert load(SEMBLANCE_PORT_FILE=str(file)).port == 8080


def test_a_file_beats_the_value_beside_it_and_the_environment_beats_the_dotenv_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "secret").write_text("the secret of the file")
    named = {"SEMBLANCE_SECRET_FILE": str(tmp_path / "secret")}
    plain = {"SEMBLANCE_SECRET": "the secret of the value"}
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"SEMBLANCE_SECRET_FILE={tmp_path / 'secret'}\n")
    assert load(**named, **plain).secret == Secret("the secret of the file")
    assert Settings.load({}, dotenv=dotenv).secret == Secret("the secret of the file")
    assert Settings.load(plain, dotenv=dotenv).secret == Secret("the secret of the value")
    dotenv.write_text("SEMBLANCE_SECRET=the secret of the value\n")
    assert Settings.load(named, dotenv=dotenv).secret == Secret("the secret of the file")


@pytest.mark.parametrize("name", SECRETS)
def test_a_file_that_is_missing_or_wrong_is_said_in_a_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"^{name}_FILE must name a readable file"):
        load(**{f"{name}_FILE": str(tmp_path / "nowhere")})
    file = tmp_path / "secret"
    file.write_text(" \n")
    with pytest.raises(SettingsError, match=f"^{name}_FILE must name a readable file"):
        load(**{f"{name}_FILE": str(file)})
    file.write_text("wrong!")
    with pytest.raises(SettingsError, match=f"^The file of {name}_FILE must hold") as caught:
        load(**{f"{name}_FILE": str(file)})
    assert "wrong!" not in str(caught.value)


def test_of_an_endless_file_only_the_beginning_is_read() -> None:
    with pytest.raises(SettingsError):
        load(TELEGRAM_TOKEN_FILE="/dev/zero")


def test_a_secret_shows_itself_in_no_text() -> None:
    settings = load(TELEGRAM_TOKEN=TOKEN)
    for text in (repr(settings), str(settings.telegram_token), f"{settings.telegram_token}"):
        assert TOKEN not in text
    with pytest.raises(TypeError):
        json.dumps(settings.telegram_token)
    assert settings.telegram_token is not None
    assert settings.telegram_token.reveal() == TOKEN


def test_settings_cannot_change_after_they_were_read() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        load().port = 1  # type: ignore[misc]


def test_the_least_in_flight_is_not_above_the_most() -> None:
    assert load(SEMBLANCE_IN_FLIGHT="8", SEMBLANCE_IN_FLIGHT_MIN="8").in_flight_min == 8
    with pytest.raises(SettingsError, match=r"^SEMBLANCE_IN_FLIGHT_MIN must not be above"):
        load(SEMBLANCE_IN_FLIGHT="8", SEMBLANCE_IN_FLIGHT_MIN="9")
