from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.training.packs import write_packs


@pytest.fixture(scope="session")
def drawn_packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packs that a script drew."""
    return write_packs(tmp_path_factory.mktemp("packs"))
