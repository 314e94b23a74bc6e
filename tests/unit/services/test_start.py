import pytest

from services.start import LOAD_FAILED, start
from tests.fakes_services import SECRET, TOKEN, FakeEngine
from utils.errors import ModelError


@pytest.fixture(autouse=True)
def environ(monkeypatch, tmp_path):
    import logging

    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setenv("SEMBLANCE_SECRET", SECRET)
    yield monkeypatch
    root.handlers[:] = before
    root.setLevel(level)


def test_the_app_is_ready_when_it_is_there(environ):
    environ.setenv("TELEGRAM_TOKEN", TOKEN)
    given = []
    engine = FakeEngine()
    app = start("test", lambda *parts: given.extend(parts) or [], load=lambda _: engine)
    assert engine.warmed_up
    assert app.test_client().get("/readyz").status_code == 200
    telegram = given[1]
    assert telegram is not None
    telegram.close()


def test_without_a_token_there_is_no_telegram(environ):
    environ.setenv("TELEGRAM_TOKEN", "")
    environ.setenv("TELEGRAM_TOKEN_FILE", "")
    given = []
    start("test", lambda *parts: given.extend(parts) or [], load=lambda _: FakeEngine())
    assert given[1] is None


def test_a_wrong_setting_ends_the_start_with_one_sentence(environ, capsys):
    environ.setenv("SEMBLANCE_SLOTS", "many")
    with pytest.raises(SystemExit) as end:
        start("test", lambda *_: [], load=lambda _: FakeEngine())
    assert end.value.code == LOAD_FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot start: SEMBLANCE_SLOTS must be" in line


def test_a_network_that_does_not_load_ends_the_start_with_one_sentence(capsys):
    def load(_):
        raise ModelError("emotion.onnx is not the file of the manifest")

    with pytest.raises(SystemExit):
        start("test", lambda *_: [], load=load)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("cannot start: emotion.onnx is not the file of the manifest")


def test_a_network_of_ones_own_that_cannot_be_served_is_named_by_its_setting(
    environ, capsys, tmp_path
):
    environ.setenv("SEMBLANCE_GENDER_MODEL", str(tmp_path))
    with pytest.raises(SystemExit) as end:
        start("test", lambda *_: [])
    assert end.value.code == LOAD_FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot start: SEMBLANCE_GENDER_MODEL: " in line
    assert line.endswith("manifest.json is missing")
