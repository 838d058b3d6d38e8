"""A command as a job: what is kept of it. `tests/cli/test_run.py` runs it as a process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from obskit.capture import Capture
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


def run(
    store: MemoryStore, registry: Declarations, *command: str, log_output: bool = False
) -> tuple[int, JobRun]:
    code = run_command(job("dump", registry=registry), command, [], log_output=log_output)
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


def test_what_the_command_notes_is_kept_of_its_run(
    kept: MemoryStore, registry: Declarations
) -> None:
    script = (
        'echo progress 3 10 >> "$OBSKIT_NOTES"; echo fail no customers >> "$OBSKIT_NOTES"; exit 4'
    )
    code, found = run(kept, registry, "sh", "-c", script)
    assert (code, found.done, found.total) == (4, 3.0, 10.0)
    assert (found.outcome, found.message) == ("failed", "exit code 4: no customers")


def test_a_command_may_say_that_it_has_failed_and_end_well(
    kept: MemoryStore, registry: Declarations
) -> None:
    code, found = run(kept, registry, "sh", "-c", 'echo fail half of it >> "$OBSKIT_NOTES"')
    assert (code, found.outcome, found.message) == (0, "failed", "half of it")


def test_its_lines_are_logged_with_its_run_where_that_is_asked_for(
    kept: MemoryStore, registry: Declarations, obskit_capture: Capture
) -> None:
    script = "echo one; echo; echo two >&2; printf 'password=hunter2 three'"
    _, found = run(kept, registry, "sh", "-c", script, log_output=True)
    lines = [each for each in obskit_capture.lines if each["logger"] == "obskit.job.output"]
    assert sorted((str(each["event"]), each["log.iostream"]) for each in lines) == [
        ("one", "stdout"),
        ("password=[redacted] three", "stdout"),
        ("two", "stderr"),
    ]
    assert {each["obskit.job.name"] for each in lines} == {"dump"}
    assert {each["obskit.job.run.id"] for each in lines} == {found.run_id}
    assert {each["trace_id"] for each in lines} == {found.trace_id}


def test_its_lines_are_not_logged_unless_that_is_asked_for(
    kept: MemoryStore, registry: Declarations, obskit_capture: Capture
) -> None:
    run(kept, registry, "echo", "one")
    assert "obskit.job.output" not in {each["logger"] for each in obskit_capture.lines}
