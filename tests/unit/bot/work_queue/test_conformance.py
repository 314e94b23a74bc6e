"""What every work queue must do, whatever it is built on.

The file is long because a new implementation should find all that is asked of it in one place.
"""

from __future__ import annotations

import threading

import pytest

from bot.work_queue import Accepted, Claim, Depth, Duplicate, Full, JobQueue, Limits
from tests.unit.bot.jobs import NOON, Clock, a_job
from tests.unit.bot.work_queue.conftest import MakeQueue

LEASE_S = 60.0


def claim_one(queue: JobQueue, worker: str = "w") -> Claim:
    (claim,) = queue.claim(1, worker, LEASE_S)
    return claim


def give_back(queue: JobQueue, claim: Claim, *, due_at: float = NOON, counts: bool = False) -> bool:
    return queue.nack(claim, due_at=due_at, reason="test", counts=counts)


def ids(claims: list[Claim]) -> list[str]:
    return [claim.job.id for claim in claims]


class TestPut:
    def test_a_job_comes_back_as_it_was_put(self, queue: JobQueue) -> None:
        job = a_job(language="de", message_thread_id=3, options={"x": 1})
        assert queue.put(job) == Accepted(0)
        assert claim_one(queue).job == job.with_(attempt=1)

    def test_the_position_counts_the_jobs_that_will_be_claimed_before(
        self, queue: JobQueue
    ) -> None:
        assert [queue.put(a_job(i)) for i in (1, 2)] == [Accepted(0), Accepted(1)]
        assert queue.put(a_job(3, chat_id=8)) == Accepted(1)
        assert queue.position("2-0") == 2

    def test_positions_go_by_turns_as_claims_do(self, queue: JobQueue) -> None:
        for i in range(6):
            queue.put(a_job(i, chat_id=1 + i // 3))
        queue.claim(2, "w", LEASE_S)
        line = ["1-0", "4-0", "2-0", "5-0"]
        assert [queue.position(job_id) for job_id in line] == [0, 1, 2, 3]
        assert ids(queue.claim(4, "w", LEASE_S)) == line

    def test_what_is_not_waiting_has_no_position(self, queue: JobQueue) -> None:
        queue.put(a_job())
        queue.claim(1, "w", LEASE_S)
        assert queue.position("1-0") is None
        assert queue.position("2-0") is None

    def test_the_same_part_of_an_update_is_taken_once(self, queue: JobQueue) -> None:
        queue.put(a_job())
        assert queue.put(a_job()) == Duplicate()
        assert queue.put(a_job(index=1)) == Accepted(1)

    def test_a_job_stays_known_after_it_was_done(self, queue: JobQueue) -> None:
        queue.put(a_job())
        queue.ack(claim_one(queue))
        assert queue.put(a_job()) == Duplicate()

    def test_a_dead_or_cancelled_job_stays_known(self, queue: JobQueue) -> None:
        queue.put(a_job(1))
        queue.bury(claim_one(queue), "failed")
        queue.put(a_job(2))
        queue.cancel("2-0")
        assert [queue.put(a_job(i)) for i in (1, 2)] == [Duplicate(), Duplicate()]

    def test_a_done_job_is_forgotten_when_telegram_cannot_send_it_again(
        self, queue: JobQueue, clock: Clock
    ) -> None:
        queue.put(a_job())
        queue.ack(claim_one(queue))
        clock.pass_s(Limits().remember_s - 1)
        queue.tidy()
        assert queue.put(a_job()) == Duplicate()
        clock.pass_s(1)
        queue.tidy()
        assert queue.put(a_job()) == Accepted(0)

    def test_a_full_queue_refuses_and_says_when_to_come_back(self, make_queue: MakeQueue) -> None:
        queue = make_queue(Limits(total=2))
        for i in (1, 2):
            queue.put(a_job(i, user_id=i))
        refused = queue.put(a_job(3, user_id=3))
        assert isinstance(refused, Full)
        assert refused.retry_in_s > 0
        queue.ack(claim_one(queue))
        assert isinstance(queue.put(a_job(3, user_id=3)), Accepted)

    def test_one_user_cannot_fill_the_queue(self, make_queue: MakeQueue) -> None:
        queue = make_queue(Limits(per_user=2))
        queue.put(a_job(1))
        queue.put(a_job(2, chat_id=8))
        assert isinstance(queue.put(a_job(3)), Full)
        assert isinstance(queue.put(a_job(4, user_id=8)), Accepted)

    def test_dead_letters_take_no_room(self, make_queue: MakeQueue) -> None:
        queue = make_queue(Limits(total=1, per_user=1))
        queue.put(a_job(1))
        queue.bury(claim_one(queue), "failed")
        assert queue.put(a_job(2)) == Accepted(0)

    def test_a_known_job_is_a_duplicate_even_where_there_is_no_room(
        self, make_queue: MakeQueue
    ) -> None:
        queue = make_queue(Limits(total=1))
        queue.put(a_job(1))
        assert queue.put(a_job(1)) == Duplicate()


class TestClaim:
    def test_an_empty_queue_gives_nothing(self, queue: JobQueue) -> None:
        assert queue.claim(5, "w", LEASE_S) == []

    def test_no_more_than_asked_for_and_none_twice(self, queue: JobQueue) -> None:
        for i in range(5):
            queue.put(a_job(i))
        first, second = queue.claim(3, "w", LEASE_S), queue.claim(3, "w", LEASE_S)
        assert ids(first) == ["0-0", "1-0", "2-0"]
        assert ids(second) == ["3-0", "4-0"]
        assert queue.depth() == Depth(waiting=0, in_flight=5, dead=0)

    def test_every_chat_has_its_turn_before_any_chat_has_a_second(self, queue: JobQueue) -> None:
        for i in range(1, 11):
            queue.put(a_job(i, chat_id=1))
        queue.put(a_job(11, chat_id=2))
        queue.put(a_job(12, chat_id=3))
        assert ids(queue.claim(4, "w", LEASE_S)) == ["1-0", "11-0", "12-0", "2-0"]

    def test_turns_go_on_from_claim_to_claim(self, queue: JobQueue) -> None:
        for i in range(6):
            queue.put(a_job(i, chat_id=1 + i // 3))
        order = [claim_one(queue).job.chat_id for _ in range(6)]
        assert order == [1, 2, 1, 2, 1, 2]

    def test_a_chat_that_was_served_stays_behind_after_a_tidy_while_it_has_jobs(
        self, queue: JobQueue
    ) -> None:
        for i in (1, 2):
            queue.put(a_job(i, chat_id=1))
        queue.ack(claim_one(queue))
        queue.put(a_job(3, chat_id=2))
        queue.tidy()
        assert ids(queue.claim(2, "w", LEASE_S)) == ["3-0", "2-0"]

    def test_a_chat_whose_one_job_is_in_flight_stays_behind_after_a_tidy(
        self, queue: JobQueue
    ) -> None:
        queue.put(a_job(1, chat_id=1))
        claim_one(queue)
        queue.tidy()
        queue.put(a_job(2, chat_id=1))
        queue.put(a_job(3, chat_id=2))
        assert claim_one(queue).job.id == "3-0"

    def test_a_job_without_a_status_message_waits_two_seconds_for_it(
        self, queue: JobQueue, clock: Clock
    ) -> None:
        queue.put(a_job(status_message_id=None))
        assert queue.claim(1, "w", LEASE_S) == []
        clock.pass_s(1.9)
        assert queue.claim(1, "w", LEASE_S) == []
        clock.pass_s(0.2)
        assert claim_one(queue).job.status_message_id is None

    def test_a_status_message_makes_a_job_claimable_at_once(self, queue: JobQueue) -> None:
        queue.put(a_job(status_message_id=None))
        assert queue.note_status("1-0", 44) == 44
        assert claim_one(queue).job.status_message_id == 44

    def test_jobs_survive_a_restart(self, make_queue: MakeQueue) -> None:
        make_queue().put(a_job())
        assert claim_one(make_queue()).job.id == "1-0"

    def test_an_undue_job_does_not_hide_the_next_one_of_its_chat(self, queue: JobQueue) -> None:
        queue.put(a_job(1))
        queue.put(a_job(2))
        give_back(queue, claim_one(queue), due_at=NOON + 10)
        assert claim_one(queue).job.id == "2-0"


class TestLease:
    def test_a_lease_that_ran_out_makes_the_job_claimable(
        self, queue: JobQueue, clock: Clock
    ) -> None:
        queue.put(a_job())
        claim_one(queue, "dead worker")
        clock.pass_s(LEASE_S - 1)
        assert queue.claim(1, "w", LEASE_S) == []
        clock.pass_s(1)
        assert claim_one(queue).attempt == 2

    def test_a_heartbeat_keeps_it(self, queue: JobQueue, clock: Clock) -> None:
        queue.put(a_job())
        claim = claim_one(queue)
        clock.pass_s(LEASE_S - 1)
        assert queue.heartbeat([claim], LEASE_S) == []
        clock.pass_s(LEASE_S - 1)
        assert queue.claim(1, "other", LEASE_S) == []

    def test_a_heartbeat_that_comes_too_late_does_not(self, queue: JobQueue, clock: Clock) -> None:
        queue.put(a_job())
        claim = claim_one(queue)
        clock.pass_s(LEASE_S)
        assert queue.heartbeat([claim], LEASE_S) == [claim]
        assert claim_one(queue, "other").attempt == 2

    def test_who_lost_a_lease_cannot_disturb_the_new_owner(
        self, queue: JobQueue, clock: Clock
    ) -> None:
        queue.put(a_job())
        old = claim_one(queue, "slow")
        clock.pass_s(LEASE_S)
        new = claim_one(queue, "fast")
        assert queue.heartbeat([old, new], LEASE_S) == [old]
        assert not queue.ack(old)
        assert not give_back(queue, old)
        assert not queue.settle(old, "too late")
        assert not queue.bury(old, "too late")
        assert queue.depth() == Depth(waiting=0, in_flight=1, dead=0)
        assert queue.ack(new)
        assert queue.depth() == Depth(0, 0, 0)

    def test_the_same_worker_too_is_fenced_off_its_older_lease(
        self, queue: JobQueue, clock: Clock
    ) -> None:
        queue.put(a_job())
        old = claim_one(queue)
        clock.pass_s(LEASE_S)
        new = claim_one(queue)
        assert not queue.ack(old)
        assert queue.ack(new)

    def test_five_lost_leases_are_poison(self, queue: JobQueue, clock: Clock) -> None:
        queue.put(a_job(enqueued_at=NOON + 3600))
        for _ in range(5):
            assert claim_one(queue).doom is None
            clock.pass_s(LEASE_S)
        assert claim_one(queue).doom == "poison"

    def test_a_sole_owner_may_release_the_leases_of_its_dead_predecessor(
        self, make_queue: MakeQueue
    ) -> None:
        queue = make_queue()
        for i in (1, 2, 3):
            queue.put(a_job(i))
        old = queue.claim(2, "killed", LEASE_S)
        restarted = make_queue()
        assert restarted.release() == 2
        assert len(restarted.claim(3, "w", LEASE_S)) == 3
        assert not restarted.ack(old[0])

    def test_being_in_flight_when_the_bot_is_killed_is_no_poison(self, queue: JobQueue) -> None:
        queue.put(a_job())
        for _ in range(9):
            assert claim_one(queue).doom is None
            assert queue.release() == 1


class TestNack:
    def test_a_job_given_back_comes_again_when_it_is_due(
        self, queue: JobQueue, clock: Clock
    ) -> None:
        queue.put(a_job())
        assert give_back(queue, claim_one(queue), due_at=NOON + 5)
        assert queue.claim(1, "w", LEASE_S) == []
        clock.pass_s(5)
        claim = claim_one(queue)
        assert (claim.attempt, claim.job.attempt, claim.doom) == (2, 2, None)

    def test_three_failures_that_count_doom_it(self, queue: JobQueue) -> None:
        queue.put(a_job())
        for _ in range(3):
            claim = claim_one(queue)
            assert claim.doom is None
            give_back(queue, claim, counts=True)
        assert claim_one(queue).doom == "failed"

    def test_failures_of_others_never_doom_it(self, queue: JobQueue) -> None:
        queue.put(a_job())
        for _ in range(30):
            give_back(queue, claim_one(queue))
        assert claim_one(queue).doom is None

    def test_age_dooms_it(self, queue: JobQueue, clock: Clock) -> None:
        queue.put(a_job())
        clock.pass_s(Limits().max_age_s)
        assert claim_one(queue).doom == "too_old"

    def test_a_doomed_job_is_handed_out_until_it_is_buried(
        self, queue: JobQueue, clock: Clock
    ) -> None:
        queue.put(a_job())
        clock.pass_s(Limits().max_age_s)
        claim = claim_one(queue)
        give_back(queue, claim, due_at=clock.now + 1)
        clock.pass_s(1)
        assert queue.bury(claim_one(queue), "too_old")
        assert queue.claim(1, "w", LEASE_S) == []

    def test_a_settled_sentence_stays_with_the_job(self, queue: JobQueue) -> None:
        queue.put(a_job())
        claim = claim_one(queue)
        assert claim.sentence is None
        assert queue.settle(claim, "Not an image.")
        give_back(queue, claim)
        assert claim_one(queue).sentence == "Not an image."


class TestRenew:
    def test_the_job_comes_back_as_it_is_now_and_without_its_status_message(
        self, queue: JobQueue
    ) -> None:
        queue.put(a_job(status_message_id=5))
        claim = claim_one(queue)
        moved = claim.job.with_(chat_id=-200, status_message_id=None, attempt=0, renewals=1)
        assert queue.renew(claim, moved)
        assert queue.note_status("1-0", 6) == 6
        give_back(queue, claim)
        assert claim_one(queue).job == moved.with_(status_message_id=6, attempt=2)

    def test_turns_go_on_in_the_new_chat(self, queue: JobQueue) -> None:
        queue.put(a_job(1, chat_id=7))
        claim = claim_one(queue)
        queue.renew(claim, claim.job.with_(chat_id=8))
        queue.put(a_job(2, chat_id=9))
        give_back(queue, claim)
        queue.note_status("1-0", 6)
        assert [queue.position(f"{i}-0") for i in (1, 2)] == [0, 1]
        for each in queue.claim(2, "w", LEASE_S):
            assert queue.ack(each)
        assert queue.depth() == Depth(0, 0, 0)

    def test_a_lost_lease_changes_nothing(self, queue: JobQueue, clock: Clock) -> None:
        queue.put(a_job(status_message_id=5))
        claim = claim_one(queue)
        clock.pass_s(LEASE_S + 1)
        newer = claim_one(queue, "other")
        assert not queue.renew(claim, claim.job.with_(chat_id=8))
        give_back(queue, newer)
        assert claim_one(queue).job.status_message_id == 5


class TestOldest:
    def test_an_empty_queue_has_none(self, queue: JobQueue) -> None:
        assert queue.oldest() is None

    def test_it_is_the_one_that_was_enqueued_first_wherever_it_is(self, queue: JobQueue) -> None:
        queue.put(a_job(1, enqueued_at=NOON - 7))
        queue.put(a_job(2, enqueued_at=NOON - 5, chat_id=8))
        queue.put(a_job(3, enqueued_at=NOON - 3, chat_id=9))
        assert queue.oldest() == NOON - 7
        claims = {claim.job.id: claim for claim in queue.claim(3, "w", LEASE_S)}
        assert queue.oldest() == NOON - 7
        queue.ack(claims["1-0"])
        assert queue.oldest() == NOON - 5
        give_back(queue, claims["2-0"], due_at=NOON + 60)
        assert queue.oldest() == NOON - 5

    def test_a_dead_letter_is_no_longer_waited_for(self, queue: JobQueue) -> None:
        queue.put(a_job())
        queue.bury(claim_one(queue), "failed")
        assert queue.oldest() is None


class TestDeadLetters:
    def test_they_keep_the_job_and_the_reason_until_their_time_is_over(
        self, queue: JobQueue, clock: Clock
    ) -> None:
        queue.put(a_job())
        queue.bury(claim_one(queue), "failed")
        (letter,) = queue.dead()
        assert (letter.job.source, letter.reason, letter.died_at) == ("AgACAgQ", "failed", NOON)
        clock.pass_s(Limits().dead_ttl_s - 1)
        queue.tidy()
        assert queue.depth().dead == 1
        clock.pass_s(1)
        queue.tidy()
        assert queue.dead() == []
        assert queue.put(a_job()) == Duplicate()

    def test_they_get_no_status_message(self, queue: JobQueue) -> None:
        queue.put(a_job(status_message_id=None, enqueued_at=NOON - 5))
        queue.bury(claim_one(queue), "failed")
        assert queue.note_status("1-0", 44) is None


class TestStatus:
    def test_the_first_recorded_message_counts(self, queue: JobQueue) -> None:
        queue.put(a_job(status_message_id=None))
        assert queue.note_status("1-0", 44) == 44
        assert queue.note_status("1-0", 45) == 44

    def test_a_job_in_flight_takes_one_too(self, queue: JobQueue) -> None:
        queue.put(a_job(status_message_id=None, enqueued_at=NOON - 5))
        claim = claim_one(queue)
        assert queue.note_status("1-0", 44) == 44
        give_back(queue, claim)
        assert claim_one(queue).job.status_message_id == 44

    def test_a_job_that_is_gone_takes_none(self, queue: JobQueue) -> None:
        assert queue.note_status("1-0", 44) is None


class TestCancel:
    def test_a_waiting_job_can_be_dropped(self, queue: JobQueue) -> None:
        queue.put(a_job())
        assert queue.cancel("1-0")
        assert queue.claim(1, "w", LEASE_S) == []
        assert not queue.cancel("1-0")

    def test_a_job_in_flight_is_not_stopped(self, queue: JobQueue) -> None:
        queue.put(a_job())
        claim = claim_one(queue)
        assert not queue.cancel("1-0")
        assert queue.ack(claim)


@pytest.mark.parametrize("workers", [4])
def test_threads_share_the_queue_without_losing_or_doubling_a_job(
    make_queue: MakeQueue, workers: int
) -> None:
    queue = make_queue(Limits(per_user=1000))
    done: list[str] = []

    def put(first: int) -> None:
        for i in range(first, first + 20):
            queue.put(a_job(i, chat_id=first))

    def work(name: str) -> None:
        while len(done) < 20 * workers:
            claims = queue.claim(2, name, LEASE_S)
            done.extend(claim.job.id for claim in claims if queue.ack(claim))

    threads = [threading.Thread(target=put, args=(100 * n,)) for n in range(workers)]
    threads += [threading.Thread(target=work, args=(f"w{n}",)) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(set(done)) == 20 * workers
