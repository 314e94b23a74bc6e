"""The dispatcher thread: keeps as many jobs in flight as the services take, a thread for each."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable

from bot import request_ids
from bot.dispatcher.work import Work
from bot.work_queue import Claim, JobQueue, QueueBroken, QueueUnavailable

log = logging.getLogger(__name__)

_TICK_S = 0.25
_AFTER_ERROR_S = 1.0
_TIDY_EVERY_S = 60.0
_TIDY_PAUSE_S = 0.5


class Dispatcher:
    """Claims jobs and has them done, until `stop`. Its thread outlives every exception."""

    def __init__(
        self,
        queue: JobQueue,
        work: Work,
        *,
        lease_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue, self._work, self._clock = queue, work, clock
        self._lease_s = lease_s
        self._worker = f"{socket.gethostname()}-{os.getpid()}"
        self._in_flight: dict[str, Claim] = {}
        self._changed = threading.Condition()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._heartbeat_at = 0.0
        self._tidied_at = -_TIDY_EVERY_S
        self._trouble: str | None = None
        self._untidy = True

    def start(self) -> None:
        """Begin to claim jobs."""
        self._thread.start()

    @property
    def in_flight(self) -> int:
        """How many jobs are out now."""
        return len(self._in_flight)

    def wake(self) -> None:
        """Look at the queue now: something in it has changed."""
        self._untidy = True
        self._wake.set()

    def stop(self, *, drain_s: float) -> bool:
        """Claim no more and wait for what is in flight; False where some is left to its lease."""
        deadline = self._clock() + drain_s
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(drain_s)
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._in_flight, max(0.0, deadline - self._clock())
            )

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause_s = _TICK_S
            try:
                self._turn()
                self._note(None)
            except (QueueUnavailable, QueueBroken) as error:
                self._note(str(error))
                pause_s = _AFTER_ERROR_S
            except Exception:
                log.exception("the dispatcher goes on after an error")
                pause_s = _AFTER_ERROR_S
            self._wake.wait(pause_s)
            self._wake.clear()

    def _note(self, trouble: str | None) -> None:
        """Log each spell of trouble with the queue once."""
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble is None:
                log.info("the queue can be used again")
            else:
                log.error("the queue cannot be used, jobs wait: %s", trouble)

    def _turn(self) -> None:
        now = self._clock()
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + self._lease_s / 3
            self._lengthen_leases()
        with self._changed:
            in_flight = len(self._in_flight)
        free = self._work.limit.room(in_flight)
        room = self._work.breaker.allowance(free) if free > 0 else 0
        claims = self._queue.claim(room, self._worker, self._lease_s) if room > 0 else []
        for claim in claims:
            self._start(claim)
        self._tidy(now, busy=bool(claims) or in_flight > 0)

    def _start(self, claim: Claim) -> None:
        self._untidy = True
        with self._changed:
            self._in_flight[claim.job.id] = claim
        # Daemons: one that hangs in a request must not hold up the end of the process.
        threading.Thread(
            target=self._do, args=(claim,), name=f"job-{claim.job.id}", daemon=True
        ).start()

    def _do(self, claim: Claim) -> None:
        try:
            with request_ids.of(claim.job):
                self._do_or_blame(claim)
        finally:
            with self._changed:
                if self._in_flight.get(claim.job.id) is claim:
                    del self._in_flight[claim.job.id]
                self._changed.notify_all()
            self._wake.set()

    def _do_or_blame(self, claim: Claim) -> None:
        try:
            self._work.do(claim)
        except (QueueUnavailable, QueueBroken) as error:
            log.error("the job is left to its lease: %s", error)
        except Exception:
            log.exception("the job failed inside the bot")
            with contextlib.suppress(QueueUnavailable, QueueBroken):
                self._work.blame(claim)

    def _lengthen_leases(self) -> None:
        with self._changed:
            claims = list(self._in_flight.values())
        for claim in self._queue.heartbeat(claims, self._lease_s) if claims else []:
            # One that was acked meanwhile has no lease any more, and needs none.
            if self._in_flight.get(claim.job.id) is claim:
                with request_ids.of(claim.job):
                    log.warning("the job's lease was lost")

    def _tidy(self, now: float, *, busy: bool) -> None:
        """Clear what is done off the disk: at once when the last job left, else every minute."""
        since = now - self._tidied_at
        idle = not busy and self._untidy and since >= _TIDY_PAUSE_S and self._is_empty()
        if idle or since >= _TIDY_EVERY_S:
            self._tidied_at, self._untidy = now, busy
            self._queue.tidy()

    def _is_empty(self) -> bool:
        depth = self._queue.depth()
        return depth.waiting == depth.in_flight == 0
