"""What is watched exists: the page, the dashboard and the alert rules against the real figures."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, get_args

import promql_parser
import pytest
import yaml

from bot.metrics import Outcome, PutResult
from bot.work_queue import Depth, Doom, Reason
from services.metrics import FACES, NO_FACE, STAGES
from tests.metric_catalogue import HAS_PROC, Figure, catalogue
from utils import errors
from utils.settings import ROOT
from utils.telegram import NO_ANSWER, status_word

PAGE = ROOT / "docs" / "operations.md"
BOARD = json.loads((ROOT / "deploy" / "grafana" / "semblance.json").read_text())
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
# Prometheus' own, and the labels that it puts on every series.
OWN_METRICS, OWN_LABELS = {"up"}, {"job", "instance", "le", "__name__"}
CODES = {kind.code for kind in vars(errors).values() if hasattr(kind, "code")}
KNOWN = {
    "outcome": CODES | {FACES, NO_FACE} | set(get_args(Outcome)),
    "reason": CODES | set(get_args(Doom)) | set(get_args(Reason)),
    "result": set(get_args(PutResult)),
    "stage": set(STAGES),
    "state": {field.name for field in dataclasses.fields(Depth)},
    "status": {status_word(status) for status in range(600)} | {NO_ANSWER},
}

pytestmark = pytest.mark.skipif(not HAS_PROC, reason="the process_ figures need Linux' /proc")


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return catalogue()


def queries() -> Iterator[tuple[str, str]]:
    """Every expression with a name, Grafana's variables filled in."""
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for variable in BOARD["templating"]["list"]:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), \w+\)", variable["query"]["query"])
            assert asked, variable
            yield f"${variable['name']}", asked[1]


