"""What became of all hostile cases, counted by class, as the table of docs/security.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.hostile.outcome import Outcome
from utils.settings import ROOT

PAGE = ROOT / "docs" / "security.md"
HEAD = ("what", "class", "tried", "refused", "answered", "crashed", "reached", "late", "slowest s")
_PLACE = re.compile(r"(<!-- figures: hostile -->\n).*?(<!-- end -->)", re.DOTALL)
_ROW = re.compile(r"^\| (\w+) \| all \| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Counts:
    """A row: how many cases there were, how they ended, and how many came too late."""

    tried: int
    refused: int
    answered: int
    crashed: int
    reached: int
    late: int
    slowest_s: float = 0.0

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Counts:
        """Counted."""
        ends = [_end(outcome.found) for outcome in outcomes]
        return cls(
            tried=len(outcomes),
            refused=ends.count("refused"),
            answered=ends.count("answered"),
            crashed=ends.count("crashed"),
            reached=ends.count("reached"),
            late=sum(outcome.took_s > outcome.limit_s for outcome in outcomes),
            slowest_s=max((outcome.took_s for outcome in outcomes), default=0.0),
        )

    def cells(self) -> tuple[str, ...]:
        """As the table shows them."""
        numbers = (
            *(self.tried, self.refused, self.answered),
            *(self.crashed, self.reached, self.late),
        )
        return (*(str(number) for number in numbers), f"{self.slowest_s:.1f}")


def table(outcomes: Iterable[Outcome], peaks_mb: Mapping[str, float | None]) -> str:
    """The table in Markdown, and below it what the memory grew to, by family in MB."""
    rows: list[tuple[str, ...]] = []
    for family, cases in _by(outcomes, "family").items():
        rows += [("", group, *Counts.of(few).cells()) for group, few in _by(cases, "group").items()]
        rows.append((family, "all", *Counts.of(cases).cells()))
    lines = ["| " + " | ".join(row) + " |" for row in (HEAD, ["---"] * len(HEAD), *rows)]
    grown = [f"{family} {mb:.0f} MB" for family, mb in peaks_mb.items() if mb is not None]
    if grown:
        lines += ["", f"Most memory over the idle size of the process at work: {', '.join(grown)}."]
    return "\n".join(lines)


def totals(page: str) -> dict[str, Counts]:
    """The counts of all cases of each family, read from the page."""
    return {
        family: Counts(*(int(cell) for cell in cells.split(" | ")[:-1]))
        for family, cells in _ROW.findall(page)
    }


def filled(page: str, text: str) -> str:
    """The page with another table in its place."""
    return _PLACE.sub(lambda m: f"{m[1]}\n{text}\n\n{m[2]}", page)


def _by(outcomes: Iterable[Outcome], name: str) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(getattr(outcome, name), []).append(outcome)
    return found


def _end(found: str) -> str:
    if found in ("crashed", "reached"):
        return found
    # Of HTTP: 2xx.
    return "answered" if found == "answered" or found.startswith("2") else "refused"
