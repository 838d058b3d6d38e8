"""A command as a job: what is kept of it. `tests/cli/test_run.py` runs it as a process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from obskit.declared import Declarations
from obskit.operations.command_run import run_command
from obskit.operations.job import job
from obskit.operations.surroundings import Surroundings
from obskit.state.memory import MemoryStore
from obskit.state.store import JobRun


@pytest.fixture
def kept(install: Callable[..., Surroundings], store: MemoryStore) -> MemoryStore:
    install(store=store)
    return store


def run(store: MemoryStore, registry: Declarations, *command: str) -> tuple[int, JobRun]:
    code = run_command(job("dump", registry=registry), command, [])
    (found,) = store.job_runs("dump")
    return code, found


def test_a_good_end_keeps_the_last_lines_too(
    kept: MemoryStore, registry: Declarations, capfd: pytest.CaptureFixture[str]
) -> None:
    code, found = run(kept, registry, sys.executable, "-c", "print('one'); print('two')")
    assert (code, found.outcome, found.evidence) == (0, "ok", ("one", "two"))
    assert capfd.readouterr().out == "one\ntwo\n"


def test_an_exit_code_is_a_failure(kept: MemoryStore, registry: Declarations) -> None:
    code, found = run(kept, registry, sys.executable, "-c", "raise SystemExit(3)")
    assert (code, found.outcome, found.message) == (3, "failed", "exit code 3")


def test_a_signal_is_a_failure(kept: MemoryStore, registry: Declarations) -> None:
    code, found = run(kept, registry, sys.executable, "-c", "import os; os.kill(os.getpid(), 6)")
    assert (code, found.outcome, found.message) == (134, "failed", "ended by SIGABRT")


def test_a_command_that_is_not_there_is_a_failure(
    kept: MemoryStore, registry: Declarations, capfd: pytest.CaptureFixture[str]
) -> None:
    code, found = run(kept, registry, "no-such-command")
    assert (code, found.outcome, found.message) == (127, "failed", "no-such-command: not found")
    assert "obskit run: no-such-command: not found\n" in capfd.readouterr().err
