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
from collections.abc import Mapping
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
    usage = pack["usage"].astype(np.int64)
    training = usage == FER_TRAIN
    return Fer(
        images=images,
        label=pack["label"].astype(np.int64),
        usage=usage,
        votes=pack["votes"].astype(np.float32),
        valid=pack["valid"] == 1,
        has_test_twin=_twins(pack, ~training) & training,
        has_training_twin=_twins(pack, training) & ~training,
        has_seen_twin=_twins(pack, usage != FER_PRIVATE) & (usage == FER_PRIVATE),
    )


def _twins(pack: Mapping[str, NDArray[np.integer]], rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pictures (n,) that are copies or re-cut, re-lit variants of one of `rows`."""
    same = [np.isin(pack[key], pack[key][rows]) for key in ("near_group", "dup_of")]
    return np.asarray(same[0] | same[1])


def emotion_split(fer: Fer, usage: int) -> Faces:
    """Usable pictures of one FER2013 split with the crowd's distribution and the old label."""
    rows = fer.kept(usage)
    crowd = fer.crowd()[rows]
    label = _one_hot(fer.label[rows], len(FER2013_LABELS))
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
    held_out = np.array([_bucket(int(number)) == 0 for number in fairface.file_id])
    rows = held_out if validation else ~held_out
    gender, race = fairface.gender[rows], fairface.race[rows]
    targets = {
        "gender": _one_hot(gender, len(GENDERS)),
        "age": _one_hot(fairface.age[rows], len(fairface.age_names)),
        "race": _one_hot(race, len(fairface.race_names)),
    }
    return Faces(fairface.images[rows], targets, race * len(GENDERS) + gender)


def _one_hot(class_ids: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    return np.eye(classes, dtype=np.float32)[class_ids]


def _bucket(number: int) -> int:
    return hashlib.sha256(str(number).encode()).digest()[0] % _VALIDATION_SHARE


def summary(fer: Fer, fairface: FairFace) -> str:
    """What is kept and what is left out of each split, as a table of counts."""
    splits = range(len(FER_SPLITS))
    usable = fer.usable()
    counts = {
        "pictures": np.ones(len(usable), bool),
        "no face": ~fer.valid,
        "a face, but no expression most could name": fer.valid & ~usable,
        "with a twin in a test split, left out": fer.has_test_twin,
        "with a twin in training": fer.has_training_twin,
        "kept": np.logical_or.reduce([fer.kept(split) for split in splits]),
    }
    lines = [f"{'FER2013':42}" + "".join(f"{name:>12}" for name in FER_SPLITS)]
    for words, rows in counts.items():
        numbers = [int((rows & (fer.usage == split)).sum()) for split in splits]
        lines.append(f"{words:42}" + "".join(f"{number:12,}" for number in numbers))
    lines += ["", f"{'FairFace':42}" + "".join(f"{name:>12}" for name in ("Training", "Held out"))]
    parts = [gender_split(fairface, validation=held_out).targets for held_out in (False, True)]
    sizes = [part["gender"].sum(0).astype(int) for part in parts]
    lines.append(f"{'pictures':42}" + "".join(f"{size.sum():12,}" for size in sizes))
    for class_id, label in enumerate(GENDERS):
        lines.append(f"{label:42}" + "".join(f"{size[class_id]:12,}" for size in sizes))
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    parser.add_argument("--preview", type=Path, help="draw a contact sheet into this PNG file")
    parser.add_argument("--seed", type=int, default=0, help="of the preview's pictures and changes")
    arguments = parser.parse_args(argv)
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
