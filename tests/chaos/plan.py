"""What a storm will be, from its seed alone: who sends what, whose chat fails, what is struck when.

Nothing here depends on how fast the machine is: the same seed is the same storm.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Fate = Literal["picture", "gone"]
Target = Literal["bot", "app_image", "app_url", "nginx", "redis", "telegram", "disk", "clock"]
Moment = Literal["before", "after", "after_unheard"]

# The playground keeps 200 messages of a chat: past these a person's first answers would be gone.
_MOST_MESSAGES_EACH = 40
_SHARE_OF_LINKS, _SHARE_GONE = 0.3, 0.02
# Of so many people one is a group that moves, and one blocks the bot.
_ONE_GROUP_IN, _ONE_BLOCKER_IN = 7, 14
_FIRST_CHAT = 700_001
_MOVING_CALLS = ("sendmessage", "editmessagemedia")
_MOMENTS: tuple[Moment, ...] = ("before", "after", "after_unheard")
SPELLS = ("flood", "down", "away", "slow")
_SPELL_S = (1.0, 8.0)
_JUMPS_S = (-400.0, -30.0, 30.0, 400.0)


@dataclass(frozen=True)
class PlannedMessage:
    """One message, known by `name` wherever it goes; `fate`: a picture, or a file that is gone."""

    name: str
    link: bool
    fate: Fate


@dataclass(frozen=True)
class Move:
    """A group becomes a supergroup at the first call of `method` about message `name`."""

    name: str
    method: str
    moment: Moment


@dataclass(frozen=True)
class PlannedPerson:
    """Somebody, or a group, that writes; from message `blocked_from` on the bot is blocked."""

    chat_id: int
    messages: tuple[PlannedMessage, ...]
    move: Move | None = None
    blocked_from: int | None = None

    def is_blocked_at(self, place: int) -> bool:
        """Whether the bot may not write any more when message number `place` is sent."""
        return self.blocked_from is not None and place >= self.blocked_from


@dataclass(frozen=True)
class Strike:
    """Something that happens once `mark` messages are answered.

    `pick` (0 to 1) chooses among the processes of a kind, `seconds` is how long it lasts; of the
    clock it is how far it jumps.
    """

    mark: int
    target: Target
    action: str
    pick: float = 0.0
    seconds: float = 0.0


def people(seed: int, jobs: int) -> list[PlannedPerson]:
    """Everybody who writes, with `jobs` messages together."""
    each = max(6, min(_MOST_MESSAGES_EACH, jobs // 20))
    rng = random.Random(f"{seed}/people")
    group = rng.randrange(_ONE_GROUP_IN)
    # One is a multiple of the other, so that no group is among those who block.
    blocker = (group + rng.randrange(1, _ONE_GROUP_IN)) % _ONE_BLOCKER_IN
    return [
        _person(
            random.Random(f"{seed}/person {number}"),
            number,
            min(each, jobs - first),
            group=number % _ONE_GROUP_IN == group,
            blocks=number % _ONE_BLOCKER_IN == blocker,
        )
        for number, first in enumerate(range(0, jobs, each))
    ]


def _person(
    rng: random.Random, number: int, count: int, *, group: bool, blocks: bool
) -> PlannedPerson:
    messages = []
    for place in range(count):
        link = rng.random() < _SHARE_OF_LINKS
        gone = not link and rng.random() < _SHARE_GONE
        messages.append(PlannedMessage(f"{number}-{place}", link, "gone" if gone else "picture"))
    move = None
    if group:
        name = rng.choice([m.name for m in messages if m.fate == "picture"] or [messages[0].name])
        move = Move(name, rng.choice(_MOVING_CALLS), rng.choice(_MOMENTS))
    blocked_from = rng.randrange(count) if blocks else None
    return PlannedPerson(_FIRST_CHAT + number, tuple(messages), move, blocked_from)


def strikes(
    seed: int,
    jobs: int,
    *,
    kills: int,
    longest_stop_s: float = 20.0,
    redis: bool = False,
    disk: bool = False,
    clock: bool = False,
) -> list[Strike]:
    """What happens to processes, network, disk and clock, in the order of their marks."""
    rng = random.Random(f"{seed}/strikes")
    kinds: list[Target] = ["bot", "app_image", "app_url", "nginx"]
    if redis:
        kinds.append("redis")
    rare = max(1, kills // 25)
    found = [Strike(0, kinds[i % len(kinds)], "kill", rng.random()) for i in range(kills)]
    found += [
        Strike(0, kind, "stop", rng.random(), rng.uniform(1.0, longest_stop_s))
        for kind in kinds
        for _ in range(rare)
    ]
    longest_spell_s = min(_SPELL_S[1], longest_stop_s)
    found += [
        Strike(0, "telegram", spell, seconds=rng.uniform(_SPELL_S[0], longest_spell_s))
        for spell in SPELLS
        for _ in range(rare)
    ]
    if disk:
        found += [Strike(0, "disk", "full", seconds=rng.uniform(1, 5)) for _ in range(rare)]
    if clock:
        found += [Strike(0, "clock", "jump", seconds=rng.choice(_JUMPS_S)) for _ in range(rare)]
    rng.shuffle(found)
    # The last tenth is left in peace: what is struck there nobody would wait for.
    marks = sorted(rng.randrange(max(1, jobs * 9 // 10)) for _ in found)
    return [
        Strike(mark, each.target, each.action, each.pick, each.seconds)
        for mark, each in zip(marks, found, strict=True)
    ]
