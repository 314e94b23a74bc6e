from __future__ import annotations

import threading
from pathlib import Path

import pytest

from launcher import runtime
from launcher.page import Page
from launcher.runtime import RuntimeUnavailable
from tests.service_processes import eventually


@pytest.fixture
def kept_in(tmp_path: Path) -> Path:
    return tmp_path / "var"


def filled(kept_in: Path) -> Path:
    """As if it had been fetched."""
    folder = runtime.folder(kept_in)
    folder.mkdir(parents=True)
    for name in runtime.FILES:
        (folder / name).write_text(name)
        (folder / f"{name}.gz").write_text(name)
    return folder


def is_complete(site: Path) -> bool:
    return '"runtime": true' in (site / "web" / "version.js").read_text()


def test_a_page_whose_runtime_is_there_is_complete_at_once(tmp_path: Path, kept_in: Path) -> None:
    filled(kept_in)
    page = Page(tmp_path / "site", pytest.fail, kept_in=kept_in)
    page.prepare(lambda _: pytest.fail("asked for"))
    assert is_complete(tmp_path / "site")
    assert not page.is_worth_waiting_for()


def test_the_page_is_there_before_its_runtime_and_gets_it_later(
    tmp_path: Path, kept_in: Path
) -> None:
    arrived = threading.Event()

    def fetch(kept_in: Path) -> Path:
        arrived.wait(30)
        return filled(kept_in)

    page = Page(tmp_path / "site", pytest.fail, kept_in=kept_in)
    page.prepare(fetch)
    assert (tmp_path / "site" / "index.html").is_file()
    assert not is_complete(tmp_path / "site")
    assert page.is_worth_waiting_for()
    arrived.set()
    eventually(lambda: not page.is_worth_waiting_for(), "the thread")
    assert is_complete(tmp_path / "site")


def test_what_cannot_be_fetched_is_said_once_and_the_page_stays(
    tmp_path: Path, kept_in: Path
) -> None:
    def fetch(_: Path) -> Path:
        raise RuntimeUnavailable("onnxruntime-web could not be fetched: no network")

    said: list[str] = []
    page = Page(tmp_path / "site", said.append, kept_in=kept_in)
    page.prepare(fetch)
    eventually(lambda: not page.is_worth_waiting_for(), "the thread")
    (sentence,) = said
    assert sentence == (
        "onnxruntime-web could not be fetched: no network;"
        " until the next start the webcam page looks on the server alone."
    )
    assert (tmp_path / "site" / "index.html").is_file()
    assert not is_complete(tmp_path / "site")
