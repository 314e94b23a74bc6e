"""Every metric that bot and services tell, read off their answers after all has happened once."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from bot.metrics import Metrics as BotMetrics
from bot.work_queue import Depth
from services.metrics import STAGES
from services.metrics import Metrics as ServiceMetrics
from tests.fakes_services import analysis, face
from utils.errors import UrlRefused

HAS_PROC = Path("/proc/stat").exists()


@dataclass
class Figure:
    """A metric as a person writes it, and the names and labels under which its samples come."""

    name: str
    kind: str
    told_by: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    samples: set[str] = field(default_factory=set)


def catalogue() -> dict[str, Figure]:
    """All of them by name."""
    found: dict[str, Figure] = {}
    for who, text in (("bot", of_bot()), ("services", of_services())):
        for family in text_string_to_metric_families(text):
            name = family.name + ("_total" if family.type == "counter" else "")
            figure = found.setdefault(name, Figure(name, family.type))
            figure.told_by.add(who)
            for sample in family.samples:
                figure.samples.add(sample.name)
                figure.labels |= set(sample.labels) - {"le"}
    return found


class Queue:
    """A queue with nothing in it."""

    def depth(self) -> Depth:
        return Depth(0, 0, 0)

    def oldest(self) -> float | None:
        return None


def of_bot() -> str:
    metrics = BotMetrics()
    metrics.job_put("url", "accepted")
    metrics.update_refused("banned")
    metrics.job_finished("delivered", after_s=1.0)
    metrics.job_buried("failed")
    metrics.job_retried("503 busy")
    metrics.telegram_call("getMe", "200")
    metrics.watch_queue(Queue(), most=1)
    metrics.watch_polls(lambda: 0.0)
    metrics.webhook_call(200)
    metrics.watch_webhook(
        registered=lambda: True,
        pending=lambda: 0,
        since_failure_s=lambda: float("inf"),
        since_update_s=lambda: 0.0,
    )
    metrics.watch_dispatcher(lambda: 0, most=lambda: 1, paused=lambda: False)
    return metrics.exposition().decode()


def of_services() -> str:
    metrics = ServiceMetrics()
    metrics.expect("/classify")
    with metrics.photo("/classify") as saw:
        saw(analysis(face()))
    for stage in STAGES:
        with metrics.stage(stage):
            pass
    with contextlib.suppress(UrlRefused), metrics.fetching():
        raise UrlRefused(reason="private_address")
    metrics.telegram_call("getFile", "200")
    return metrics.exposition().decode()
