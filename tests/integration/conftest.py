from __future__ import annotations

import pytest

from tests.doors import opened
from tests.service_processes import proxied


@pytest.fixture
def folder(tmp_path_factory):
    """A short path: a unix socket's may have 107 bytes."""
    return tmp_path_factory.mktemp("n")


@pytest.fixture
def world(folder):
    """A real nginx before services played by hand: proxy, images, url."""
    with proxied(folder) as running:
        yield running


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    """The address of nginx before both services."""
    with opened(tmp_path_factory.mktemp("o")) as address:
        yield address
