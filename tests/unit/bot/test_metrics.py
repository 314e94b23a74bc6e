from __future__ import annotations

import pytest

from bot.metrics import Metrics
from bot.work_queue import Depth, QueueUnavailable
from tests.metric_values import values_of
from tests.unit.bot.jobs import Clock


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def told(metrics: Metrics) -> dict[str, float]:
    return values_of(metrics.exposition())


class Queue:
    """As deep and as old as it is told to be."""

    def __init__(self, depth: Depth, oldest: float | None) -> None:
        self._depth, self._oldest = depth, oldest
        self.error: Exception | None = None

    def depth(self) -> Depth:
        if self.error is not None:
            raise self.error
        return self._depth

    def oldest(self) -> float | None:
        return self._oldest


def test_what_can_happen_is_there_as_zeros_before_it_happens(metrics: Metrics) -> None:
    values = told(metrics)
    assert values['semblance_jobs_finished_total{outcome="delivered"}'] == 0
    assert values['semblance_dead_letters_total{reason="poison"}'] == 0
    assert values['semblance_jobs_put_total{kind="url",result="full"}'] == 0
    assert not any(name.endswith("_created") for name in values)


def test_only_what_was_delivered_has_taken_its_time(metrics: Metrics) -> None:
    metrics.job_finished("delivered", after_s=3.0)
    metrics.job_finished("refused", after_s=4.0)
    # A clock that was set back in between.
    metrics.job_finished("delivered", after_s=-5.0)
    values = told(metrics)
    assert values['semblance_jobs_finished_total{outcome="refused"}'] == 1
    assert values["semblance_job_delivery_seconds_count"] == 2
    assert values["semblance_job_delivery_seconds_sum"] == 3.0


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("503 busy", "busy"),
        ("403 not_signed", "not_signed"),
        ("502 telegram_unavailable", "telegram_unavailable"),
        ("500 internal_error", "internal_error"),
        ("502 http_502", "http_502"),
        ("504 made up by somebody", "http_504"),
        ("777 http_777", "other"),
        ("999 x", "other"),
        ("ReadTimeout", "ReadTimeout"),
        ("no status message", "no_status_message"),
    ],
)
def test_a_reason_is_one_of_few_words(metrics: Metrics, reason: str, word: str) -> None:
    metrics.job_retried(reason)
    counted = [name for name in told(metrics) if name.startswith("semblance_job_retries_total")]
    assert counted == [f'semblance_job_retries_total{{reason="{word}"}}']


def test_the_queue_is_looked_at_when_the_figures_are_asked_for(metrics: Metrics) -> None:
    clock = Clock()
    queue = Queue(Depth(5, 2, 1), clock() - 40)
    metrics.watch_queue(queue, most=1000, clock=clock)
    clock.pass_s(2)
    values = told(metrics)
    assert values["semblance_queue_up"] == 1
    assert values['semblance_queue_jobs{state="waiting"}'] == 5
    assert values['semblance_queue_jobs{state="in_flight"}'] == 2
    assert values['semblance_queue_jobs{state="dead"}'] == 1
    assert values["semblance_queue_jobs_max"] == 1000
    assert values["semblance_queue_oldest_job_age_seconds"] == 42
    queue._oldest = None
    assert told(metrics)["semblance_queue_oldest_job_age_seconds"] == 0


def test_a_queue_that_cannot_be_read_has_no_figures_but_that(metrics: Metrics) -> None:
    queue = Queue(Depth(0, 0, 0), None)
    queue.error = QueueUnavailable("locked")
    metrics.watch_queue(queue, most=1000)
    values = told(metrics)
    assert values["semblance_queue_up"] == 0
    assert not any(name.startswith("semblance_queue_jobs{") for name in values)
    assert "semblance_queue_oldest_job_age_seconds" not in values


def test_dispatcher_and_polls_are_read_when_asked(metrics: Metrics) -> None:
    clock, paused, limit = Clock(), [False], [8]
    began = clock()
    metrics.watch_polls(lambda: clock() - began)
    metrics.watch_dispatcher(lambda: 3, most=lambda: limit[0], paused=lambda: paused[0])
    assert told(metrics)["semblance_dispatcher_paused"] == 0
    paused[0], limit[0] = True, 5
    clock.pass_s(7)
    values = told(metrics)
    assert values["semblance_dispatcher_paused"] == 1
    assert values["semblance_dispatcher_jobs_in_flight"] == 3
    assert values["semblance_dispatcher_jobs_in_flight_max"] == 5
    assert values["semblance_telegram_last_poll_age_seconds"] == 7
