from __future__ import annotations

import shutil

import pytest

pytest.importorskip("playwright", reason="needs Playwright: uv sync --group dev")

from benchmarks import webcam


def test_a_machine_without_nginx_is_told_what_is_missing(monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(SystemExit, match="needs nginx"):
        webcam.main([])
