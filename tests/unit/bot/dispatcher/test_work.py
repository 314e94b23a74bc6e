from __future__ import annotations

from collections.abc import Callable

import pytest

from bot import texts
from bot.dispatcher.answers import Answer, Delivered, Later, Refused, Stale
from bot.work_queue import Depth
from bot.work_queue.sqlite import SqliteQueue
from tests.fakes import FakeTelegram
from tests.metric_values import values_of
from tests.unit.bot.dispatcher.scene import Scene, Services
from tests.unit.bot.jobs import Clock, a_job
from utils.errors import ChatRefused, TelegramUnavailable
from utils.jobs import Job
from utils.telegram import ChatMoved

GONE = Depth(0, 0, 0)


def test_a_delivered_job_is_gone_and_nothing_is_said(scene: Scene) -> None:
    services = Services(Delivered())
    scene.do(services)
    assert scene.queue.depth() == GONE
    assert scene.telegram.calls == []
    assert services.jobs[0].status_message_id == 901


def test_a_refused_job_ends_with_its_sentence(scene: Scene) -> None:
    scene.do(Services(Refused("not_an_image", "Not one.")))
    assert scene.telegram.texts == {(7, 901): "Not one."}
    assert scene.queue.depth() == GONE


def test_a_chat_that_refuses_the_bot_ends_the_job_in_silence(scene: Scene) -> None:
    scene.do(Services(Refused("chat_refused", None)))
    assert scene.telegram.calls == []
    assert scene.queue.depth() == GONE


def test_a_job_that_may_succeed_later_is_tried_until_it_does(scene: Scene) -> None:
    services = Services(*[Later(reason="503")] * 10, Delivered())
    for _ in range(11):
        scene.do(services)
    assert [job.attempt for job in services.jobs] == list(range(1, 12))
    assert scene.queue.depth() == GONE
    assert scene.telegram.calls == []


def test_the_wait_that_was_asked_for_is_kept(scene: Scene) -> None:
    scene.do(Services(Later(reason="503", after_s=20.0)))
    scene.clock.pass_s(19.9)
    assert scene.queue.claim(1, "w", 60.0) == []


def test_three_failures_of_its_own_end_in_an_apology_and_a_dead_letter(scene: Scene) -> None:
    services = Services(Later(reason="500", counts=True))
    for _ in range(4):
        scene.do(services)
    assert len(services.jobs) == 3
    assert scene.telegram.texts == {(7, 901): texts.OUR_FAULT}
    (letter,) = scene.queue.dead()
    assert letter.reason == "failed"


def test_a_job_that_waited_too_long_ends_in_an_apology_and_a_dead_letter(scene: Scene) -> None:
    scene.clock.pass_s(901)
    services = Services(Delivered())
    scene.do(services)
    assert services.jobs == []
    assert scene.telegram.texts == {(7, 901): texts.TOO_OLD}
    assert scene.queue.depth() == Depth(0, 0, 1)


def test_a_sentence_that_cannot_be_said_yet_is_said_later_without_a_second_try(
    scene: Scene,
) -> None:
    services = Services(Refused("not_an_image", "Not one."))
    scene.telegram.failures = [TelegramUnavailable(retry_after_s=30.0)] * 3
    for _ in range(4):
        scene.do(services)
    assert len(services.jobs) == 1
    assert scene.telegram.texts == {(7, 901): "Not one."}
    assert scene.queue.depth() == GONE


def test_nobody_is_told_for_ever(scene: Scene) -> None:
    scene.clock.pass_s(900 + 3600)
    scene.telegram.failures = [TelegramUnavailable()]
    scene.do(Services(Delivered()))
    assert scene.queue.depth() == Depth(0, 0, 1)


def test_an_apology_too_is_repeated_while_telegram_is_away(scene: Scene) -> None:
    scene.clock.pass_s(901)
    scene.telegram.failures = [TelegramUnavailable()]
    scene.do(Services(Delivered()))
    assert scene.queue.depth() == Depth(1, 0, 0)
    scene.do(Services(Delivered()))
    assert scene.telegram.texts == {(7, 901): texts.TOO_OLD}
    assert scene.queue.depth() == Depth(0, 0, 1)


def test_a_status_message_that_is_gone_is_posted_anew_before_the_next_try(scene: Scene) -> None:
    services = Services(Stale(moved=False), Delivered())
    for _ in range(2):
        scene.do(services)
    assert [job.status_message_id for job in services.jobs] == [901, 1001]
    assert [job.renewals for job in services.jobs] == [0, 1]
    assert scene.queue.depth() == GONE


def test_a_group_that_moved_before_the_first_try_gets_its_picture_there(scene: Scene) -> None:
    services = Services(Stale(moved=True), Delivered())
    scene.do(services)
    scene.telegram.failures = [ChatMoved(-200)]
    scene.do(services)
    assert [job.chat_id for job in services.jobs] == [7, -200]
    assert scene.queue.depth() == GONE


