"""The model cards in trained_models/: what a network is, what it is worth, what it must not do.

They are written from the manifest and the stored report (`training.evaluate --write`), never by
hand; `training.evaluate --tables markdown` writes them again.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

from training import reports, tables
from training.reports import Report
from utils.manifest import Network

_WHAT = {
    "emotion": "names the *apparent expression* of a face: what most people would say the picture "
    "shows. It does not know anybody's mood, and a face is not one.",
    "gender": "names the *apparent gender* of a face as one of two words. Gender is not a property "
    "of a picture; the answer is a guess at how most people would read it, wrong for some people "
    "every time. `SEMBLANCE_GENDER=off` removes it everywhere.",
}
_TERMS = {
    "fer2013.npz": "FER2013 (Goodfellow et al., 2013), which is released for research use, with "
    "the FER+ votes (Barsoum et al., ICMI 2016; MIT). The weights are published under the "
    "project's licence as far as that is ours to give: **if you use them commercially, clear the "
    "terms of FER2013 first, or train on data of your own.**",
    "fairface_64.npz": "FairFace (Karkkainen & Joo, WACV 2021; CC BY 4.0). Its pictures come from "
    "the web (YFCC-100M): **research is its stated purpose; if you use the weights commercially, "
    "weigh that, or train on data of your own.**",
}
_USES = """## What it is for

Annotating photographs for the people who sent them, demonstrations, teaching, and studies of how
such networks err. The answer is shown to a person, with its probability.

## What it must not be used for

- decisions about people: at **work**, in **hiring**, in **school**, in **policing**, at
  **borders**, in **insurance**, or anywhere else where the answer has consequences for somebody;
- **children**, who cannot agree to it, and whose faces are guessed worst;
- **identification**: it knows nobody, and must not become part of something that does;
- watching people who have not asked for it, and any claim about what goes on inside a person.

