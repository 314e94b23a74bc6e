"""What every work queue promises, whatever it is built on; one conformance suite checks it all.

The life of a job: `put` -> waiting -> `claim` -> leased -> `ack` (gone) or `nack` (waiting again)
or `bury` (dead letter). A lease that runs out makes the job waiting again. Each claim carries a
fencing number: what a worker says about a lease that it no longer holds changes nothing, and the
call answers False.

A queue never gives a job up by itself, because the job's owner has to be told: it hands the job
out once more with `Claim.doom` set, and the dispatcher apologises, then buries it. In the same way
`settle` keeps a final sentence that could not be delivered yet, so that the job is told later
without being done again.

The file is long because what is promised about people is kept in the same transactions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from utils.errors import SemblanceError, Unavailable
from utils.jobs import Job


class QueueUnavailable(Unavailable):
    """The queue cannot be read or written just now: disk full, file locked, server away."""

    code = "queue_unavailable"


class QueueBroken(SemblanceError):
    """The queue's file is damaged or of a newer version; the log text says what to do."""

    code = "queue_broken"


Doom = Literal["too_old", "failed", "poison"]
Reason = Literal[
    "queue_full",
    "queue_user",
    "queue_chat",
    "rate_user",
    "rate_chat",
    "rate_system",
    "bytes",
    "banned",
    # Of those who keep the messages that make no job: see `bot.receiver.chatter`.
    "rate_words",
]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds that every implementation keeps; seconds are by the queue's clock.

    Of `per_chat` those that wait count. What is spent in a while has 0 for no limit: photos a
    minute of one person, of one chat and of all, and bytes an hour of one person.
    """

    total: int = 1000
    per_user: int = 20
    per_chat: int = 60
    user_rate: int = 0
    chat_rate: int = 0
    system_rate: int = 0
    user_bytes_per_hour: int = 0
    max_age_s: float = 900.0
    dead_ttl_s: float = 86_400.0
    max_failures: int = 3
    max_lost_leases: int = 5
    # How long a job waits for its status message before the dispatcher posts one itself.
    status_wait_s: float = 2.0
    # Telegram hands an unconfirmed update out for 24 h; after twice that none can come again.
    remember_s: float = 172_800.0

    def doom(self, *, age_s: float, failures: int, lost_leases: int) -> Doom | None:
        """Why a job with this past must not be tried again, or None."""
        if failures >= self.max_failures:
            return "failed"
        if lost_leases >= self.max_lost_leases:
            return "poison"
        return "too_old" if age_s >= self.max_age_s else None


@dataclass(frozen=True)
class Accepted:
    """The job is on the disk; `position` jobs will be claimed before it."""

    position: int


@dataclass(frozen=True)
class Duplicate:
    """The job is known already, waiting, in flight, dead or finished."""


@dataclass(frozen=True)
class Full:
    """No room, for the `reason` given; worth another try after `retry_in_s`.

    `tell`: whether the chat has not heard so for a minute. Of a banned person there is nothing to
    tell here: see `People.turn_away`.
    """

    retry_in_s: float
    reason: Reason = "queue_full"
    tell: bool = True

    @classmethod
    def behind(cls, jobs: int, reason: Reason = "queue_full", *, tell: bool = True) -> Full:
        """With a guess at when there is room again: a photo takes a fraction of a second."""
        return cls(min(300.0, max(10.0, jobs * 0.2)), reason, tell)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A job and the lease on it. `attempt` counts the job's claims, this one included.

    With `sentence` set the job is decided and its owner only has to be told; with `doom` set it
    must not be tried again.
    """

    job: Job
    lease: int
    attempt: int
    doom: Doom | None = None
    sentence: str | None = None


@dataclass(frozen=True)
class DeadLetter:
    """A job that was given up, and why; it leaves after `Limits.dead_ttl_s`."""

    job: Job
    reason: str
    died_at: float


@dataclass(frozen=True)
class Depth:
    """How many jobs are in each state."""

    waiting: int
    in_flight: int
    dead: int


