"""The data packs as arrays, with the splits as published and twins kept out of training.

    python -m training.datasets --data DIR [--preview sheet.png]

prints what is kept and what is left out, and draws what the augmentation makes of some training
pictures (for your own eyes: the packs' terms do not let them be shown).

A pack is one `.npz` without pickled objects; its own README names its source and terms. FER2013
(Goodfellow et al. 2013) holds pictures that stand in a test split and in the training split as
well, some re-cut or re-lit; those leave the *training* split here, never a test split.
"""

from __future__ import annotations

import argparse
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from training.packs import one_sentence, read_pack
from utils.labels import EMOTIONS, GENDERS

FER_TRAIN, FER_PUBLIC, FER_PRIVATE = 0, 1, 2
# FER2013's own class order, said in our words: its class_id -> our expression.
FER2013_LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
# The names that `python -m training.datasets` and other data sets' tables use.
FER_SPLITS = ("Training", "PublicTest", "PrivateTest")
_VALIDATION_SHARE = 10
_FER_ARRAYS = (
    *("jpg_header", "jpg_body", "offset", "label", "usage", "votes", "valid"),
    *("dup_of", "near_group"),
)
_FAIRFACE_ARRAYS = (
    *("webp", "offset", "gender", "age", "race", "age_names", "race_names", "file_id"),
)


@dataclass(frozen=True)
class Faces:
    """Pictures uint8, (n, s, s) gray or (n, s, s, 3) RGB, with what is known of each.

    `targets` maps a head's name to distributions (n, classes); `group` numbers the group (n,)
    that a group-robust loss looks at.
    """

    images: NDArray[np.uint8]
    targets: Mapping[str, NDArray[np.float32]]
    group: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Fer:
    """FER2013 with the FER+ crowd votes; one row a picture, in the pack's order."""

    images: NDArray[np.uint8]  # (n, 48, 48) gray
    label: NDArray[np.int64]  # FER2013's own class, 0..6
    usage: NDArray[np.int64]
    votes: NDArray[np.float32]  # (n, 10): the eight expressions, unknown, not a face
    valid: NDArray[np.bool_]
    has_test_twin: NDArray[np.bool_]  # training pictures with a twin in a test split
    has_training_twin: NDArray[np.bool_]  # pictures of a test split with a twin in training
    has_seen_twin: NDArray[np.bool_]  # PrivateTest pictures with a twin in another split

    def crowd(self) -> NDArray[np.float32]:
        """The votes as a distribution over the eight expressions, (n, 8).

        A single vote counts as an outlier and is dropped, as in FER+ (arXiv 1608.01041, and its
        published script); a row without any other vote keeps what it has.
        """
        votes = self.votes[:, : len(EMOTIONS)].copy()
        kept = np.where(votes > 1, votes, 0)
        empty = kept.sum(1) == 0
        kept[empty] = votes[empty]
        total = kept.sum(1, keepdims=True)
        return np.asarray(kept / np.maximum(total, 1), np.float32)

    def usable(self) -> NDArray[np.bool_]:
        """Pictures that show a face with an expression most voters could name."""
        lead = self.votes.argmax(1) < len(EMOTIONS)
        return np.asarray(self.valid & lead & (self.votes[:, : len(EMOTIONS)].sum(1) > 0))

    def kept(self, usage: int) -> NDArray[np.bool_]:
        """The rows of a split that are used: the usable ones, in training without test twins."""
        return np.asarray((self.usage == usage) & self.usable() & ~self.has_test_twin)


def load_fer(data: Path) -> Fer:
    """Read `fer2013.npz`; 36 k JPEGs decode in a few seconds. Raises `DatasetError`."""
    pack = read_pack(data, "fer2013.npz", _FER_ARRAYS)
    header, body = pack["jpg_header"].tobytes(), pack["jpg_body"].tobytes()
    offset = pack["offset"]
    images = np.empty((len(offset) - 1, 48, 48), np.uint8)
    for i in tqdm(range(len(images)), desc="FER2013", unit="picture", leave=False, disable=None):
        images[i] = np.asarray(Image.open(io.BytesIO(header + body[offset[i] : offset[i + 1]])))
    return with_twins(
        images=images,
        label=pack["label"].astype(np.int64),
        usage=pack["usage"].astype(np.int64),
        votes=pack["votes"].astype(np.float32),
        valid=pack["valid"] == 1,
        twins=(pack["near_group"], pack["dup_of"]),
    )


