from __future__ import annotations

import pytest

from tests.chaos import plan


def test_the_same_seed_is_the_same_storm() -> None:
    assert plan.people(5, 200) == plan.people(5, 200)
    assert plan.people(5, 200) != plan.people(6, 200)
    assert plan.strikes(5, 200, kills=9) == plan.strikes(5, 200, kills=9)
    assert plan.strikes(5, 200, kills=9) != plan.strikes(6, 200, kills=9)


@pytest.mark.parametrize("jobs", [1, 150, 1003])
def test_all_messages_are_planned_and_no_two_have_one_name(jobs: int) -> None:
    people = plan.people(1, jobs)
    names = [message.name for person in people for message in person.messages]
    assert len(names) == len(set(names)) == jobs
    assert len({person.chat_id for person in people}) == len(people)


def test_a_small_storm_has_some_of_everything() -> None:
    for seed in range(20):
        people = plan.people(seed, 150)
        messages = [message for person in people for message in person.messages]
        assert any(person.move for person in people)
        assert any(person.blocked_from is not None for person in people)
        assert {message.link for message in messages} == {False, True}


def test_what_moves_does_so_at_a_message_that_gets_a_picture() -> None:
    for person in plan.people(3, 2000):
        fates = {message.name: message.fate for message in person.messages}
        assert person.move is None or fates[person.move.name] == "picture"


def test_every_kind_is_struck_in_every_way_as_often_as_was_asked() -> None:
    strikes = plan.strikes(1, 1000, kills=100, redis=True, disk=True, clock=True)
    hit = {(strike.target, strike.action) for strike in strikes}
    kinds = ("bot", "app_image", "app_url", "nginx", "redis")
    assert hit == {
        *((kind, action) for kind in kinds for action in ("kill", "stop")),
        *(("telegram", spell) for spell in plan.SPELLS),
        ("disk", "full"),
        ("clock", "jump"),
    }
    assert sum(strike.action == "kill" for strike in strikes) == 100
    assert [strike.mark for strike in strikes] == sorted(strike.mark for strike in strikes)
    assert all(strike.mark < 900 for strike in strikes)
