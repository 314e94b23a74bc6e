from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.hostile import table
from tests.hostile.__main__ import main
from tests.hostile.outcome import Outcome

PAGE = "before\n<!-- figures: hostile -->\nold\n<!-- end -->\nafter\n"


def case(
    family: str, group: str, found: str, *, expected: str = "", took_s: float = 0.5
) -> Outcome:
    return Outcome(
        family, group, f"{group} {found}", expected or found, found, took_s=took_s, limit_s=2.0
    )


CASES = [
    case("urls", "private", "url_refused"),
    case("urls", "private", "url_refused"),
    case("urls", "public", "answered"),
    case("pictures", "bombs", "image_too_large"),
    case("requests", "heads", "400"),
    case("requests", "heads", "200"),
]


def package(name: str, cases: list[Outcome]) -> ModuleType:
    """A family as the real ones are: a module with `outcomes`."""
    made = ModuleType(name)

    def outcomes() -> Iterator[Outcome]:
        yield from (each for each in cases if each.family == name)

    made.outcomes = outcomes  # type: ignore[attr-defined]
    if name == "urls":
        made.peak_mb = lambda: 41.7  # type: ignore[attr-defined]
    return made


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.hostile.__main__.FAMILIES", ("urls", "pictures", "requests"))
    path = tmp_path / "security.md"
    path.write_text(PAGE)
    monkeypatch.setattr(table, "PAGE", path)
    return path


def test_each_class_has_a_row_and_each_family_a_sum(page, capsys):
    assert main([], lambda name: package(name, CASES)) == 0
    printed = capsys.readouterr().out
    assert "|  | private | 2 | 2 | 0 | 0 | 0 | 0 | 0.5 |" in printed
    assert "| urls | all | 3 | 2 | 1 | 0 | 0 | 0 | 0.5 |" in printed
    assert "| requests | all | 2 | 1 | 1 | 0 | 0 | 0 | 0.5 |" in printed
    assert "urls 42 MB." in printed
    assert page.read_text() == PAGE


@pytest.mark.parametrize(
    ("bad", "counted"),
    [
        (case("pictures", "bombs", "crashed", expected="image_broken"), "crashed"),
        (case("urls", "private", "reached", expected="url_refused"), "reached"),
        (case("urls", "slow", "url_too_slow", took_s=9), "late"),
        (case("urls", "private", "answered", expected="url_refused"), "answered"),
    ],
)
def test_a_case_that_ends_otherwise_is_named_and_fails_the_command(page, capsys, bad, counted):
    assert main(["--write"], lambda name: package(name, [*CASES, bad])) == 1
    assert f"{bad.group}, {bad.name}: {bad.found} after" in capsys.readouterr().err
    before = table.totals(table.filled(PAGE, table.table(CASES, {})))[bad.family]
    written = table.totals(page.read_text())[bad.family]
    assert getattr(written, counted) == getattr(before, counted) + 1


def test_the_page_is_filled_between_its_marks_again_and_again(page):
    for _ in range(2):
        assert main(["--write"], lambda name: package(name, CASES)) == 0
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "old" not in text
    assert {family: counts.tried for family, counts in table.totals(text).items()} == {
        "urls": 3,
        "pictures": 1,
        "requests": 2,
    }


def test_a_part_of_the_families_is_printed_but_never_written(page, capsys):
    assert main(["--family", "pictures"], lambda name: package(name, CASES)) == 0
    assert "urls" not in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--family", "pictures", "--write"], lambda name: package(name, CASES))
    assert page.read_text() == PAGE


def test_what_this_machine_lacks_is_said(page, capsys):
    def lacking(name: str) -> ModuleType:
        made = package(name, CASES)
        if name == "requests":
            made.outcomes = lambda: pytest.skip("needs nginx (apt install nginx)")  # type: ignore[attr-defined]
        return made

    assert main(["--write"], lacking) == 1
    assert capsys.readouterr().err == "requests: needs nginx (apt install nginx)\n"
    assert page.read_text() == PAGE
