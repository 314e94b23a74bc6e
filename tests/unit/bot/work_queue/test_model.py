"""Random lives of a work queue against a model that is simple enough to be believed."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from bot.work_queue import Accepted, Claim, Depth, Duplicate, Full, Limits
from tests.redis import needs_redis
from tests.unit.bot.jobs import Clock, a_job
from tests.unit.bot.work_queue.conftest import IMPLEMENTATIONS

LIMITS = Limits(total=6, per_user=4, max_age_s=300.0, max_failures=2, max_lost_leases=2)
LEASE_S = 20.0


@dataclass
class Modelled:
    """What the model knows of a job."""

    chat_id: int
    seq: int
    due_at: float
    state: str = "waiting"
    lease: int = 0
    lease_until: float = 0.0
    failures: int = 0
    lost: int = 0


class QueueLife(RuleBasedStateMachine):
    implementation = "sqlite"

    @initialize()
    def open(self) -> None:
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.clock = Clock()
        self.make = IMPLEMENTATIONS[self.implementation](folder, self.clock, self.stack)
        self.queue = self.make(LIMITS)
        self.jobs: dict[str, Modelled] = {}
        self.finished: set[str] = set()
        self.turns: dict[int, int] = {}
        self.claims: list[Claim] = []
        self.counter = 0

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    @rule(update_id=st.integers(1, 12), chat_id=st.integers(1, 3))
    def put(self, update_id: int, chat_id: int) -> None:
        job = a_job(update_id, chat_id=chat_id, user_id=chat_id, enqueued_at=self.clock.now)
        alive = [model for model in self.jobs.values() if model.state != "dead"]
        result = self.queue.put(job)
        if job.id in self.jobs or job.id in self.finished:
            assert result == Duplicate()
        elif (
            len(alive) >= LIMITS.total
            or sum(model.chat_id == chat_id for model in alive) >= LIMITS.per_user
        ):
            assert isinstance(result, Full)
        else:
            self.counter += 1
            self.jobs[job.id] = Modelled(chat_id, self.counter, self.clock.now)
            waiting = [name for name, model in self.jobs.items() if model.state == "waiting"]
            assert result == Accepted(self._in_turn(waiting).index(job.id))

    @rule(n=st.integers(1, 4))
    def claim(self, n: int) -> None:
        for model in self.jobs.values():
            if model.state == "leased" and model.lease_until <= self.clock.now:
                model.state, model.due_at, model.lost = "waiting", self.clock.now, model.lost + 1
        due = [
            name
            for name, model in self.jobs.items()
            if model.state == "waiting" and model.due_at <= self.clock.now
        ]
        claims = self.queue.claim(n, "w", LEASE_S)
        assert [claim.job.id for claim in claims] == self._in_turn(due)[:n]
        for claim in claims:
            model = self.jobs[claim.job.id]
            model.state, model.lease = "leased", model.lease + 1
            model.lease_until = self.clock.now + LEASE_S
            self.turns[model.chat_id] = max(self.turns.values(), default=0) + 1
            assert (claim.doom in ("failed", "poison")) == (
                model.failures >= LIMITS.max_failures or model.lost >= LIMITS.max_lost_leases
            )
        self.claims += claims

    def _in_turn(self, names: list[str]) -> list[str]:
        ranks: dict[int, int] = {}
        keys = {}
        for name in sorted(names, key=lambda name: self.jobs[name].seq):
            model = self.jobs[name]
            ranks[model.chat_id] = ranks.get(model.chat_id, 0) + 1
            keys[name] = (ranks[model.chat_id], self.turns.get(model.chat_id, 0), model.seq)
        return sorted(keys, key=lambda name: keys[name])

    def _held(self, claim: Claim) -> Modelled | None:
        model = self.jobs.get(claim.job.id)
        held = model is not None and model.state == "leased" and model.lease == claim.lease
        return model if held else None

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), ending=st.sampled_from(["ack", "nack", "counted", "bury", "beat"]))
    def end(self, data: st.DataObject, ending: str) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        model = self._held(claim)
        if ending == "ack":
            assert self.queue.ack(claim) == (model is not None)
            if model:
                del self.jobs[claim.job.id]
                self.finished.add(claim.job.id)
        elif ending == "bury":
            assert self.queue.bury(claim, "failed") == (model is not None)
            if model:
                model.state = "dead"
        elif ending == "beat":
            beats = model is not None and model.lease_until > self.clock.now
            assert (self.queue.heartbeat([claim], LEASE_S) == []) == beats
            if model and beats:
                model.lease_until = self.clock.now + LEASE_S
        else:
            due_at = self.clock.now + 5
            counts = ending == "counted"
            assert self.queue.nack(claim, due_at=due_at, reason="x", counts=counts) == (
                model is not None
            )
            if model:
                model.state, model.due_at = "waiting", due_at
                model.failures += counts

    @rule(seconds=st.sampled_from([1.0, 5.0, 20.0]))
    def pass_time(self, seconds: float) -> None:
        self.clock.pass_s(seconds)

    @rule()
    def restart(self) -> None:
        self.queue = self.make(LIMITS)

    @rule()
    def tidy(self) -> None:
        self.queue.tidy()
        alive = {model.chat_id for model in self.jobs.values() if model.state != "dead"}
        self.turns = {chat: turn for chat, turn in self.turns.items() if chat in alive}

    @invariant()
    def counts_agree(self) -> None:
        if not hasattr(self, "queue"):
            return
        states = [model.state for model in self.jobs.values()]
        expected = Depth(states.count("waiting"), states.count("leased"), states.count("dead"))
        assert self.queue.depth() == expected

    @invariant()
    def positions_agree(self) -> None:
        if not hasattr(self, "queue"):
            return
        waiting = [name for name, model in self.jobs.items() if model.state == "waiting"]
        line = self._in_turn(waiting)
        assert [self.queue.position(name) for name in line] == list(range(len(line)))


class RedisLife(QueueLife):
    implementation = "redis"


LIVES = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestQueueLife = QueueLife.TestCase
TestQueueLife.settings = LIVES
TestRedisLife = needs_redis(RedisLife.TestCase)
TestRedisLife.settings = LIVES
