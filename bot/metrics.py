"""What the bot counts; docs/operations.md says what each figure is for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Literal, Protocol, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.work_queue import Depth, Doom, QueueBroken, QueueUnavailable, Reason
from utils.errors import SemblanceError
from utils.jobs import Kind

Outcome = Literal["delivered", "refused", "chat_refused", "dead_letter"]
PutResult = Literal["accepted", "duplicate", "full"]

_TELLING_STATUSES = ("200", "302", "400", "404", "408", "425", "429", "500", "502", "503", "504")
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 900)

# When a metric was created is told by its counts; the library would double every series for it.
disable_created_metrics()


class MeasuredQueue(Protocol):
    """The part of `JobQueue` that is looked at for the figures."""

    def depth(self) -> Depth:
        """How full the queue is."""
        ...

    def oldest(self) -> float | None:
        """When the oldest job was put in."""
        ...


class Metrics:
    """The figures of one bot; safe in every thread. No label is of a person's making."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._put = Counter(
            "semblance_jobs_put_total",
            "Jobs made of updates, by what the queue said: accepted, duplicate, full.",
            ["kind", "result"],
            registry=self._registry,
        )
        self._finished = Counter(
            "semblance_jobs_finished_total",
            "Jobs that ended: delivered, refused, chat_refused, dead_letter.",
            ["outcome"],
            registry=self._registry,
        )
        self._dead_letters = Counter(
            "semblance_dead_letters_total",
            "Jobs given up: too_old, failed, poison.",
            ["reason"],
            registry=self._registry,
        )
        self._retries = Counter(
            "semblance_job_retries_total",
            "Jobs put back for another try, by what kept them.",
            ["reason"],
            registry=self._registry,
        )
        self._refused = Counter(
            "semblance_updates_refused_total",
            "Updates turned away, by the limit that they met.",
            ["reason"],
            registry=self._registry,
        )
        self._delivery_seconds = Histogram(
            "semblance_job_delivery_seconds",
            "From the update's arrival to the answer in the chat.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._telegram_calls = Counter(
            "semblance_telegram_calls_total",
            "Requests to the Bot API by method and status.",
            ["method", "status"],
            registry=self._registry,
        )
        self._webhook_calls = Counter(
            "semblance_webhook_calls_total",
            "Calls of the webhook by the status that they were answered with.",
            ["status"],
            registry=self._registry,
        )
        for kind in ("file_id", "url"):
            for result in ("accepted", "full"):
                self._put.labels(kind, result)
        for refused in get_args(Reason):
            self._refused.labels(refused)
        for outcome in ("delivered", "refused", "dead_letter"):
            self._finished.labels(outcome)
        for reason in ("too_old", "failed", "poison"):
            self._dead_letters.labels(reason)
        ProcessCollector(registry=self._registry)

    def job_put(self, kind: Kind, result: PutResult) -> None:
        """The queue was given a job."""
        self._put.labels(kind, result).inc()

    def update_refused(self, reason: Reason) -> None:
        """An update was turned away."""
        self._refused.labels(reason).inc()

    def refusals(self) -> dict[str, int]:
        """How many were turned away for each reason, where any were."""
        (family,) = self._refused.collect()
        return {
            sample.labels["reason"]: int(sample.value) for sample in family.samples if sample.value
        }

    def job_finished(self, outcome: Outcome, *, after_s: float) -> None:
        """A job ended, so long after its update arrived."""
        self._finished.labels(outcome).inc()
        if outcome == "delivered":
            self._delivery_seconds.observe(max(0.0, after_s))

    def job_buried(self, doom: Doom) -> None:
        """A job became a dead letter."""
        self._dead_letters.labels(doom).inc()

    def job_retried(self, reason: str) -> None:
        """A job goes back for another try; `reason` is that of `Later`."""
        self._retries.labels(_word(reason)).inc()

    def telegram_call(self, method: str, status: str) -> None:
        """Count a request to the Bot API; see `utils.telegram.Observe`."""
        self._telegram_calls.labels(method, status).inc()

    def webhook_call(self, status: int) -> None:
        """Count a call of the webhook."""
        self._webhook_calls.labels(str(status)).inc()

    def watch_queue(
        self, queue: MeasuredQueue, *, most: int, clock: Callable[[], float] = time.time
    ) -> None:
        """Look at the queue whenever the figures are asked for; it takes `most` jobs."""
        self._registry.register(_QueueCollector(queue, clock))
        self._gauge("semblance_queue_jobs_max", "Jobs that the queue takes.", lambda: most)

    def watch_dispatcher(
        self, in_flight: Callable[[], int], *, most: Callable[[], int], paused: Callable[[], bool]
    ) -> None:
        """Look at the dispatcher whenever the figures are asked for."""
        self._gauge(
            "semblance_dispatcher_jobs_in_flight", "Jobs that the dispatcher has out.", in_flight
        )
        self._gauge(
            "semblance_dispatcher_jobs_in_flight_max",
            "Jobs that the dispatcher may have out now.",
            most,
        )
        self._gauge(
            "semblance_dispatcher_paused",
            "1 while all jobs wait because nobody answers at SEMBLANCE_PROXY_URL.",
            paused,
        )

    def watch_polls(self, seconds_since_last: Callable[[], float]) -> None:
        """Look at the polls whenever the figures are asked for."""
        self._gauge(
            "semblance_telegram_last_poll_age_seconds",
            "Seconds since Telegram last answered a poll.",
            seconds_since_last,
        )

    def watch_webhook(
        self,
        *,
        registered: Callable[[], bool],
        pending: Callable[[], int],
        since_failure_s: Callable[[], float],
        since_update_s: Callable[[], float],
    ) -> None:
        """Look at the webhook whenever the figures are asked for."""
        self._gauge(
            "semblance_webhook_registered",
            "1 while Telegram calls SEMBLANCE_WEBHOOK_URL and no other.",
            registered,
        )
        self._gauge(
            "semblance_webhook_pending_updates", "Updates that Telegram still keeps.", pending
        )
        self._gauge(
            "semblance_webhook_last_failure_age_seconds",
            "Seconds since a call by Telegram last failed, +Inf where none did.",
            since_failure_s,
        )
        self._gauge(
            "semblance_webhook_last_update_age_seconds",
            "Seconds since Telegram last sent this bot an update.",
            since_update_s,
        )

    def _gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        Gauge(name, meaning, registry=self._registry).set_function(value)

    def exposition(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)