def selectors(expression: str) -> list[Any]:
    """The series that an expression looks at. Raises where it is no PromQL."""
    filled = expression.replace("$__rate_interval", "5m").replace("$job", ".*")
    found: list[Any] = []

    def note(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        elif isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        return True

    promql_parser.walk(promql_parser.parse(filled), note)
    return found


@pytest.mark.parametrize(("name", "expression"), list(queries()), ids=lambda value: value[:40])
def test_a_query_looks_at_figures_and_labels_that_exist(
    name: str, expression: str, figures: dict[str, Figure]
) -> None:
    by_sample = {sample: figure for figure in figures.values() for sample in figure.samples}
    looked_at = selectors(expression)
    assert looked_at, "a query that looks at nothing"
    for selector in looked_at:
        matchers = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
        names = [selector.name] if selector.name else matchers["__name__"].split("|")
        for sample in names:
            if sample not in OWN_METRICS:
                assert sample in by_sample, sample
                for label in KNOWN.keys() & matchers.keys():
                    assert set(matchers[label].split("|")) <= KNOWN[label], expression
                assert set(matchers) <= by_sample[sample].labels | OWN_LABELS, sample


def test_rates_are_of_counts_alone(figures: dict[str, Figure]) -> None:
    for name, expression in queries():
        for counted in re.findall(r"(?:rate|increase)\((\w+)", expression):
            assert counted.endswith(("_total", "_bucket", "_sum", "_count")), name


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_waits_a_while_and_says_what_to_do(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"Semblance([A-Z][a-z]+)+", rule["alert"])
    assert re.fullmatch(r"[1-9]\d*m", rule["for"])
    assert rule["labels"]["severity"] in ("page", "ticket")
    summary = rule["annotations"]["summary"]
    assert len(summary.split(". ")) >= 2 or ": " in summary
    grouped = re.findall(r"by \(([\w, ]+)\)", rule["expr"])
    told = {label for group in grouped for label in group.split(", ")} | {"job", "instance"}
    assert set(re.findall(r"\$labels\.(\w+)", summary)) <= told


def test_every_setting_and_container_that_a_rule_names_exists() -> None:
    text = (PROMETHEUS / "alerts.yml").read_text()
    settings = (ROOT / "docs" / "configuration.md").read_text()
    for name in re.findall(r"SEMBLANCE_[A-Z_]*[A-Z]", text):
        assert f"`{name}`" in settings, name
    alerts = {rule["alert"] for rule in RULES}
    assert len(alerts) == len(RULES)
    assert set(re.findall(r"Semblance[A-Z]\w+", text)) <= alerts


def test_every_alert_is_on_the_page_of_operations() -> None:
    listed = set(re.findall(r"^\| `(Semblance\w+)` \|", PAGE.read_text(), re.MULTILINE))
    assert listed == {rule["alert"] for rule in RULES}


def test_every_figure_is_on_the_page_with_its_kind_its_labels_and_who_tells_it(
    figures: dict[str, Figure],
) -> None:
    rows = re.findall(
        r"^\| `((?:semblance|process)_\w+)` \| (\w+) \|([^|]*)\| ([^|]+) \| (.+) \|$",
        PAGE.read_text(),
        re.MULTILINE,
    )
    assert sorted(name for name, *_ in rows) == sorted(figures)
    for name, kind, labels, who, meaning in rows:
        figure = figures[name]
        assert kind == figure.kind, name
        assert set(re.findall(r"`(\w+)`", labels)) == figure.labels, name
        assert who == " and ".join(sorted(figure.told_by)), name
        assert len(meaning) > 10, name


def test_a_figure_is_named_as_prometheus_asks_for(figures: dict[str, Figure]) -> None:
    for figure in figures.values():
        assert figure.name.startswith(("semblance_", "process_"))
        assert (figure.kind == "counter") == figure.name.endswith("_total"), figure.name
        assert not re.search("_(ms|milliseconds|minutes|hours|kb|mb|percent)$", figure.name)
        if figure.kind == "histogram":
            assert figure.name.endswith(("_seconds", "_per_photo"))
        # A chat, a person, a file or a URL never is a label.
        assert figure.labels <= {
            *("kind", "method", "outcome", "reason", "result", "route", "stage", "state", "status")
        }


def test_a_dashboard_that_grafana_imports() -> None:
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids))
    assert BOARD["id"] is None
    assert BOARD["uid"] == "semblance"
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells
    variables = {variable["name"] for variable in BOARD["templating"]["list"]}
    for panel in PANELS:
        assert panel["description"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            used = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval"}
            assert used <= variables
            legend = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            grouped = re.findall(r"by \(([\w, ]+)\)", target["expr"])
            assert legend <= {label for each in grouped for label in each.split(", ")} | OWN_LABELS


def test_the_scrape_example_asks_the_services_of_compose_where_they_listen() -> None:
    text = (PROMETHEUS / "prometheus.yml").read_text()
    scrapes = yaml.safe_load(text)["scrape_configs"]
    networks = set(re.findall(r"--network semblance_(\w+)", text))
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    asked = {
        name: found["port"]
        for scrape in scrapes
        for found in scrape["dns_sd_configs"]
        for name in found["names"]
    }
    assert set(asked) == set(compose) - {"nginx", "settings", "playground"}
    for name, port in asked.items():
        service = compose[name]
        where = service["environment"].get("SEMBLANCE_METRICS_BIND", "")
        assert [*service["command"], where][-1 if where else -2].endswith(f":{port}"), name
        assert "ports" not in service, name
        assert networks & set(service["networks"]), name
    (up,) = (rule["expr"] for rule in RULES if rule["alert"] == "SemblanceTargetDown")
    jobs = re.search(r'job=~"(.+?)"', up)
    assert jobs
    assert all(re.fullmatch(jobs[1], scrape["job_name"]) for scrape in scrapes)


@pytest.mark.parametrize(("what", "file"), [("rules", "alerts.yml"), ("config", "prometheus.yml")])
def test_promtool_finds_nothing_wrong(what: str, file: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("needs promtool (apt install prometheus)")
    checked = subprocess.run(
        [promtool, "check", what, str(PROMETHEUS / file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