Faces turned far away, covered, very small or very dark are guessed badly."""
_ASKED = {"ferplus": "most-voted", "fer2013": "FER2013's label", "fairface": "FairFace's label"}
_TEST = {"emotion": "FER+ test, most-voted expression", "gender": "FairFace validation"}


def card(name: str, network: Network, report: Report) -> str:
    """The card's text; without a report it shows the manifest's figures alone."""
    parts = [
        f"# Model card: {name}",
        _wrapped(f"The {name} network {_WHAT.get(name, 'answers a question about a face.')}"),
        _USES,
        *_architecture(network, report),
        *_data(network),
        *_training(name, network, report),
        *_measured(network, report),
    ]
    if report:
        parts += _by_group(report) + _calibration(network, report) + _robustness(report)
    return "\n\n".join(parts + _retrain(name, report)) + "\n"


def write_card(name: str, network: Network, folder: Path) -> None:
    """Write `<name>.md` beside the weights, from their manifest entry and stored report."""
    text = card(name, network, reports.read(name, folder))
    (folder / f"{name}.md").write_text(text, encoding="utf-8")


def _architecture(network: Network, report: Report) -> list[str]:
    spec = network.crop
    kind = "A residual network (`training/architectures.py`)" if network.config else "A network"
    parts = [
        "## What it is",
        _wrapped(
            f"{kind}. It reads faces of {spec.size_px} x {spec.size_px} pixels "
            f"({spec.color.upper() if spec.color == 'rgb' else spec.color}), values from "
            f"{spec.input_min:g} to {spec.input_max:g}, cut {spec.margin:g} of the box's side "
            f"beyond our detector's box and moved down by {spec.shift_y:g} of it, resized with "
            f"{spec.interpolation} interpolation. It answers probabilities for "
            f"{', '.join(network.labels)}."
        ),
    ]
    if "cost" in report:
        cost = report["cost"]
        weights = f"{cost['parameters']:,} parameters, " if cost["parameters"] else ""
        parts.append(
            _wrapped(
                f"{weights}{cost['bytes'] / 1e6:.2f} MB, {cost['ms_per_face']:.2f} ms per face "
                "(median, one face a call, ONNX Runtime, one thread of the machine that measured "
                "it)."
            )
        )
    if "int8" in report:
        small = report["int8"]
        parts.append(
            _wrapped(
                f"The int8 variant has {small['bytes'] / 1e6:.2f} MB and an accuracy of "
                f"{small['accuracy']:.4f} on the same pictures ({_TEST[report['network']]}): "
                f"{small['loss_points']:.2f} points less."
            )
        )
    return parts


def _data(network: Network) -> list[str]:
    packs = [
        textwrap.fill(
            f"- `{pack}`, sha256 `{digest[:16]}`: {_TERMS.get(pack, 'data of your own.')}",
            100,
            subsequent_indent="  ",
            break_on_hyphens=False,
        )
        for pack, digest in network.data.items()
    ]
    return [
        "## Data and terms",
        "\n".join(packs) or "The manifest does not say what it was trained on.",
        "Test pictures, and training pictures that are copies or variants of them, were left out.",
    ]


def _training(name: str, network: Network, report: Report) -> list[str]:
    info = report.get("training", {})
    parts = ["## Training", "\n".join(f"    {command}" for command in _commands(name, report))]
    spent = [
        f"{info[key]:g} {unit}"
        for key, unit in (("hours", "hours"), ("energy_kwh", "kWh (estimated)"))
        if key in info
    ]
    if spent:
        where = f" on {info['machine']}" if "machine" in info else ""
        parts.append(f"It took {' and '.join(spent)}{where}.")
    settings = [
        [f"`{key}`", f"`{json.dumps(value)}`"]
        for key, value in network.config.items()
        if key != "crop"
    ]
    return [*parts, tables.table(["setting", "value"], settings)] if settings else parts


def _measured(network: Network, report: Report) -> list[str]:
    parts = ["## What was measured", "`python -m training.evaluate --data DIR` prints it."]
    if not report:
        return [*parts, tables.figures(network.metrics, report)]
    parts.append("Shares are of 1; the exported file was measured, one view a picture.")
    if report.get("fer2013_head") is False:
        parts.append("FER2013's seven labels are read from the eight probabilities.")
    parts.append(tables.figures(network.metrics, report))
    for key, rows in report["per_class"].items():
        parts += [tables.classes(rows, _ASKED[key]), tables.confusion(report["confusion"][key])]
    return [*parts, _plot("confusion", report)]


def _by_group(report: Report) -> list[str]:
    if "groups" not in report:
        return [
            "## By group",
            "FER2013 does not say who is in its pictures: nothing is known by age, gender or race.",
            "Expect accuracy to differ. By expression:",
            _plot("groups", report),
        ]
    groups = report["groups"]
    return [
        "## By group",
        "The words for groups are FairFace's, given by people who saw the picture.",
        tables.groups(groups["race_gender"], "race and gender"),
        tables.groups(groups["age"], "age"),
        "All three together stand in the report; the worst of the groups with 20 pictures or more:",
        tables.groups(tables.worst(groups["race_gender_age"]), "race, gender and age"),
        _plot("groups", report),
    ]


def _calibration(network: Network, report: Report) -> list[str]:
    prefix = {"emotion": "ferplus", "gender": "fairface"}[report["network"]]
    values = report["figures"]
    sure, right, two = (
        values.get(f"{prefix}_{what}")
        for what in ("sure_coverage", "sure_accuracy", "unsure_top2_accuracy")
    )
    text = (
        "The probabilities were calibrated on pictures held back from training (temperature "
        f"{network.temperature:g}). From {network.sure_from:g} on an answer counts as sure: that "
        f"is so for {100 * sure:.1f} % of the test pictures"
    )
    text += f", and {100 * right:.1f} % of those answers are right." if right is not None else "."
    text += " Every other answer is shown as unsure"
    text += (
        f"; for {100 * two:.1f} % of those one of the two best guesses is right." if two else "."
    )
    return [
        "## Calibration, and when it is sure",
        _wrapped(text),
        _plot("reliability", report),
        _plot("coverage", report),
    ]


def _robustness(report: Report) -> list[str]:
    return [
        "## Robustness",
        f"The same pictures ({_TEST[report['network']]}), changed; sizes are the network's own.",
        tables.robustness(report["robustness"]),
        _plot("robustness", report),
    ]


def _retrain(name: str, report: Report) -> list[str]:
    after = [
        f"python -m training.export {name} --data DIR",
        f"python -m training.evaluate --data DIR --only {name} --write",
    ]
    before = [line for line in _commands(name, report) if line not in after]
    return [
        "## How to train it again",
        "\n".join(f"    {line}" for line in before + after),
        "The export refuses to replace a better network. Every command explains itself: `--help`.",
    ]


def _commands(name: str, report: Report) -> list[str]:
    default = [f"python -m training.train_{name} --data DIR"]
    return list(report.get("training", {}).get("commands", default))


def _plot(what: str, report: Report) -> str:
    return f"![{what}](plots/{report['network']}-{what}.png)"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_on_hyphens=False, break_long_words=False)