def test_one_that_moved_after_a_try_is_asked_to_look_for_the_picture(scene: Scene) -> None:
    services = Services(Later(reason="502"), Stale(moved=True), Delivered())
    scene.do(services)
    scene.telegram.failures = [ChatMoved(-200)] * 2
    scene.do(services)
    assert len(services.jobs) == 2
    assert scene.telegram.texts == {(-200, 1001): texts.MOVED}
    assert scene.queue.depth() == GONE


def test_a_bot_that_dies_over_asking_leaves_nothing_to_be_done_again(scene: Scene) -> None:
    services = Services(Later(reason="502"), Stale(moved=True), Delivered())
    scene.do(services)
    # The edit, the new status message, and then its end.
    scene.telegram.failures = [ChatMoved(-200), RuntimeError("killed")]  # type: ignore[list-item]
    with pytest.raises(RuntimeError):
        scene.do(services)
    scene.clock.pass_s(61)
    scene.do(services)
    assert len(services.jobs) == 2
    assert scene.telegram.texts == {(-200, 1001): texts.MOVED}
    assert scene.queue.depth() == GONE


def test_status_messages_that_always_vanish_are_the_jobs_own_fault(scene: Scene) -> None:
    services = Services(Stale(moved=False))
    for _ in range(7):
        scene.do(services)
    assert len(services.jobs) == 6
    assert [letter.reason for letter in scene.queue.dead()] == ["failed"]


class TestWithoutAStatusMessage:
    @pytest.fixture
    def scene(self, queue: SqliteQueue, telegram: FakeTelegram, clock: Clock) -> Scene:
        scene = Scene(queue, telegram, clock)
        queue.cancel("1-0")
        queue.put(a_job(2, status_message_id=None))
        clock.pass_s(3)
        return scene

    def test_one_is_posted_first_and_goes_along(self, scene: Scene) -> None:
        services = Services(Refused("x", "Sorry."))
        scene.do(services)
        assert services.jobs[0].status_message_id == 1001
        assert scene.telegram.texts == {(7, 1001): "Sorry."}

    def test_the_job_waits_where_telegram_asks_for_it(self, scene: Scene) -> None:
        scene.telegram.failures = [TelegramUnavailable(retry_after_s=30.0)]
        services = Services(Delivered())
        scene.do(services)
        assert services.jobs == []
        scene.clock.pass_s(29)
        assert scene.queue.claim(1, "w", 60.0) == []

    def test_a_chat_that_refuses_it_ends_the_job(self, scene: Scene) -> None:
        scene.telegram.failures = [ChatRefused()]
        services = Services(Delivered())
        scene.do(services)
        assert services.jobs == []
        assert scene.queue.depth() == GONE


def test_a_job_done_under_a_lost_lease_is_left_to_its_new_owner(scene: Scene) -> None:
    def lose(_: Job) -> Answer:
        scene.clock.pass_s(61)
        scene.queue.claim(1, "other", 60.0)
        return Delivered()

    services = Services(Delivered())
    services.post: Callable[[Job], Answer] = lose  # type: ignore[misc,method-assign]
    scene.do(services)
    assert scene.queue.depth() == Depth(0, 1, 0)


class TestCounting:
    def test_a_delivery_and_the_tries_before_it(self, scene: Scene) -> None:
        services = Services(
            *[Later(reason="503 busy")] * 2, Later(reason="ReadTimeout"), Delivered()
        )
        for _ in range(4):
            scene.do(services)
        assert scene.counted() == {
            'jobs_finished{outcome="delivered"}': 1,
            'job_retries{reason="busy"}': 2,
            'job_retries{reason="ReadTimeout"}': 1,
        }
        told = values_of(scene.metrics.exposition())
        assert told["semblance_job_delivery_seconds_count"] == 1

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [(Refused("x", "Sorry."), "refused"), (Refused("chat_refused", None), "chat_refused")],
    )
    def test_a_refusal(self, scene: Scene, answer: Answer, outcome: str) -> None:
        scene.do(Services(answer))
        assert scene.counted() == {f'jobs_finished{{outcome="{outcome}"}}': 1}

    def test_a_dead_letter_once_its_owner_was_told(self, scene: Scene) -> None:
        scene.clock.pass_s(901)
        scene.telegram.failures = [TelegramUnavailable()]
        scene.do(Services(Delivered()))
        assert scene.counted() == {'job_retries{reason="not_told_yet"}': 1}
        scene.do(Services(Delivered()))
        assert scene.counted() == {
            'job_retries{reason="not_told_yet"}': 1,
            'jobs_finished{outcome="dead_letter"}': 1,
            'dead_letters{reason="too_old"}': 1,
        }

    def test_what_was_done_under_a_lost_lease_does_not_count(self, scene: Scene) -> None:
        def lose(_: Job) -> Answer:
            scene.clock.pass_s(61)
            scene.queue.claim(1, "other", 60.0)
            return Delivered()

        services = Services(Delivered())
        services.post: Callable[[Job], Answer] = lose  # type: ignore[misc,method-assign]
        scene.do(services)
        assert scene.counted() == {}
