from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from bot import exits
from bot.__main__ import main


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_a_reason_to_end_is_one_sentence_and_its_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise exits.Misconfigured("A sentence.")

    assert main([], fail) == 78
    assert capsys.readouterr() == ("", "A sentence.\n")


def test_an_orderly_end_is_0() -> None:
    assert main([], lambda: None) == 0


def test_a_stop_while_the_bot_still_loads_is_an_orderly_end() -> None:
    with pytest.raises(SystemExit) as caught:
        main([], lambda: signal.raise_signal(signal.SIGTERM))
    assert caught.value.code == 0


def test_help_names_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for reason in (exits.Misconfigured, exits.WrongToken, exits.InUse, exits.QueueFailed):
        assert str(reason.code) in text


def test_a_check_ends_without_a_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEMBLANCE_SLOTS", "none")
    assert main(["--check"]) == 78
    assert capsys.readouterr().err.startswith("SEMBLANCE_SLOTS must be")
