"""What is done with one claimed job, from the POST to the last word about it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from bot import texts
from bot.dispatcher.answers import Answer, Delivered, Later, Refused, Stale
from bot.dispatcher.backoff import backoff_s
from bot.dispatcher.breaker import Breaker
from bot.dispatcher.chat import Chat
from bot.dispatcher.limit import InFlightLimit, Trip
from bot.metrics import Metrics, Outcome
from bot.work_queue import Claim, JobQueue
from utils.errors import ChatRefused, NotSigned, TelegramUnavailable
from utils.jobs import Job

log = logging.getLogger(__name__)

# Telegram may be away for long: after this much more than a job's age nobody waits for a word.
_TELL_FOR_S = 3600.0
# So many new status messages, and the job itself is to blame.
_RENEWALS_ALLOWED = 3
_APOLOGIES = {"too_old": texts.TOO_OLD, "failed": texts.OUR_FAULT, "poison": texts.OUR_FAULT}


class Services(Protocol):
    """The part of `ServiceClient` that is needed here."""

    def post(self, job: Job) -> Answer:
        """Have one job done and read the answer."""
        ...


class Work:
    """Does claimed jobs; every way through `do` ends the claim, unless an exception leaves it."""

    def __init__(
        self,
        queue: JobQueue,
        services: Services,
        chat: Chat,
        *,
        max_age_s: float,
        limit: InFlightLimit,
        breaker: Breaker | None = None,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue, self._services, self._chat = queue, services, chat
        self._max_age_s, self._clock = max_age_s, clock
        self._metrics = metrics or Metrics()
        self.limit, self.breaker = limit, breaker or Breaker()

    def do(self, claim: Claim) -> None:
        """Try the job, or say what was decided about it. Raises `QueueUnavailable`."""
        if claim.sentence is not None:
            self._end(claim, claim.sentence)
        elif claim.doom is not None:
            log.warning("the job is given up: %s", claim.doom)
            self._end(claim, _APOLOGIES[claim.doom])
        else:
            self._try(claim)

    def blame(self, claim: Claim) -> None:
        """An exception left `do`: the job may be to blame. Raises `QueueUnavailable`."""
        self._later(claim, Later(reason="failed in the bot", counts=True))

    def _try(self, claim: Claim) -> None:
        try:
            job = self._chat.with_status(claim)
        except TelegramUnavailable as error:
            self._later(claim, Later(reason="no status message", after_s=error.retry_after_s))
            return
        except ChatRefused:
            log.info("the chat refuses the bot")
            self._ack(claim, "chat_refused")
            return
        started_at, trip = time.monotonic(), self.limit.started()
        try:
            answer = self._services.post(job)
        finally:
            self.limit.returned(trip)
        self._note_upstream(answer, started_at)
        self._note_room(answer, trip)
        seconds = round(time.monotonic() - started_at, 3)
        log.info("%s", _words(answer), extra={"facts": {"attempt": claim.attempt, "s": seconds}})
        if isinstance(answer, Later):
            if NotSigned.code in answer.reason:
                log.error(
                    "a service refuses the signature: SEMBLANCE_SECRET must be the same for both, "
                    "and their clocks less than 5 minutes apart; the service's log says which"
                )
            self._later(claim, answer)
        elif isinstance(answer, Stale):
            self._renew(claim, job, answer)
        elif isinstance(answer, Refused) and answer.sentence is not None:
            self._end(_with(claim, job), answer.sentence)
        elif not self._ack(claim, "delivered" if isinstance(answer, Delivered) else "chat_refused"):
            log.info("the job was done, but its lease was lost: it is done again")

    def _renew(self, claim: Claim, job: Job, answer: Stale) -> None:
        """Have another status message posted, and the answer tried again with it."""
        tried_before = claim.attempt > 1 and claim.job.status_message_id is not None
        if answer.moved and tried_before:
            # An earlier try may have shown the picture before the group moved, and nothing that
            # was written before can be looked at any more. One picture at most: its owner looks.
            # Written down first: a bot that dies over the telling must not leave the job to be
            # done again in the new group.
            if self._queue.settle(claim, texts.MOVED):
                self._end(_with(claim, job), texts.MOVED)
            return
        counts = job.renewals >= _RENEWALS_ALLOWED
        renewed = job.with_(status_message_id=None, attempt=0, renewals=job.renewals + 1)
        if self._queue.renew(claim, renewed):
            self._later(claim, Later(reason="status message gone", counts=counts))

    def _note_upstream(self, answer: Answer, started_at: float) -> None:
        if isinstance(answer, Later) and answer.nobody:
            if self.breaker.failed(started_at):
                log.warning("nobody answers at SEMBLANCE_PROXY_URL: jobs wait")
        elif self.breaker.succeeded():
            log.info("the proxy answers again")

    def _note_room(self, answer: Answer, trip: Trip) -> None:
        if not isinstance(answer, Later):
            self.limit.taken(trip)
        elif answer.full:
            self.limit.refused(trip, answer.after_s)

    def _ack(self, claim: Claim, outcome: Outcome) -> bool:
        done = self._queue.ack(claim)
        if done:
            self._finished(claim, outcome)
        return done

    def _finished(self, claim: Claim, outcome: Outcome) -> None:
        self._metrics.job_finished(outcome, after_s=self._clock() - claim.job.enqueued_at)

    def _later(self, claim: Claim, later: Later) -> None:
        self._metrics.job_retried(later.reason)
        pause_s = backoff_s(claim.attempt)
        if later.after_s is not None:
            pause_s += later.after_s
        self._queue.nack(
            claim, due_at=self._clock() + pause_s, reason=later.reason, counts=later.counts
        )

    def _end(self, claim: Claim, sentence: str) -> None:
        """Say the last word, then drop the job; what cannot be said now is kept for later."""
        job = claim.job
        try:
            self._chat.tell(claim, sentence)
        except TelegramUnavailable as error:
            if self._clock() - job.enqueued_at < self._max_age_s + _TELL_FOR_S:
                self._queue.settle(claim, sentence)
                self._later(claim, Later(reason="not told yet", after_s=error.retry_after_s))
                return
            log.warning("the job's owner could not be told")
        if claim.doom is None:
            self._ack(claim, "refused")
        elif self._queue.bury(claim, claim.doom):
            self._metrics.job_buried(claim.doom)
            self._finished(claim, "dead_letter")


def _with(claim: Claim, job: Job) -> Claim:
    return Claim(job=job, lease=claim.lease, attempt=claim.attempt)


def _words(answer: Answer) -> str:
    if isinstance(answer, Delivered):
        return "delivered"
    if isinstance(answer, Stale):
        return "the group has moved" if answer.moved else "the status message is gone"
    return f"refused, {answer.code}" if isinstance(answer, Refused) else f"later, {answer.reason}"
