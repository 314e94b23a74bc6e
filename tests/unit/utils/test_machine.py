from __future__ import annotations

import os
from pathlib import Path

import pytest

from utils.machine import Machine

GB = 1 << 30
NO_LIMIT_OF_V1 = "9223372036854771712\n"


def look(root: Path, files: dict[str, str]) -> Machine:
    """What is seen of a machine of 8 cores and 16 GB with these files in /sys/fs/cgroup.

    `own` stands for /proc/self/cgroup.
    """
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(files.pop("own", ""))
    for name, text in files.items():
        file = root / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Machine.look(root, cores=8, memory_bytes=16 * GB)


def test_without_cgroups_the_machine_is_ours(tmp_path: Path) -> None:
    assert Machine.look(tmp_path, cores=8, memory_bytes=16 * GB) == Machine(8, 16 * GB)


def test_a_container_sees_its_own_group_as_the_topmost(tmp_path: Path) -> None:
    seen = look(
        tmp_path,
        {"own": "0::/\n", "cpu.max": "150000 100000\n", "memory.max": f"{2 * GB}\n"},
    )
    assert seen == Machine(1.5, 2 * GB, "cgroup", "cgroup")


def test_max_is_no_limit(tmp_path: Path) -> None:
    files = {"own": "0::/\n", "cpu.max": "max 100000\n", "memory.max": "max\n"}
    assert look(tmp_path, files) == Machine(8, 16 * GB)


def test_of_all_groups_above_the_tightest_limit_counts(tmp_path: Path) -> None:
    seen = look(
        tmp_path,
        {
            "own": "0::/system.slice/semblance.service\n",
            "system.slice/semblance.service/cpu.max": "400000 100000\n",
            "system.slice/semblance.service/memory.max": f"{GB}\n",
            "system.slice/cpu.max": "50000 100000\n",
            "system.slice/memory.max": f"{4 * GB}\n",
        },
    )
    assert seen == Machine(0.5, GB, "cgroup", "cgroup")


def test_version_1_has_a_folder_for_each_controller(tmp_path: Path) -> None:
    seen = look(
        tmp_path,
        {
            "own": "12:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n",
            "cpu/docker/abc/cpu.cfs_quota_us": "200000\n",
            "cpu/docker/abc/cpu.cfs_period_us": "100000\n",
            "memory/docker/abc/memory.limit_in_bytes": f"{GB}\n",
            "memory/memory.limit_in_bytes": NO_LIMIT_OF_V1,
        },
    )
    assert seen == Machine(2, GB, "cgroup", "cgroup")


def test_a_container_under_version_1_is_told_a_path_that_only_its_host_can_see(
    tmp_path: Path,
) -> None:
    seen = look(
        tmp_path,
        {
            "own": "4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n",
            "cpu/cpu.cfs_quota_us": "50000\n",
            "cpu/cpu.cfs_period_us": "100000\n",
            "memory/memory.limit_in_bytes": f"{GB}\n",
        },
    )
    assert seen == Machine(0.5, GB, "cgroup", "cgroup")


def test_version_1_has_no_limit_at_minus_one_and_at_more_than_there_is(tmp_path: Path) -> None:
    seen = look(
        tmp_path,
        {
            "own": "2:cpu:/\n1:memory:/\n0::/\n",
            "cpu/cpu.cfs_quota_us": "-1\n",
            "cpu/cpu.cfs_period_us": "100000\n",
            "memory/memory.limit_in_bytes": NO_LIMIT_OF_V1,
        },
    )
    assert seen == Machine(8, 16 * GB)


def test_a_limit_above_the_machine_is_none(tmp_path: Path) -> None:
    files = {"own": "0::/\n", "cpu.max": "6400000 100000\n", "memory.max": f"{64 * GB}\n"}
    assert look(tmp_path, files) == Machine(8, 16 * GB)


@pytest.mark.parametrize("own", ["0::/../../elsewhere\n", "0::/a/b\n"])
def test_a_path_that_leads_nowhere_ends_at_the_topmost_group(tmp_path: Path, own: str) -> None:
    files = {"own": own, "cpu.max": "100000 100000\n"}
    assert look(tmp_path, files).cores == 1


@pytest.mark.parametrize("text", ["", "\n", "much\n", "100000\n", "a b\n", "1 0\n", "\x00\n"])
def test_what_cannot_be_understood_is_no_limit(tmp_path: Path, text: str) -> None:
    files = {"own": "0::/\n", "cpu.max": text, "memory.max": text.replace("1", "l")}
    assert look(tmp_path, files) == Machine(8, 16 * GB)


def test_affinity_is_a_bound_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    seen = Machine.look(tmp_path, memory_bytes=GB)
    assert (seen.cores, seen.cores_by) == (3, "affinity")


def test_where_there_is_no_affinity_all_cores_are_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert Machine.look(tmp_path).cores == 8


def test_this_machine_has_at_least_something() -> None:
    seen = Machine.look()
    assert 0 < seen.cores <= (os.cpu_count() or 1)
    assert seen.memory_bytes > 1 << 26


def test_it_says_itself_in_words() -> None:
    assert str(Machine(1, 512 << 20)) == "1 core (machine), 512 MB (machine)"
    assert str(Machine(1.5, GB, "cgroup", "cgroup")) == "1.5 cores (cgroup), 1024 MB (cgroup)"
