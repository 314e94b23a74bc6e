from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from training.augmentation import Augmentation

STILL = Augmentation(
    shift=0,
    scale=0,
    rotate_deg=0,
    contrast=0,
    brightness=0,
    blur_share=0,
    small_share=0,
    jpeg_share=0,
    erase_share=0,
)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, shape, np.uint8)


def smooth(side: int = 48) -> np.ndarray:
    """A picture without hard edges, whose values all lie well inside 0..255."""
    ramp = np.linspace(60, 180, side)
    return ((ramp[:, None] + ramp[None]) / 2).astype(np.uint8)


def dot(side: int, x: float, y: float, radius: float = 3) -> np.ndarray:
    """A bright dot at x, y (shares of the side) on black."""
    ys, xs = np.mgrid[:side, :side]
    near = np.hypot(xs - x * (side - 1), ys - y * (side - 1)) / radius
    return (255 * np.exp(-(near**2))).astype(np.uint8)


def centre(image: np.ndarray) -> tuple[float, float]:
    """Where the brightness lies, x and y, in shares of the side."""
    ys, xs = np.mgrid[: image.shape[0], : image.shape[1]]
    weight = image.astype(float)
    last = image.shape[0] - 1
    return (xs * weight).sum() / weight.sum() / last, (ys * weight).sum() / weight.sum() / last


def detail(image: np.ndarray) -> float:
    """How much neighbouring pixels differ."""
    return float(np.abs(np.diff(image.astype(int), axis=0)).mean())


def unmirrored(config: Augmentation, image: np.ndarray, copies: int, size_px: int) -> np.ndarray:
    """Changed copies of a picture, those that were mirrored left out (a blot top left tells)."""
    out = config.apply(np.stack([image] * copies), np.random.default_rng(0), size_px)
    return np.stack([one for one in out if centre(one)[0] < 0.5])


@pytest.mark.parametrize("shape", [(6, 48, 48), (6, 64, 64, 3)])
def test_changes_keep_shape_and_type_and_follow_the_seed(shape: tuple[int, ...]) -> None:
    images = noise(*shape)
    every = Augmentation(gray_share=0.5, blur_share=0.5, small_share=0.5, jpeg_share=0.5)
    once = every.apply(images, np.random.default_rng(1), shape[1])
    again = every.apply(images, np.random.default_rng(1), shape[1])
    other = every.apply(images, np.random.default_rng(2), shape[1])
    assert once.shape == shape
    assert once.dtype == np.uint8
    assert (once == again).all()
    assert (once != other).any()
    assert (images == noise(*shape)).all()


@pytest.mark.parametrize("size_px", [16, 48, 56, 80])
def test_pictures_come_in_the_size_that_is_asked(size_px: int) -> None:
    every = replace(Augmentation(), small_share=1, jpeg_share=1, blur_share=1, erase_share=1)
    assert every.apply(noise(3, 64, 64, 3), np.random.default_rng(0), size_px).shape == (
        3,
        size_px,
        size_px,
        3,
    )
    still = STILL.apply(dot(64, 0.3, 0.4)[None], np.random.default_rng(2), size_px)[0]
    x, y = centre(still)
    assert min(x, 1 - x) == pytest.approx(0.3, abs=0.02)
    assert y == pytest.approx(0.4, abs=0.02)


def test_with_everything_off_only_the_mirror_is_left() -> None:
    image = noise(1, 48, 48)
    seen = {STILL.apply(image, np.random.default_rng(i), 48).tobytes() for i in range(12)}
    assert seen == {image.tobytes(), image[:, :, ::-1].tobytes()}


def test_half_of_the_pictures_are_mirrored() -> None:
    out = STILL.apply(np.stack([dot(32, 0.2, 0.5)] * 200), np.random.default_rng(0), 32)
    assert 0.4 < np.mean([centre(image)[0] > 0.5 for image in out]) < 0.6


def test_shift_moves_both_ways_and_no_further_than_it_says() -> None:
    out = unmirrored(replace(STILL, shift=0.1), dot(48, 0.3, 0.5), 200, 48)
    moved = np.array([centre(image) for image in out]) - (0.3, 0.5)
    assert np.abs(moved).max() < 0.1 * 48 / 47 + 0.01
    assert (moved.max(0) > 0.08).all()
    assert (moved.min(0) < -0.08).all()