def with_twins(
    *,
    images: NDArray[np.uint8],
    label: NDArray[np.int64],
    usage: NDArray[np.int64],
    votes: NDArray[np.float32],
    valid: NDArray[np.bool_],
    twins: Sequence[NDArray[np.integer]],
) -> Fer:
    """FER2013 from its arrays; two rows are twins where one of `twins`, (n,) each, says the same.

    A twin is a copy or a re-cut, re-lit variant of the same picture.
    """

    def has_twin_in(rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        same = [np.isin(group, group[rows]) for group in twins]
        return np.asarray(np.logical_or.reduce(same), np.bool_)

    training, private = usage == FER_TRAIN, usage == FER_PRIVATE
    return Fer(
        images=images,
        label=label,
        usage=usage,
        votes=votes,
        valid=valid,
        has_test_twin=has_twin_in(~training) & training,
        has_training_twin=has_twin_in(training) & ~training,
        has_seen_twin=has_twin_in(~private) & private,
    )


def emotion_split(fer: Fer, usage: int) -> Faces:
    """Usable pictures of one FER2013 split with the crowd's distribution and the old label."""
    rows = fer.kept(usage)
    crowd = fer.crowd()[rows]
    label = one_hot(fer.label[rows], len(FER2013_LABELS))
    return Faces(fer.images[rows], {"emotion": crowd, "fer2013": label}, crowd.argmax(1))


@dataclass(frozen=True)
class FairFace:
    """FairFace faces (Karkkainen & Joo 2021), RGB uint8 (n, s, s, 3), with their groups."""

    images: NDArray[np.uint8]
    gender: NDArray[np.int64]  # 0 woman, 1 man, as in utils.labels.GENDERS
    age: NDArray[np.int64]  # index into age_names
    race: NDArray[np.int64]
    age_names: tuple[str, ...]
    race_names: tuple[str, ...]
    file_id: NDArray[np.int64]


def load_fairface(data: Path, pack_name: str, size_px: int) -> FairFace:
    """Read `fairface_64.npz` (training) or `fairface_val_112.npz` (measuring only).

    Raises `DatasetError`.
    """
    pack = read_pack(data, pack_name, _FAIRFACE_ARRAYS)
    body, offset = pack["webp"].tobytes(), pack["offset"]
    images = np.empty((len(offset) - 1, size_px, size_px, 3), np.uint8)
    for i in tqdm(range(len(images)), desc=pack_name, unit="picture", leave=False, disable=None):
        images[i] = np.asarray(Image.open(io.BytesIO(body[offset[i] : offset[i + 1]])))
    return FairFace(
        images=images,
        gender=pack["gender"].astype(np.int64),
        age=pack["age"].astype(np.int64),
        race=pack["race"].astype(np.int64),
        age_names=tuple(str(name) for name in pack["age_names"]),
        race_names=tuple(str(name) for name in pack["race_names"]),
        file_id=pack["file_id"].astype(np.int64),
    )


def gender_split(fairface: FairFace, *, validation: bool) -> Faces:
    """Nine tenths of FairFace's training files, or the tenth on which decisions are made.

    The tenth is chosen by a hash of the file's number, so that it stays the same for ever.
    """
    chosen = np.array([held_out(str(number).encode()) for number in fairface.file_id])
    rows = chosen if validation else ~chosen
    gender, race = fairface.gender[rows], fairface.race[rows]
    targets = {
        "gender": one_hot(gender, len(GENDERS)),
        "age": one_hot(fairface.age[rows], len(fairface.age_names)),
        "race": one_hot(race, len(fairface.race_names)),
    }
    return Faces(fairface.images[rows], targets, race * len(GENDERS) + gender)


def one_hot(class_ids: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Class numbers (n,) as distributions (n, classes)."""
    return np.eye(classes, dtype=np.float32)[class_ids]


def held_out(key: bytes, share: int = _VALIDATION_SHARE) -> bool:
    """Whether what `key` names belongs to the one in `share` that is not trained on."""
    return hashlib.sha256(key).digest()[0] % share == 0


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    parser.add_argument("--preview", type=Path, help="draw a contact sheet into this PNG file")
    parser.add_argument("--seed", type=int, default=0, help="of the preview's pictures and changes")
    arguments = parser.parse_args(argv)
    from training.counts import summary  # it builds on this module

    with one_sentence():
        fer = load_fer(arguments.data)
        fairface = load_fairface(arguments.data, "fairface_64.npz", 64)
        print(summary(fer, fairface))
        if arguments.preview:
            # It reads the training scripts' settings, and these need Keras.
            from training.contact_sheet import draw

            training = emotion_split(fer, FER_TRAIN), gender_split(fairface, validation=False)
            draw(*training, arguments.seed).save(arguments.preview)
            print(f"contact sheet: {arguments.preview}")


if __name__ == "__main__":
    main()
