"""The detector's model card, written from what `benchmarks.detector --write` measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from training import reports
from training.measures import wilson
from training.tables import table
from utils.manifest import DetectorNetwork

Figures = Mapping[str, float | None]

_INTRODUCTION = """# Model card: detector

The detector says where faces are in a photograph, and where their eyes, noses and mouths are. It
knows nobody and tells nothing about a person.

## What it is for

Finding the faces whose apparent expression and gender the other two networks name.

## What it must not be used for

Counting, following or identifying people, or watching those who have not asked for it. A face that
it misses is a person who is left out: it must decide nothing.

## What it is

{parameters:,} parameters, {kilobytes:.0f} kB. Anchor-free, strides 8, 16 and 32, depthwise blocks
(`training/detection/network.py`). It reads RGB in any size that is a multiple of 32 and answers for
every cell a score, a box and five landmarks (`utils/cells.py`). Pictures are shrunk to a long side
of 320; those where no face or a small one was found are looked at in up to 640 as well. A
confidence of one half means that about half of such boxes are faces.

## Data and terms

- `faces_det_train_masks.zip`: street and portrait photographs with boxes drawn by people (Kaggle
  "Face Mask Detection", published there as CC0; the pictures come from the web).
- `faces_det_train_teacher.zip`: photographs of Flickr8k, COCO and old archives with a teacher's
  boxes; **research and non-commercial terms: if you use the weights commercially, weigh that.**
- `fairface_64.npz`: single faces that are pasted into the photographs (FairFace, CC BY 4.0).
- Landmarks, and doubtful places, are those of YuNet (Wu et al., Machine Intelligence Research 2023;
  weights Apache-2.0), which is not part of this project.

A fifth of the photographs of both packs, chosen by a hash of their names, was never trained on. All
figures are of those, and of FairFace's validation pictures."""

_MEASURED = """## What was measured

`python -m benchmarks.detector --data DIR` prints it, in one run on one machine. `ours` is what is
served, `ours_320` and so on look once (and once more at 320 where they are larger), `haar` is
OpenCV's cascade at full size and at 640, `teacher` is YuNet."""

_BY_GROUP = """## By group

FairFace's validation pictures; the words for groups are FairFace's, given by people who saw the
picture."""

_RUN = ("epochs", "steps", "batch")
_AGAIN = """## How to train it again

    python -m training.train_detector --data DIR
    python -m training.export_detector --data DIR
    python -m benchmarks.detector --data DIR --write

The run had {epochs} epochs of {steps} batches of {batch} scenes."""

_ROWS = {
    "ms": "median milliseconds for a photograph of 1280x960, one core, resizing included",
    "p99_ms": "99th percentile of the same",
    "recall": "recall at a precision of .80, faces of at least 24 px at 640",
    "served_recall": "recall as served",
    "precision": "precision as served",
    "ap": "average precision at an overlap of a half",
    "recall_16_to_24": "recall as served, faces of 16 to 24 px at 640",
    "recall_small": "of 24 to 48 px",
    "recall_medium": "of 48 to 128 px",
    "recall_large": "of 128 px and more",
    "recall_huge": "of at least two fifths of the picture's height",
    "selfies": "share found of faces that fill 40 to 100 % of a picture cut around them",
    "recall_tilted": "recall as served, eyes tilted by 20 degrees and more",
    "recall_masked": "with a mask",
    "recall_bare": "without, in the same photographs",
    "false_alarms_per_photo": "false alarms a photograph without any face",
    "landmark_error": "distance to YuNet's landmarks by that of the eyes, faces from the front",
    "fairface_landmark_error": "the same on FairFace's validation pictures",
    "fairface_found": "share of FairFace's validation faces that were found",
    "fairface_worst_group": "the same of the worst group of one race and gender",
}


def write_card(
    entry: DetectorNetwork, results: Mapping[str, Figures], sizes: Mapping[str, int], folder: Path
) -> None:
    """Write detector.report.json and detector.md into the folder of the weights."""
    reports.write("detector", {"sizes": dict(sizes), **results}, folder)
    text = card(entry, results, sizes)
    (folder / "detector.md").write_text(text, encoding="utf-8")


def card(entry: DetectorNetwork, results: Mapping[str, Figures], sizes: Mapping[str, int]) -> str:
    """The card's text; `sizes` holds the parameters, the bytes and how many faces a group has."""
    kilobytes = sizes["bytes"] / 1000
    introduction = _INTRODUCTION.format(parameters=sizes["parameters"], kilobytes=kilobytes)
    names = list(results)
    rows = [
        [meaning, *(_number(results[name].get(key)) for name in names)]
        for key, meaning in _ROWS.items()
    ]
    measured = table(["figure", *(f"`{name}`" for name in names)], rows)
    counts, groups = _counts(results["ours"]), _groups(results["ours"], sizes)
    again = _AGAIN.format(**{key: entry.config.get(key, "?") for key in _RUN})
    parts = (introduction, _MEASURED, measured, counts, _BY_GROUP, groups, again)
    return "\n\n".join(parts) + "\n"


def _counts(ours: Figures) -> str:
    kinds = [key.removeprefix("n_") for key in ours if key.startswith("n_")]
    words = ", ".join(f"{kind.replace('_', ' ')} {ours[f'n_{kind}'] or 0:.0f}" for kind in kinds)
    return (
        f"Faces of at least 24 px: {ours['faces'] or 0:.0f}. Faces by kind: {words}. Photographs "
        f"without any face: {ours['photos_without_faces'] or 0:.0f}."
    )


def _groups(ours: Figures, sizes: Mapping[str, int]) -> str:
    rows: list[Sequence[object]] = []
    for key, share in ours.items():
        if key.startswith("fairface ") and share is not None:
            name, n = key.removeprefix("fairface "), sizes[key]
            low, high = wilson(round(share * n), n)
            rows.append([name.replace("/", ", "), n, f"{share:.4f}", f"{low:.3f} to {high:.3f}"])
    return table(["group", "faces", "found", "95 % interval"], rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
