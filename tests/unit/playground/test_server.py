from __future__ import annotations

import socket

import pytest
from dotenv import dotenv_values

from playground import server
from utils.errors import SettingsError
from utils.settings import Secret, Settings


@pytest.fixture
def no_settings(monkeypatch):
    monkeypatch.setattr("dotenv.dotenv_values", lambda _: {})
    for name in ("TELEGRAM_TOKEN", "TELEGRAM_TOKEN_FILE", "SEMBLANCE_PLAYGROUND_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_a_free_port_is_taken_on_this_machine_alone():
    with server.listen(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert listener.getsockname()[1] > 0


def test_a_taken_port_is_said_in_a_sentence():
    with server.listen(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} is taken"):
            server.listen(port)


def test_without_a_wish_the_next_free_port_is_taken(monkeypatch):
    with server.listen(0) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(server, "DEFAULT_PORT", port)
        monkeypatch.setattr(server, "_TRIED_PORTS", 20)
        with server.listen(None) as listener:
            assert port < listener.getsockname()[1] < port + 20
        monkeypatch.setattr(server, "_TRIED_PORTS", 1)
        with pytest.raises(SettingsError, match=f"Every port from {port} on is taken"):
            server.listen(None)


def test_the_listener_does_not_block():
    with server.listen(0) as listener, pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.usefixtures("no_settings")
def test_without_a_token_one_sentence_and_78(capsys):
    assert server.main([]) == 78
    assert capsys.readouterr().err == (
        "TELEGRAM_TOKEN is not set: the playground needs a bot's token.\n"
    )


@pytest.mark.usefixtures("no_settings")
def test_a_wrong_setting_is_one_sentence_and_78(capsys, monkeypatch):
    monkeypatch.setenv("TELEGRAM_TOKEN", "nonsense")
    assert server.main([]) == 78
    assert capsys.readouterr().err.startswith("TELEGRAM_TOKEN must be")


@pytest.mark.usefixtures("no_settings")
def test_the_port_is_written_and_said_before_serving(capsys, monkeypatch, tmp_path):
    served = []
    monkeypatch.setenv("TELEGRAM_TOKEN", "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    monkeypatch.setattr(server, "_serve", lambda token, listener, name: served.append(listener))
    assert server.main(["--port", "0", "--port-file", str(tmp_path / "port")]) == 0
    with served[0] as listener:
        port = listener.getsockname()[1]
    assert (tmp_path / "port").read_text() == f"{port}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["port"]
    assert capsys.readouterr().out == f"playground: http://127.0.0.1:{port}\n"


@pytest.mark.usefixtures("no_settings")
def test_a_port_from_the_settings_is_taken(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    served = []
    monkeypatch.setenv("TELEGRAM_TOKEN", "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    monkeypatch.setenv("SEMBLANCE_PLAYGROUND_PORT", str(port))
    monkeypatch.setattr(server, "_serve", lambda token, listener, name: served.append(listener))
    assert server.main([]) == 0
    with served[0] as listener:
        assert listener.getsockname()[1] == port


@pytest.mark.usefixtures("no_settings")
def test_in_a_container_the_others_are_told_in_a_file(monkeypatch, tmp_path):
    served = []
    monkeypatch.setattr(server, "_serve", lambda *arguments: served.append(arguments))
    file = tmp_path / "env"
    assert server.main(["--port", "0", "--name", "playground", "--env-file", str(file)]) == 0
    ((token, listener, name),) = served
    with listener:
        address, port = listener.getsockname()
    assert (address, name) == ("0.0.0.0", "playground")
    told = dotenv_values(file)
    assert told == {"TELEGRAM_TOKEN": token, "TELEGRAM_API_URL": f"http://playground:{port}"}
    assert Settings.load(told, dotenv=None).telegram_token == Secret(token)


@pytest.mark.usefixtures("no_settings")
def test_a_token_that_is_set_is_the_one_that_is_told(monkeypatch, tmp_path):
    token = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    monkeypatch.setenv("TELEGRAM_TOKEN", token)
    monkeypatch.setattr(server, "_serve", lambda token, listener, name: listener.close())
    assert server.main(["--port", "0", "--env-file", str(tmp_path / "env")]) == 0
    assert dotenv_values(tmp_path / "env")["TELEGRAM_TOKEN"] == token