class JobQueue(Protocol):
    """Jobs in order of arrival, turn by turn over the chats. Every method is thread-safe.

    Each may raise `QueueUnavailable`; what it was asked to do has then not happened.
    """

    def put(self, job: Job, *, n_bytes: int = 0) -> Accepted | Duplicate | Full:
        """Take a job in; once this returns `Accepted`, a kill -9 does not lose it.

        Only what is accepted is spent from the limits, in the same step; `n_bytes` is the size of
        its file.
        """
        ...

    def claim(self, n: int, worker: str, lease_s: float) -> list[Claim]:
        """At most `n` jobs that are due, leased to `worker`.

        Every chat's oldest job comes before any chat's second; among those, the chat whose last
        turn is longest ago is first.
        """
        ...

    def heartbeat(self, claims: Sequence[Claim], lease_s: float) -> list[Claim]:
        """Lengthen these leases; the claims that were lost meanwhile come back."""
        ...

    def ack(self, claim: Claim) -> bool:
        """The job is done: forget all of it but its id."""
        ...

    def nack(self, claim: Claim, *, due_at: float, reason: str, counts: bool) -> bool:
        """Give the job back until `due_at`; `counts` says whether it is to blame itself."""
        ...

    def settle(self, claim: Claim, sentence: str) -> bool:
        """Keep the job's final sentence; later claims carry it."""
        ...

    def renew(self, claim: Claim, job: Job) -> bool:
        """Put `job`, the same in another chat perhaps, in the place of the claimed one.

        The status message that was noted for it is forgotten, so that another can be.
        """
        ...

    def bury(self, claim: Claim, reason: str) -> bool:
        """Make the job a dead letter."""
        ...

    def note_status(self, job_id: str, message_id: int) -> int | None:
        """Record the job's status message and return the one that counts: the first recorded.

        None where the job is gone.
        """
        ...

    def cancel(self, job_id: str) -> bool:
        """Drop a waiting job; one in flight is not stopped."""
        ...

    def position(self, job_id: str) -> int | None:
        """How many jobs will be claimed before this waiting one; None where it does not wait."""
        ...

    def dead(self) -> list[DeadLetter]:
        """The dead letters, oldest first."""
        ...

    def depth(self) -> Depth:
        """How full the queue is."""
        ...

    def oldest(self) -> float | None:
        """When the oldest job that waits or is in flight was enqueued; None where there is none."""
        ...

    def release(self) -> int:
        """End every lease without blame; only for a sole owner that has just started.

        Its predecessor was killed or stopped: that is not the jobs' doing, and their age bounds
        how often it can happen to them.
        """
        ...

    def tidy(self) -> None:
        """Forget what has outlived its time, on the disk too. For idle moments and the stop."""
        ...


@dataclass(frozen=True)
class Ban:
    """Somebody who is not answered; `until` is seconds since the epoch, infinite for ever."""

    user_id: int
    until: float


@dataclass(frozen=True)
class TurnedAway:
    """The person is banned; `tell`: and has not been told."""

    tell: bool


class People(Protocol):
    """What the store knows of people beside their jobs. Each method may raise `QueueUnavailable`.

    An id may be that of a chat, for some write in the name of one.
    """

    def ban(self, user_id: int, until: float) -> list[Job]:
        """Take no more jobs of somebody, and cancel those that wait: these come back."""
        ...

    def unban(self, user_id: int) -> bool:
        """Whether there was a ban to lift."""
        ...

    def bans(self) -> list[Ban]:
        """Those in force, the first to end first."""
        ...

    def turn_away(self, user_id: int, *, telling: bool) -> TurnedAway | None:
        """Whether somebody is banned, and where you are `telling`, whether that is news."""
        ...

    def forget(self, user_id: int, *, counters: bool) -> list[Job]:
        """Remove everything about somebody, a ban excepted; the jobs that were alive come back.

        With `counters` what they have spent from their limits as well.
        """
        ...

    def busiest(self, n: int) -> list[tuple[int, float]]:
        """The `n` people who have spent most of their photos a minute, each with the share."""
        ...


# A bot that has not called `Inbox.adopt` for three times as long counts as dead.
ADOPT_EVERY_S = 20.0


class Inbox(Protocol):
    """Updates that make no job, kept from before Telegram forgets them until they are answered.

    The bot that keeps an update answers it. Every method may raise `QueueUnavailable`.
    """

    def keep(self, update_id: int, body: bytes) -> bool:
        """Store an update; False where it was kept before, answered or not."""
        ...

    def knows(self, update_id: int) -> bool:
        """Whether the update was ever kept."""
        ...

    def done(self, update_id: int) -> None:
        """The update is answered: forget all of it but its id."""
        ...

    def waiting(self) -> list[bytes]:
        """The updates not answered yet, in order."""
        ...

    def adopt(self) -> list[bytes]:
        """The unanswered updates that no living bot is to answer, in order: now this one is.

        To be called at the start and then every `ADOPT_EVERY_S`, for it also says that this bot
        lives.
        """
        ...
