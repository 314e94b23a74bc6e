"""The model cards in trained_models/: what a network is, what it is worth, what it must not do.

They are written from the figures that `training.evaluate` prints, never by hand.
"""

from __future__ import annotations

from pathlib import Path

from training.evaluate import Figures
from utils.manifest import Network

_TERMS = {
    "emotion": (
        "The weights were trained on FER2013 (Goodfellow et al., 2013), which is released for "
        "research use, with the FER+ votes (Barsoum et al., ICMI 2016; MIT). They are published "
        "under the project's licence as far as that is ours to give: **if you use them "
        "commercially, clear the terms of FER2013 first, or train on data of your own.**"
    ),
    "gender": (
        "The weights were trained on FairFace (Karkkainen & Joo, WACV 2021; CC BY 4.0). FairFace's "
        "pictures come from the web (YFCC-100M): **research is its stated purpose; if you use "
        "the weights commercially, weigh that, or train on data of your own.**"
    ),
}
_WHAT = {
    "emotion": (
        "names the *apparent expression* of a face: what most people would say the picture shows. "
        "It does not know what anybody feels, and a face is not a mood."
    ),
    "gender": (
        "names the *apparent gender* of a face as one of two words. Gender is not a property of a "
        "picture; the answer is a guess at how most people would read it, wrong for some people "
        "every time. `SEMBLANCE_GENDER=off` removes it everywhere."
    ),
}
_LIMITS = (
    "Not for decisions about people: not at work, in school, in policing, in hiring, in insurance, "
    "at borders. Not for children. Not for identification: it knows nobody. Faces turned far away, "
    "covered, very small or very dark are guessed badly."
)


def write_card(
    name: str, network: Network, figures: Figures, *, parameters: int, folder: Path
) -> None:
    """Write `<name>.md` beside the weights."""
    spec = network.crop
    text = f"""# Model card: {name}

The {name} network {_WHAT[name]}

## What it is

A residual network of {parameters:,} parameters (`training/architectures.py`), trained from nothing
by `python -m training.train_{name}`, calibrated with temperature {network.temperature} on its
validation split. It reads a {spec.color} face of {spec.size_px} x {spec.size_px} pixels, values
from {spec.input_min:g} to {spec.input_max:g}, cut {spec.margin:g} of the box's side beyond our
detector's box and moved down by {spec.shift_y:g} of it, enlarged with {spec.interpolation}
interpolation.
It answers probabilities for {", ".join(network.labels)}.
From {network.sure_from:g} on an answer counts as sure; below that it is shown with a question mark.

## What was measured

`python -m training.evaluate --data DIR --json` prints these figures.

| figure | value | pictures |
|---|---|---|
{_figures(figures)}

{_by_group(network, figures)}

## What it must not be used for

{_LIMITS}

## Terms

{_TERMS[name]}
"""
    (folder / f"{name}.md").write_text(text, encoding="utf-8")


def _figures(figures: Figures) -> str:
    names = [key for key, value in figures.items() if isinstance(value, float)]
    rows = [f"| `{key}` | {figures[key]:.4f} | {figures['n'].get(key, '')} |" for key in names]
    return "\n".join(rows)


def _by_group(network: Network, figures: Figures) -> str:
    if "groups" in figures:
        rows = [f"| {group} | {value:.3f} |" for group, value in figures["groups"].items()]
        head = "## Accuracy by group\n\n| group (FairFace's words) | accuracy |\n|---|---|\n"
        return head + "\n".join(rows)
    head = "## Confusion: crowd's majority (rows) against answer (columns), FER+ test\n\n"
    head += "| | " + " | ".join(network.labels) + " |\n" + "|---" * (len(network.labels) + 1)
    rows = [
        f"| {label} | " + " | ".join(map(str, counts)) + " |"
        for label, counts in zip(network.labels, figures["confusion"], strict=True)
    ]
    return head + "|\n" + "\n".join(rows)
