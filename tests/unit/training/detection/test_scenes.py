from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.unit.training.detection.drawn_faces import POINTS, cutout, photo
from training.detection import disguises, light
from training.detection.labels import Labels
from training.detection.scenes import Scenes, SceneSpec, moved

PLAIN = SceneSpec(paste_share=0, portrait_share=0, crowd_share=0, disguise_share=0)


def scenes(spec: SceneSpec, *places: tuple[float, float, float]) -> Scenes:
    return Scenes([photo(*places)], [cutout()], spec)


def test_the_same_seed_draws_the_same_scene() -> None:
    drawn = [scenes(SceneSpec(), (200, 150, 80)).draw(np.random.default_rng(4)) for _ in range(2)]
    assert (drawn[0][0] == drawn[1][0]).all()
    assert (drawn[0][1].boxes == drawn[1][1].boxes).all()


def test_a_scene_is_a_square_with_boxes_inside() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        image, labels = scenes(SceneSpec(side_px=96), (200, 150, 80), (50, 60, 30)).draw(rng)
        assert image.shape == (96, 96, 3)
        assert image.dtype == np.uint8
        assert (labels.boxes >= 0).all()
        assert (labels.boxes <= 96).all()
        assert len(labels.boxes) == len(labels.landmarks)


def test_labels_go_where_the_picture_goes() -> None:
    """The drawn face is brighter than its wall: its pixels say where it is."""
    rng, errors = np.random.default_rng(1), []
    for _ in range(40):
        part, labels = scenes(PLAIN)._part(
            photo((200, 150, 100)).image_rgb(), photo((200, 150, 100)).labels, rng
        )
        box = labels.boxes[0]
        if (box < 4).any() or (box > 316).any() or box[2] - box[0] < 20:
            continue
        skin = part.astype(int) - (224, 180, 150)
        rows, columns = np.nonzero(np.abs(skin).max(2) < 40)
        seen = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        errors.append(np.abs(seen - box).max() / (box[3] - box[1]))
    assert len(errors) > 8
    assert np.median(errors) < 0.06


def test_a_mirrored_face_has_its_left_eye_on_the_left() -> None:
    one = photo((200, 150, 100)).labels
    turned = moved(one, np.array([[-1.0, 0, 400], [0, 1, 0]]))
    assert (turned.landmarks[0, 0] < turned.landmarks[0, 1])[0]
    assert (turned.landmarks[0, 3] < turned.landmarks[0, 4])[0]
    assert turned.boxes[0] == pytest.approx(one.boxes[0], abs=1e-3)


def test_a_turned_face_keeps_its_size() -> None:
    one = photo((200, 150, 100)).labels
    matrix = cv2.getRotationMatrix2D((200, 150), 40, 1.0)
    box = moved(one, matrix).boxes[0]
    assert (box[:2] + box[2:]) / 2 == pytest.approx([200, 150], abs=1e-3)
    assert box[3] - box[1] < 100
    assert box[2] - box[0] > 76
    assert moved(one, cv2.getRotationMatrix2D((200, 150), 90, 1.0)).boxes[0][
        2:
    ] - 0 == pytest.approx([250, 188], abs=1e-3)


def test_pasted_faces_are_told_and_cover_what_was_there() -> None:
    spec = SceneSpec(paste_share=0, portrait_share=1, disguise_share=0)
    rng, sizes = np.random.default_rng(2), []
    for _ in range(30):
        _, labels = scenes(spec).draw(rng)
        sizes += [float(box[3] - box[1]) for box in labels.boxes]
    assert len(sizes) > 20
    assert max(sizes) > 250
    covered = scenes(spec, (200, 150, 30))
    counts = [len(covered.draw(rng)[1].boxes) for _ in range(30)]
    assert 1 in counts


def test_what_the_frame_cuts_away_is_no_face_and_what_it_halves_is_doubtful() -> None:
    boxes = np.array([[-90, 10, 10, 110], [-60, 10, 40, 110], [-30, 10, 70, 110], [5, 5, 8, 8]])
    labels = Labels(
        boxes.astype(np.float32), np.zeros((4, 5, 2), np.float32), np.zeros((0, 4), np.float32)
    )
    judged = scenes(PLAIN)._judged(labels)
    assert judged.boxes.tolist() == [[0, 10, 40, 110], [0, 10, 70, 110]]
    barely = scenes(PLAIN)._judged(
        Labels(np.array([[-80, 10, 20, 110]], np.float32), labels.landmarks[:1], labels.doubtful)
    )
    assert len(barely.boxes) == 0
    assert len(barely.doubtful) == 1


def test_pictures_that_were_answered_wrongly_come_back() -> None:
    two = Scenes([photo(size_wh=(64, 64)), photo((200, 150, 100))], [], PLAIN)
    two.weights[:] = (0.0, 1.0)
    rng = np.random.default_rng(3)
    assert any(len(two.draw(rng)[1].boxes) for _ in range(5))
    two.weights[:] = (1.0, 0.0)
    assert not any(len(two.draw(rng)[1].boxes) for _ in range(5))


def test_masks_glasses_and_hats_are_drawn_where_they_are_worn() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    points = (np.array([100, 100]) + POINTS * 100).astype(np.float32)
    labels = Labels(
        np.array([[60, 50, 140, 150]], np.float32), points[None], np.zeros((0, 4), np.float32)
    )
    rng = np.random.default_rng(0)
    worn = [disguises.drawn(image, labels, rng) for _ in range(40)]
    changed = [(picture != 0).any(2) for picture in worn if picture.any()]
    assert len(changed) > 15
    places = {
        "mouth": points[3:].mean(0),
        "eye": points[0],
        "brow": points[:2].mean(0) - (0, 30),
    }
    for x, y in places.values():
        assert any(mask[int(y), int(x)] for mask in changed)
    unknown = Labels(labels.boxes, np.full((1, 5, 2), np.nan, np.float32), labels.doubtful)
    assert not disguises.drawn(image, unknown, rng).any()


def test_light_keeps_size_and_type_and_changes_most_pictures() -> None:
    image = photo((200, 150, 100)).image_rgb()
    rng = np.random.default_rng(0)
    changed = [light.changed(image, rng) for _ in range(30)]
    assert all(one.shape == image.shape and one.dtype == np.uint8 for one in changed)
    assert sum((one != image).any() for one in changed) > 25


def test_a_crowd_is_many_small_faces() -> None:
    rng, counts = np.random.default_rng(5), []
    spec = SceneSpec(paste_share=0, portrait_share=0, crowd_share=1, disguise_share=0)
    for _ in range(10):
        _, labels = scenes(spec).draw(rng)
        counts.append(len(labels.boxes))
        assert (labels.boxes[:, 2:] - labels.boxes[:, :2]).max() < 80
    assert np.mean(counts) > 6
