"""A job, and everything that works on it."""

from __future__ import annotations

from bot.dispatcher.answers import Answer
from bot.dispatcher.chat import Chat
from bot.dispatcher.limit import InFlightLimit
from bot.dispatcher.work import Work
from bot.metrics import Metrics
from bot.work_queue import Claim
from bot.work_queue.sqlite import SqliteQueue
from tests.fakes import FakeTelegram
from tests.metric_values import values_of
from tests.unit.bot.jobs import Clock, a_job
from utils.jobs import Job


class Services:
    """Answers jobs with what it is given, the last of it for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.jobs: list[Job] = []

    def post(self, job: Job) -> Answer:
        self.jobs.append(job)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Scene:
    """A queue with a job in it, and everything that works on it."""

    def __init__(self, queue: SqliteQueue, telegram: FakeTelegram, clock: Clock) -> None:
        self.queue, self.telegram, self.clock = queue, telegram, clock
        self.metrics = Metrics()
        self.limit = InFlightLimit(least=1, most=64, clock=clock)
        queue.put(a_job())

    def do(self, services: Services) -> Claim:
        """Claim the job as soon as it is due, and do it."""
        for _ in range(200):
            claims = self.queue.claim(1, "w", 60.0)
            if claims:
                break
            self.clock.pass_s(0.5)
        work = Work(
            self.queue,
            services,
            Chat(self.telegram, self.queue),
            max_age_s=900.0,
            limit=self.limit,
            metrics=self.metrics,
            clock=self.clock,
        )
        work.do(claims[0])
        return claims[0]

    def counted(self) -> dict[str, float]:
        """What has happened to jobs, each with its number."""
        told = values_of(self.metrics.exposition())
        return {
            name.removeprefix("semblance_").replace("_total", ""): value
            for name, value in told.items()
            if value and name.startswith("semblance_") and "_total{" in name
        }
