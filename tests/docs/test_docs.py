"""The documentation is tested: what it lists is what there is."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
from pathlib import Path

import pytest

from services import VERSION
from services.app_image.source import FileSource
from services.app_url.fetch import Fetcher
from services.app_url.source import UrlSource
from services.factory import create_app
from services.inference import Inference
from tests.fakes_services import FakeEngine
from training import model_card, reports
from utils.manifest import MODELS, Manifest
from utils.settings import FILE_SUFFIX, ROOT, Settings

DOCS = ROOT / "docs"


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository that git knows; all matching ones where there is no git."""
    try:
        names = subprocess.run(
            ["git", "ls-files", "-z", "--", *patterns],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs a git checkout")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(
        re.findall(
            r"^\| `(\w+)` \| (.+?) \|", (DOCS / "configuration.md").read_text(), re.MULTILINE
        )
    )
    specs = {
        field.metadata["name"]: field.metadata["default"] for field in dataclasses.fields(Settings)
    }
    assert set(rows) == set(specs)
    for name, default in specs.items():
        if default:
            assert f"`{default}`" in rows[name], name


def test_every_setting_that_may_come_from_a_file_is_documented_so() -> None:
    page = (DOCS / "configuration.md").read_text()
    for field in dataclasses.fields(Settings):
        name = field.metadata["name"] + FILE_SUFFIX
        assert (f"`{name}`" in page) == field.metadata["secret"], name


def test_every_setting_is_passed_through_by_compose() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    local_only = {
        "SEMBLANCE_REPLICAS",
        "SEMBLANCE_PLAYGROUND_PORT",
        "SEMBLANCE_PROXY_URL",
        "SEMBLANCE_SITE",
    }
    for field in dataclasses.fields(Settings):
        name = field.metadata["name"]
        assert name in text or name in local_only, name


def test_every_route_of_both_services_is_in_the_api_page() -> None:
    text = (DOCS / "api.md").read_text()
    settings = Settings.load({}, dotenv=None)
    sources = [FileSource(None, max_bytes=settings.max_bytes), UrlSource(Fetcher(settings))]
    inference = Inference(FakeEngine(), 1)
    app = create_app(sources, settings, inference=inference, delivery=None)
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert f"{method} {rule.rule}`" in text, rule.rule


def test_every_module_and_folder_is_in_the_architecture_page() -> None:
    text = (DOCS / "architecture.md").read_text()
    for path in (ROOT / "utils").glob("[a-z]*.py"):
        assert f"`utils/{path.name}`" in text, path.name
    folders = {path.parts[0] for path in (p.relative_to(ROOT) for p in tracked("*/*"))}
    for folder in folders - {"docs"}:
        assert folder.startswith(".") or f"`{folder}/`" in text, folder


def test_every_module_of_training_is_in_its_page() -> None:
    text = (DOCS / "training.md").read_text()
    for path in (ROOT / "training").rglob("[a-z]*.py"):
        name = path.relative_to(ROOT).as_posix()
        assert f"`{name}`" in text, name


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CHANGELOG.md",
        "CREDITS.md",
        "SECURITY.md",
        *sorted(f"docs/{path.name}" for path in DOCS.glob("*.md")),
    ],
)
def test_links_inside_the_repository_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not target.startswith("http"):
            assert ((ROOT / page).parent / target).exists(), target


def test_the_readme_fits_a_screen_or_so_and_shows_both_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make run" in text
    assert "make test" in text
    assert len(text.splitlines()) < 80


def test_make_help_lists_every_task() -> None:
    listed = subprocess.run(
        ["make", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    tasks = "run test check format train evaluate bench chaos fuzz image sbom lambda up down clean"
    for task in tasks.split():
        assert f"make {task} " in listed


@pytest.mark.parametrize("name", ["emotion", "gender"])
def test_a_model_card_is_what_the_manifest_and_the_report_say(name: str) -> None:
    """`python -m training.evaluate --tables markdown` writes the cards again."""
    network, report = Manifest.load().networks[name], reports.read(name, MODELS)
    card = (MODELS / f"{name}.md").read_text()
    for figure, value in network.metrics.items():
        assert f"| `{figure}` | {value:.4f} |" in card, figure
    assert card == model_card.card(name, network, report)
    assert report["sha256"] == network.sha256[network.file]
    measured = {k: v for k, v in report["figures"].items() if v is not None}
    assert measured == network.metrics
    for plot in re.findall(r"!\[\w+\]\((\S+)\)", card):
        assert 1000 < (MODELS / plot).stat().st_size < 60_000, plot


def test_adrs_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (DOCS / "adr").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_long_file_says_why_it_is_long() -> None:
    for path in tracked("*.py", "*.js"):
        if len(path.read_text().splitlines()) > 300:
            assert path.suffix == ".py", path
            said = ast.get_docstring(ast.parse(path.read_text())) or ""
            assert re.search(r"\blong\b", said), path


def test_the_tree_names_no_machine_and_leaves_nothing_to_do() -> None:
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|\.\./sha" + r"red|/wo" + r"rk/")
    for path in tracked("*.py", "*.js", "*.md", "*.yml", "*.toml", "*.css", "*.html", "Makefile"):
        found = words.search(path.read_text())
        assert found is None, f"{path}: {found}"


def test_the_lock_is_for_every_platform_that_the_readme_names() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for platform in ("'x86_64'", "'aarch64'", "'arm64'"):
        assert platform in text
    assert f'version = "{VERSION}"' in text
