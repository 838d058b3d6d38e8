"""What a command notes of its own run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from obskit.capture import Capture
from obskit.declared import Declarations
from obskit.operations.job import job
from obskit.operations.notebook import Notebook
from obskit.operations.surroundings import Surroundings
from obskit.state.memory import MemoryStore
from obskit.state.store import Count, JobRun

Noted = Callable[..., JobRun]


@pytest.fixture
def noted(
    install: Callable[..., Surroundings], store: MemoryStore, registry: Declarations
) -> Noted:
    """Gives the run in which a command has noted these lines."""
    install(store=store).leave_counts()

    def run(*pieces: str) -> JobRun:
        with job("sync", registry=registry).run() as run:
            notes = Notebook("sync", run)
            for piece in pieces:
                with notes.path.open("a") as file:
                    file.write(piece)
                notes.read()
            notes.close()
        return store.job_runs("sync")[0]

    return run


def test_how_far_it_is(noted: Noted) -> None:
    run = noted("progress 1 4\n", "progress 3\n")
    assert (run.done, run.total) == (3.0, 4.0)


def test_what_it_counts_adds_up(noted: Noted) -> None:
    assert noted("count rows=10 skipped=1\ncount rows=5\n").counts == {"rows": 15.0, "skipped": 1.0}


def test_that_there_was_nothing_to_do(noted: Noted) -> None:
    run = noted("nothing-to-do no new orders\n")
    assert (run.outcome, run.message) == ("nothing_to_do", "no new orders")


def test_that_it_has_failed(noted: Noted) -> None:
    run = noted("fail two orders have no customer\n")
    assert (run.outcome, run.message) == ("failed", "two orders have no customer")


def test_that_a_provider_refused_it(noted: Noted, store: MemoryStore) -> None:
    noted("refused 429 api.example\n")
    (rejection,) = (one for one in store.take_counts() if one.metric.endswith("rejections"))
    assert rejection == Count(
        "obskit.http.client.rejections",
        {"server.address": "api.example", "http.response.status_code": 429},
        1,
    )


def test_a_note_may_come_in_pieces_and_without_an_end(noted: Noted) -> None:
    run = noted("prog", "ress 2 4\ncount rows", "=3")
    assert (run.done, run.counts) == (2.0, {"rows": 3.0})


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "progress",
        "progress one",
        "progress 1 2 3",
        "count rows",
        "count rows=many",
        "refused 500 api.example",
        "refused 401",
        "\x00",
    ],
)
def test_what_means_nothing_is_told_once_and_counted(
    noted: Noted, obskit_capture: Capture, line: str
) -> None:
    run = noted(f"{line}\n", f"{line}\n", "progress 1 2\n")
    assert (run.outcome, run.done) == ("ok", 1.0)
    told = [str(each["event"]) for each in obskit_capture.lines if "means nothing" in str(each)]
    assert len(told) == 1
    assert told[0].startswith("sync noted ")
    assert told[0].endswith("into $OBSKIT_NOTES; others like it are only counted")


def test_its_file_is_gone_when_the_run_has_ended(registry: Declarations) -> None:
    with job("sync", registry=registry).run() as run:
        notes = Notebook("sync", run)
        assert notes.path.is_file()
        notes.close()
    assert not notes.path.parent.exists()


@contextmanager
def no_room(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr("tempfile.tempdir", "/nowhere")
        yield


def test_where_no_file_can_be_made_notes_go_nowhere(
    registry: Declarations, monkeypatch: pytest.MonkeyPatch
) -> None:
    with no_room(monkeypatch), job("sync", registry=registry).run() as run:
        notes = Notebook("sync", run)
        notes.path.write_text("progress 1 2")
        notes.close()
    assert notes.path == Path("/dev/null")
