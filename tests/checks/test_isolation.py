"""A run in a process of its own, whatever becomes of that."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.checks import isolated
from tests.checks.bench import Bench
from tests.checks.given import PATIENCE

from obskit import Status, above
from obskit.checks import isolation


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_it_runs_in_another_process_that_is_gone_afterwards() -> None:
    pid = isolation.call(isolated.process, PATIENCE)
    assert isinstance(pid, int)
    assert pid != os.getpid()
    assert pid not in children()


def test_an_async_subject_runs_to_its_end_there() -> None:
    assert isolation.call(isolated.waits_a_little, PATIENCE) == 7


def test_a_subject_that_never_returns_is_killed(tmp_path: Path) -> None:
    isolation.call(isolated.process, PATIENCE)  # Python's own helper process stays
    before = children()
    with pytest.raises(isolation.Killed):
        isolation.call(partial(isolated.never, tmp_path / "begun"), 2)
    assert children() == before


def test_what_the_subject_raises_is_raised_here() -> None:
    with pytest.raises(ConnectionRefusedError) as told:
        isolation.call(isolated.broken, PATIENCE)
    assert told.value.args == (111, "refused")


def test_an_exception_that_does_not_survive_the_way_is_told() -> None:
    with pytest.raises(isolation.ChildFailed, match=r"^Odd: row 7 is odd: no hours$"):
        isolation.call(isolated.odd, PATIENCE)


def test_a_process_that_dies_is_told_with_its_exit_code() -> None:
    with pytest.raises(isolation.ChildFailed, match=r"^its process died with exit code 7$"):
        isolation.call(isolated.gone, PATIENCE)


def test_a_subject_that_cannot_be_sent_there_is_told_and_leaves_no_process() -> None:
    isolation.call(isolated.process, PATIENCE)
    before = children()
    with pytest.raises(isolation.ChildFailed) as told:
        isolation.call(lambda: None, PATIENCE)
    assert str(told.value).startswith("it cannot run in a process of its own (")
    assert str(told.value).endswith("): make it a function of a module")
    assert children() == before


def test_what_cannot_be_sent_back_is_told() -> None:
    with pytest.raises(
        isolation.ChildFailed,
        match=r"^what it returned cannot be sent: TypeError: cannot pickle '_thread.lock' object$",
    ):
        isolation.call(isolated.lock, PATIENCE)


def test_twenty_runs_leave_as_many_descriptors_and_processes_as_one() -> None:
    isolation.call(isolated.process, PATIENCE)
    this = psutil.Process()
    gc.collect()  # what tests before have left
    before = this.num_fds(), children()
    for number in range(20):
        subject: Any = (isolated.process, isolated.gone, lambda: None, isolated.broken)[number % 4]
        try:
            isolation.call(subject, PATIENCE)
        except (isolation.ChildFailed, OSError):
            continue
    assert this.num_fds() <= before[0]
    assert children() == before[1]


def test_a_check_is_judged_by_what_its_process_sends_back(bench: Bench) -> None:
    options: dict[str, Any] = {"isolate": True, "timeout": PATIENCE}
    rows = bench.add("rows", isolated.measurement, judge=above(warning=5), **options)
    found = bench.runner.run(rows)
    assert (found.status, found.value, found.unit) == (Status.WARNING, 7.0, "{row}")
    assert (found.details, found.evidence) == ({"table": "orders"}, ("row 1",))
    said = bench.runner.run(bench.add("said", isolated.result, **options))
    assert (said.status, said.message, said.value) == (Status.WARNING, "few", 2.0)
    assert (said.details, said.evidence) == ({"a": {"b": 1}}, ("row 1",))


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        (isolated.broken, "ConnectionRefusedError: [Errno 111] refused"),
        (isolated.odd, "ChildFailed: Odd: row 7 is odd: no hours"),
        (isolated.gone, "ChildFailed: its process died with exit code 7"),
        (isolated.ended, "SystemExit: 3"),
    ],
)
def test_whatever_happens_there_is_the_result(bench: Bench, subject: Any, message: str) -> None:
    check = bench.add("rows", subject, isolate=True, timeout=PATIENCE)
    result = bench.runner.run(check)
    assert (result.status, result.message) == (Status.CRITICAL, message)


def test_what_means_that_it_could_not_be_judged_means_so_there_too(bench: Bench) -> None:
    check = bench.add("rows", isolated.broken, isolate=True, timeout=PATIENCE, unknown_on=OSError)
    assert bench.runner.run(check).status is Status.UNKNOWN


def test_a_run_that_is_killed_hangs_no_more(bench: Bench, tmp_path: Path) -> None:
    subject = partial(isolated.never, tmp_path / "begun")
    attempt = bench.runner.start(bench.add("stuck", subject, isolate=True, timeout="2s"))
    assert attempt.ended.wait(PATIENCE)
    assert attempt.result is not None
    assert (attempt.result.status, attempt.result.message) == (
        Status.CRITICAL,
        "no answer within 2s",
    )
    assert bench.runner._running == {}


def test_the_hosts_entry_is_not_opened_for_what_runs_elsewhere(bench: Bench) -> None:
    opened = []

    @contextmanager
    def entry() -> Iterator[None]:
        opened.append(1)
        yield

    bench.registry.entry = entry
    check = bench.add("rows", isolated.process, isolate=True, timeout=PATIENCE)
    assert bench.runner.run(check).status is Status.OK
    assert opened == []


SHOP = """
import threading, obskit
obskit.init("shop", endpoint="http://127.0.0.1:9", log_format="none")

def told():
    names = [each.name for each in threading.enumerate()]
    return {"status": obskit.status(), "threads": names}
"""
MAIN = """
import json, shop
from obskit.checks import isolation

if __name__ == "__main__":
    here, there = shop.told(), isolation.call(shop.told, 60)
    print(json.dumps([here["status"]["initialised"], there]))
"""


def test_a_module_that_calls_init_when_it_is_imported_sends_nothing_from_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "main.py").write_text(MAIN)
    done = subprocess.run(
        [sys.executable, "main.py"],
        cwd=tmp_path,
        env={**os.environ, "OBSKIT_SPOOL_DIR": str(tmp_path), "OBSKIT_SHUTDOWN_TIMEOUT": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    nothing = {"status": {"initialised": False}, "threads": ["MainThread"]}
    assert json.loads(done.stdout) == [True, nothing]
