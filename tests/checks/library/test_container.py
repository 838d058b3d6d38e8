"""The limits of a container, read from control groups that are made, and from those of this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from obskit.checks.library import container
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status

SUBJECTS = [container.Memory, container.Cpu, container.Pids]


def write(folder: Path, **files: str) -> None:
    """Files of a control group; `__` in a name stands for its dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


def second(root: Path, **files: str) -> Path:
    write(root, cgroup__controllers="cpu memory pids", **files)
    return root


def state(subject: Any) -> tuple[object, str]:
    measured = subject()
    assert isinstance(measured, Measurement)
    assert isinstance(measured.value, float)
    return measured.value, subject.default_judge(measured.value).state


def test_memory_of_version_2_turns_near_its_limit_and_recovers(tmp_path: Path) -> None:
    stat = "anon 1\ninactive_file 100"
    second(tmp_path, memory__max="1000", memory__current="1050", memory__stat=stat)
    subject = container.Memory(tmp_path)
    assert state(subject) == (95.0, "critical")
    write(tmp_path, memory__current="300")
    assert state(subject) == (20.0, "ok")


def test_memory_of_version_1_turns_near_its_limit_and_recovers(tmp_path: Path) -> None:
    group = tmp_path / "memory"
    stat = "inactive_file 1\ntotal_inactive_file 100"
    write(group, memory__limit_in_bytes="1000", memory__usage_in_bytes="950", memory__stat=stat)
    subject = container.Memory(tmp_path)
    assert state(subject) == (85.0, "warning")
    write(group, memory__usage_in_bytes="200")
    assert state(subject) == (10.0, "ok")


@pytest.mark.parametrize("name", ["memory.events", "memory.oom_control"])
def test_kills_are_told_beside_the_memory(tmp_path: Path, name: str) -> None:
    second(tmp_path, memory__max="1048576", memory__current="524288")
    (tmp_path / name).write_text("under_oom 0\noom_kill 3\n")
    measured = container.Memory(tmp_path)()
    assert isinstance(measured, Measurement)
    assert measured.details == {"used": 524288, "limit": 1048576, "oom_kills": 3}
    assert measured.message == "512 KiB of 1.0 MiB"


def test_throttling_of_version_2_turns_and_recovers(tmp_path: Path) -> None:
    second(
        tmp_path, cpu__max="50000 100000", cpu__stat="usage_usec 9\nnr_periods 100\nnr_throttled 60"
    )
    subject = container.Cpu(tmp_path)
    assert state(subject) == (60.0, "critical")
    write(tmp_path, cpu__stat="nr_periods 200\nnr_throttled 90")
    assert state(subject) == (30.0, "warning")
    write(tmp_path, cpu__stat="nr_periods 300\nnr_throttled 90")
    assert state(subject) == (0.0, "ok")
    assert state(subject) == (0.0, "ok")


def test_throttling_of_version_1_turns_and_recovers(tmp_path: Path) -> None:
    group = tmp_path / "cpu"
    write(group, cpu__cfs_quota_us="50000", cpu__stat="nr_periods 10\nnr_throttled 9")
    subject = container.Cpu(tmp_path)
    assert state(subject) == (90.0, "critical")
    write(group, cpu__stat="nr_periods 110\nnr_throttled 9")
    assert state(subject) == (0.0, "ok")


def test_counts_that_begin_anew_are_counted_from_zero(tmp_path: Path) -> None:
    second(tmp_path, cpu__max="1 2", cpu__stat="nr_periods 1000\nnr_throttled 10")
    subject = container.Cpu(tmp_path)
    assert state(subject) == (1.0, "ok")
    write(tmp_path, cpu__stat="nr_periods 10\nnr_throttled 4")
    assert state(subject) == (40.0, "warning")


@pytest.mark.parametrize("version", [1, 2])
def test_processes_turn_near_their_limit_and_recover(tmp_path: Path, version: int) -> None:
    group = second(tmp_path) if version == 2 else tmp_path / "pids"
    write(group, pids__max="200", pids__current="190")
    subject = container.Pids(tmp_path)
    assert state(subject) == (95.0, "critical")
    write(group, pids__current="20")
    assert state(subject) == (10.0, "ok")


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize(
    "files",
    [
        {"memory__max": "max", "cpu__max": "max 100000", "pids__max": "max"},
        {},
    ],
    ids=["max", "no files"],
)
def test_without_a_limit_nothing_can_be_judged(
    tmp_path: Path, subject: Any, files: dict[str, str]
) -> None:
    counts = {"memory__current": "1", "pids__current": "1", "cpu__stat": "nr_periods 0"}
    told = subject(second(tmp_path, **files, **counts))()
    assert isinstance(told, CheckResult)
    assert told.status is Status.UNKNOWN
    assert f"limit in {tmp_path}: set one" in told.message


def test_the_largest_number_of_version_1_is_no_limit(tmp_path: Path) -> None:
    write(
        tmp_path / "memory",
        memory__limit_in_bytes="9223372036854771712",
        memory__usage_in_bytes="1000",
    )
    write(tmp_path / "cpu", cpu__cfs_quota_us="-1", cpu__stat="nr_periods 1\nnr_throttled 1")
    for subject in (container.Memory(tmp_path), container.Cpu(tmp_path)):
        told = subject()
        assert isinstance(told, CheckResult)
        assert told.status is Status.UNKNOWN


def test_a_limit_above_the_own_group_binds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.write_text("3:cpu,cpuacct:/elsewhere\n0::/shop.slice/web.service\n")
    monkeypatch.setattr(container, "_OWN", own)
    root = second(tmp_path / "groups")
    write(root / "shop.slice", memory__max="1000", memory__current="930")
    write(root / "shop.slice" / "web.service", memory__max="1000", memory__current="100")
    assert state(container.Memory(root)) == (93.0, "critical")
    write(root / "shop.slice" / "web.service", memory__current="990")
    assert state(container.Memory(root)) == (99.0, "critical")


@pytest.mark.parametrize("path", ["/../../other", "/not/here"])
def test_a_path_of_the_host_is_the_root_inside_a_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    own = tmp_path / "own"
    own.write_text(f"4:memory:{path}\n")
    monkeypatch.setattr(container, "_OWN", own)
    write(tmp_path / "memory", memory__limit_in_bytes="1000", memory__usage_in_bytes="500")
    assert state(container.Memory(tmp_path)) == (50.0, "ok")


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_real_groups_of_this_process_are_judged_or_said_to_have_no_limit(subject: Any) -> None:
    told = subject()()
    if isinstance(told, CheckResult):
        assert told.status is Status.UNKNOWN
    else:
        assert 0 <= told.value <= 100
