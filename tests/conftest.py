"""Fixtures that every test may use: real faces where they are, public-domain ones everywhere."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from utils.settings import ROOT, Settings


@pytest.fixture(scope="session")
def packs() -> Path:
    """The folder of the data packs, or a skip where this machine has none."""
    folder = Path(os.environ.get("SEMBLANCE_DATA", ROOT / "data"))
    if not (folder / "fer2013.npz").is_file():
        pytest.skip("needs the data packs: set SEMBLANCE_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """RGB uint8 (512, 512, 3): Eileen Collins, one face, NASA, public domain."""
    return np.asarray(data.astronaut())


@pytest.fixture(scope="session")
def astronaut_jpeg(astronaut: np.ndarray) -> bytes:
    return encoded(astronaut, "JPEG", quality=92)


@pytest.fixture(scope="session")
def coffee_jpeg() -> bytes:
    """A picture without a face (CC0)."""
    return encoded(np.asarray(data.coffee()), "JPEG")


@pytest.fixture
def settings() -> Settings:
    """The defaults, whatever this machine's environment says."""
    return Settings.load({}, dotenv=None)


def encoded(image: np.ndarray | Image.Image, form: str, **options: object) -> bytes:
    """An array or a Pillow picture as the bytes of a file."""
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()
