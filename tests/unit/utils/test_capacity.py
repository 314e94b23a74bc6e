from __future__ import annotations

import re

import pytest

from utils.capacity import Capacity, capacity_of
from utils.machine import Machine
from utils.settings import Settings

MB = 1 << 20


def capacity(cores: float, memory_mb: int, **environ: str) -> Capacity:
    """Of a container with these limits."""
    machine = Machine(cores, memory_mb * MB, "cgroup", "cgroup")
    return capacity_of(machine, Settings.load(environ, dotenv=None))


@pytest.mark.parametrize(
    ("cores", "memory_mb", "workers", "slots"),
    [
        (1, 2560, 1, 2),  # Compose and Kubernetes as they are delivered
        (0.25, 2560, 1, 2),
        (2, 2560, 1, 2),
        (3, 8000, 1, 3),
        (4, 8000, 2, 2),
        (5, 8000, 2, 2),
        (8, 16000, 4, 2),
        (64, 2560, 1, 2),
        (64, 5500, 2, 2),
        (2, 1400, 1, 1),
        (2, 512, 1, 1),
        (1, 64, 1, 1),
    ],
)
def test_there_are_as_many_slots_as_cores_feed_and_memory_holds(
    cores: float, memory_mb: int, workers: int, slots: int
) -> None:
    found = capacity(cores, memory_mb)
    assert (found.workers, found.slots) == (workers, slots)


@pytest.mark.parametrize("cores", range(1, 33))
@pytest.mark.parametrize("memory_mb", [1500, 2560, 4000, 8000, 30_000])
def test_what_it_derives_fits(cores: int, memory_mb: int) -> None:
    found = capacity(cores, memory_mb)
    assert not found.too_much
    assert found.workers * found.slots <= max(2, cores)


def test_it_says_why() -> None:
    assert capacity(2, 2560).sentence == (
        "2 cores (cgroup), 2560 MB (cgroup): 1 worker of 2 slots, because a slot keeps a core busy"
    )
    assert capacity(1, 2560).sentence == (
        "1 core (cgroup), 2560 MB (cgroup): 1 worker of 2 slots, "
        "so that small pictures pass a large one"
    )
    assert capacity(8, 2560).sentence == (
        "8 cores (cgroup), 2560 MB (cgroup): 1 worker of 2 slots, "
        "because a picture of 50 megapixels takes up to 1165 MB"
    )


def test_too_little_memory_for_a_single_picture_is_said_with_what_would_help() -> None:
    found = capacity(1, 512)
    assert found.too_much
    assert found.sentence == (
        "1 core (cgroup), 512 MB (cgroup): 1 worker of 1 slot, because a picture of "
        "50 megapixels takes up to 1165 MB. That may take 1325 MB of 512: "
        "SEMBLANCE_MAX_PIXELS=14000000 would fit"
    )
    assert not capacity(1, 512, SEMBLANCE_MAX_PIXELS="14000000").too_much


@pytest.mark.parametrize("memory_mb", [210, 300, 512, 777, 1000, 1324])
def test_the_number_of_pixels_that_it_names_fits(memory_mb: int) -> None:
    (pixels,) = re.findall(r"SEMBLANCE_MAX_PIXELS=(\d+)", capacity(1, memory_mb).sentence)
    assert not capacity(1, memory_mb, SEMBLANCE_MAX_PIXELS=pixels).too_much


def test_where_nothing_would_fit_it_names_no_number() -> None:
    found = capacity(1, 128)
    assert found.too_much
    assert found.sentence.endswith("it needs more memory, or fewer of them")


@pytest.mark.parametrize(
    ("environ", "workers", "slots", "as_set"),
    [
        ({"SEMBLANCE_WORKERS": "3"}, 3, 1, "as SEMBLANCE_WORKERS says"),
        ({"SEMBLANCE_WORKERS": "1"}, 1, 4, "as SEMBLANCE_WORKERS says"),
        ({"SEMBLANCE_SLOTS": "1"}, 4, 1, "as SEMBLANCE_SLOTS says"),
        ({"SEMBLANCE_SLOTS": "4"}, 1, 4, "as SEMBLANCE_SLOTS says"),
        ({"SEMBLANCE_SLOTS": "9"}, 1, 9, "as SEMBLANCE_SLOTS says"),
        (
            {"SEMBLANCE_WORKERS": "3", "SEMBLANCE_SLOTS": "5"},
            *(3, 5, "as SEMBLANCE_WORKERS and SEMBLANCE_SLOTS say"),
        ),
    ],
)
def test_settings_have_the_last_word(
    environ: dict[str, str], workers: int, slots: int, as_set: str
) -> None:
    found = capacity(4, 30_000, **environ)
    assert (found.workers, found.slots) == (workers, slots)
    assert found.sentence.endswith(as_set)


def test_one_slot_that_was_set_on_one_core_is_one_in_all() -> None:
    found = capacity(1, 2560, SEMBLANCE_SLOTS="1")
    assert (found.workers, found.slots) == (1, 1)


def test_settings_that_take_more_than_there_is_are_kept_and_said() -> None:
    found = capacity(2, 2560, SEMBLANCE_WORKERS="4", SEMBLANCE_SLOTS="2")
    assert (found.workers, found.slots, found.too_much) == (4, 2, True)
    assert "That may take 9870 MB of 2560: SEMBLANCE_MAX_PIXELS=10000000" in found.sentence


def test_of_a_machine_without_a_limit_a_quarter_is_left_to_others() -> None:
    settings = Settings.load({}, dotenv=None)
    assert capacity_of(Machine(2, 2560 * MB), settings).slots == 1
    assert capacity_of(Machine(2, 3500 * MB), settings).slots == 2


def test_services_of_one_machine_share_its_memory_and_replicas_its_cores_as_well() -> None:
    settings = Settings.load({}, dotenv=None)
    machine = Machine(8, 20_000 * MB, "cgroup", "cgroup")
    two = capacity_of(machine, settings, services=2)
    assert (two.workers, two.slots) == (4, 2)
    assert "20000 MB (cgroup), shared by 2 services: each 4 workers of 2 slots" in two.sentence
    six = capacity_of(machine, settings, services=2, replicas=3)
    assert (six.workers, six.slots) == (1, 2)
    assert "shared by 6 services" in six.sentence