class _QueueCollector(Collector):
    """Reads the queue; where it cannot be read, its figures are left out rather than made up."""

    def __init__(self, queue: MeasuredQueue, clock: Callable[[], float]) -> None:
        self._queue, self._clock = queue, clock

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("semblance_queue_up", "Whether the queue can be read.")
        jobs = GaugeMetricFamily("semblance_queue_jobs", "Jobs by state.", labels=["state"])
        age = GaugeMetricFamily(
            "semblance_queue_oldest_job_age_seconds",
            "Age of the oldest job that waits or is in flight, 0 where there is none.",
        )
        try:
            depth, oldest = self._queue.depth(), self._queue.oldest()
        except (QueueUnavailable, QueueBroken):
            up.add_metric([], 0)
        else:
            up.add_metric([], 1)
            jobs.add_metric(["waiting"], depth.waiting)
            jobs.add_metric(["in_flight"], depth.in_flight)
            jobs.add_metric(["dead"], depth.dead)
            age.add_metric([], 0.0 if oldest is None else max(0.0, self._clock() - oldest))
        yield from (up, jobs, age)


def _codes(kind: type[SemblanceError]) -> frozenset[str]:
    return frozenset({kind.code}).union(*(_codes(child) for child in kind.__subclasses__()))


def _word(reason: str) -> str:
    """A reason as one of few words.

    It may quote whoever answers at the proxy's address: codes that are not ours are left out.
    """
    status, _, code = reason.partition(" ")
    if not status.isdecimal():
        return reason.replace(" ", "_")
    if code in _codes(SemblanceError):
        return code
    return f"http_{status}" if status in _TELLING_STATUSES else "other"