def test_scale_grows_and_shrinks_about_the_centre() -> None:
    out = unmirrored(replace(STILL, scale=0.2), dot(48, 0.3, 0.5), 200, 48)
    grown = (0.5 - np.array([centre(image)[0] for image in out])) / 0.2
    assert grown.min() == pytest.approx(0.8, abs=0.03)
    assert grown.max() == pytest.approx(1.2, abs=0.03)


def test_rotation_turns_about_the_centre() -> None:
    out = unmirrored(replace(STILL, rotate_deg=15), dot(48, 0.2, 0.5), 200, 48)
    x, y = np.array([centre(image) for image in out]).T - 0.5
    assert np.hypot(x, y) == pytest.approx(np.full(len(x), 0.3), abs=0.01)
    assert np.degrees(np.arctan2(y, -x)).max() == pytest.approx(15, abs=1)
    assert np.degrees(np.arctan2(y, -x)).min() == pytest.approx(-15, abs=1)


def test_brightness_adds_and_contrast_spreads_about_the_middle() -> None:
    image = smooth()[None]
    brighter = replace(STILL, brightness=40).apply(image, np.random.default_rng(3), 48)
    added = brighter.mean() - image.mean()
    assert 1 < abs(added) <= 41
    assert brighter.std() == pytest.approx(image.std(), abs=0.5)
    gains = [
        replace(STILL, contrast=0.35).apply(image, np.random.default_rng(i), 48).std() / image.std()
        for i in range(40)
    ]
    assert 0.64 < min(gains) < 0.8
    assert 1.2 < max(gains) < 1.36


@pytest.mark.parametrize("change", ["blur_share", "small_share"])
def test_blurred_and_shrunk_pictures_lose_detail(change: str) -> None:
    image = noise(1, 48, 48)
    out = replace(STILL, **{change: 1}).apply(image, np.random.default_rng(0), 48)
    assert detail(out[0]) < 0.9 * detail(image[0])
    assert out.mean() == pytest.approx(image.mean(), abs=3)


def zeros(image: np.ndarray) -> float:
    """The share of the picture's 8x8 blocks' frequencies that are (almost) zero."""
    blocks = [image[y : y + 8, x : x + 8] for y in range(0, 48, 8) for x in range(0, 48, 8)]
    return float(np.mean([np.abs(cv2.dct(block.astype(np.float32))) < 2 for block in blocks]))


def test_jpeg_rounds_frequencies_away() -> None:
    images = noise(4, 48, 48)
    for changed in replace(STILL, jpeg_share=1).apply(images, np.random.default_rng(0), 48):
        assert zeros(changed) > 4 * zeros(images[0])


def test_erasing_leaves_one_rectangle_of_one_level() -> None:
    image = noise(1, 48, 48)
    for seed in range(10):
        out = replace(STILL, erase_share=1).apply(image, np.random.default_rng(seed), 48)[0]
        original = min(image[0], image[0][:, ::-1], key=lambda one: int((one != out).sum()))
        rows, columns = np.nonzero(out != original)
        erased = out[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert (erased == erased[0, 0]).mean() == 1
        assert 0.1 < erased.shape[0] / 48 < 0.42
        assert 0.1 < erased.shape[1] / 48 < 0.42


def test_gray_share_one_takes_the_colour_away_and_leaves_the_light() -> None:
    images = noise(3, 64, 64, 3)
    gray = replace(STILL, gray_share=1).apply(images, np.random.default_rng(0), 64)
    assert (gray[..., 0] == gray[..., 1]).all()
    assert (gray[..., 1] == gray[..., 2]).all()
    luma = cv2.cvtColor(images[0], cv2.COLOR_RGB2GRAY)
    assert any((gray[0, ..., 0] == one).all() for one in (luma, luma[:, ::-1]))


def test_shares_say_how_often() -> None:
    images = np.stack([smooth()] * 300)
    for change in ("blur_share", "small_share", "jpeg_share", "erase_share"):
        config = replace(STILL, **{change: 0.3})
        out = config.apply(images, np.random.default_rng(0), 48)
        touched = [not any((one == o).all() for o in (smooth(), smooth()[:, ::-1])) for one in out]
        assert 0.2 < np.mean(touched) < 0.4, change
