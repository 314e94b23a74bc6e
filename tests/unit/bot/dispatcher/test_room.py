"""What answers say about the services as a whole: whether anybody is there, and has room."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.dispatcher.answers import Answer, Delivered, Later, Refused
from bot.dispatcher.chat import Chat
from bot.dispatcher.limit import InFlightLimit
from bot.dispatcher.work import Work
from tests.unit.bot.dispatcher.scene import Scene, Services
from utils.jobs import Job


@pytest.mark.parametrize(
    ("answer", "is_open"),
    [
        (Later(reason="ConnectionError", nobody=True), True),
        (Later(reason="503"), False),
        (Refused("x", None), False),
    ],
)
def test_only_an_empty_house_stops_everybody(scene: Scene, answer: Answer, is_open: bool) -> None:
    work = Work(
        scene.queue,
        Services(answer),
        Chat(scene.telegram, scene.queue),
        max_age_s=900.0,
        limit=scene.limit,
    )
    work.do(scene.queue.claim(1, "w", 60.0)[0])
    assert work.breaker.is_open == is_open


def test_the_breaker_closes_when_somebody_answers(scene: Scene) -> None:
    services = Services(Later(reason="ConnectionError", nobody=True), Delivered())
    work = Work(
        scene.queue,
        services,
        Chat(scene.telegram, scene.queue),
        max_age_s=900.0,
        limit=scene.limit,
        clock=scene.clock,
    )
    work.do(scene.queue.claim(1, "w", 60.0)[0])
    assert work.breaker.is_open
    scene.clock.pass_s(10)
    work.do(scene.queue.claim(1, "w", 60.0)[0])
    assert not work.breaker.is_open


def at_the_limit(scene: Scene, answer: Answer) -> InFlightLimit:
    """The limit after that answer to one of as many jobs as it lets out."""
    for _ in range(scene.limit.value - 1):
        scene.limit.started()

    def after_a_while(_: Job) -> Answer:
        scene.clock.pass_s(3)
        return answer

    services = Services(answer)
    services.post: Callable[[Job], Answer] = after_a_while  # type: ignore[misc,method-assign]
    scene.do(services)
    return scene.limit


@pytest.mark.parametrize(
    "answer", [Later(reason="503", full=True), Later(reason="ReadTimeout", full=True)]
)
def test_full_services_are_given_less(scene: Scene, answer: Answer) -> None:
    assert at_the_limit(scene, answer).value < 4


def test_services_that_do_their_jobs_are_given_more(scene: Scene) -> None:
    assert at_the_limit(scene, Delivered()).value > 4


@pytest.mark.parametrize(
    "answer",
    [
        Later(reason="500", counts=True),
        Later(reason="502 telegram_unavailable"),
        Later(reason="ConnectionError", nobody=True),
    ],
)
def test_other_failures_say_nothing_about_room(scene: Scene, answer: Answer) -> None:
    assert at_the_limit(scene, answer).value == 4


def test_a_job_that_fails_inside_the_bot_is_no_longer_out(scene: Scene) -> None:
    def fail(_: Job) -> Answer:
        raise KeyError("a bug")

    services = Services(Delivered())
    services.post: Callable[[Job], Answer] = fail  # type: ignore[misc,method-assign]
    with pytest.raises(KeyError):
        scene.do(services)
    assert scene.limit.started().out == 1
