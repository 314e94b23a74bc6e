from __future__ import annotations

import numpy as np
import pytest

from training.augmentation import Augmentation


@pytest.mark.parametrize("shape", [(6, 48, 48), (6, 64, 64, 3)])
def test_changes_keep_shape_and_type_and_follow_the_seed(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    once = Augmentation(gray_share=0.5).apply(images, np.random.default_rng(1))
    again = Augmentation(gray_share=0.5).apply(images, np.random.default_rng(1))
    other = Augmentation(gray_share=0.5).apply(images, np.random.default_rng(2))
    assert once.shape == shape
    assert once.dtype == np.uint8
    assert (once == again).all()
    assert (once != other).any()


def test_with_everything_off_only_the_mirror_is_left() -> None:
    still = Augmentation(shift=0, scale=0, rotate_deg=0, contrast=0, brightness=0, erase_share=0)
    image = np.random.default_rng(0).integers(0, 255, (1, 48, 48), np.uint8)
    seen = {still.apply(image, np.random.default_rng(i)).tobytes() for i in range(12)}
    assert seen == {image.tobytes(), image[:, :, ::-1].tobytes()}


def test_gray_share_one_takes_the_colour_away() -> None:
    images = np.random.default_rng(0).integers(0, 255, (3, 64, 64, 3), np.uint8)
    gray = Augmentation(gray_share=1, erase_share=0).apply(images, np.random.default_rng(0))
    assert (gray[..., 0] == gray[..., 1]).all()
