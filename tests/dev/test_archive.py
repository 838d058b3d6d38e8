"""The newest stories are kept, found, and fall out."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from obskit.dev.archive import Archive
from obskit.dev.search import Wanted
from obskit.stories.signals import Point, Raised, Refused, Signal

from . import given
from .given import TRACE


@pytest.fixture
def archive() -> Iterator[Archive]:
    kept = Archive()
    yield kept
    kept.close()


def trace(number: int) -> str:
    return f"{number:032x}"


def titles(archive: Archive, **limits: int) -> list[str]:
    return [entry.title for _, entry in archive.find(Wanted(), **limits)]


def requests(*paths: str) -> list[Signal]:
    return [
        given.server(
            trace_id=trace(number), attributes={"http.request.method": "GET", "url.path": path}
        )
        for number, path in enumerate(paths, 1)
    ]


def test_a_story_is_kept_whole_whatever_the_order_of_its_parts(archive: Archive) -> None:
    error = given.event(Raised("KeyError", "'x'"))
    late, early = given.line("late", time=3.0), given.line("early", time=1.0)
    archive.take([late, given.query("a1")])
    archive.take([error, early])
    archive.take([given.server()])
    story = archive.story(1)
    assert story is not None
    assert story.trace_id == TRACE
    assert story.spans == (given.query("a1"), given.server())
    assert story.lines == (early, late)
    assert story.reported == (error,)
    assert archive.find(Wanted())[0][1].title == "GET /products/3"


def test_what_is_sent_again_is_kept_once(archive: Archive) -> None:
    for _ in range(2):
        archive.take([given.server(), given.event(Raised("KeyError", ""))])
    story = archive.story(1)
    assert story is not None
    assert (len(story.spans), len(story.reported), story.cut) == (1, 1, 0)


def test_of_10_001_stories_the_oldest_falls_out_and_is_counted(archive: Archive) -> None:
    archive.take([given.line(trace_id=trace(number)) for number in range(10_001)])
    assert archive.size()[0] == 10_000
    assert archive.counts["stories fallen out"] == 1
    assert archive.story(1) is None
    assert archive.find(Wanted(id=trace(0))) == []
    assert [number for number, _ in archive.find(Wanted(id=trace(1)))] == [2]
    assert archive.find(Wanted(), most=1)[0][0] == 10_001


def test_a_story_that_fell_out_leaves_no_signal() -> None:
    archive = Archive(most=1)
    archive.take([given.server(trace_id=trace(1)), given.server(trace_id=trace(2))])
    archive.take([given.line("late", trace_id=trace(1))])
    assert archive.counts["stories fallen out"] == 2
    (number, _), *rest = archive.find(Wanted())
    story = archive.story(number)
    assert story is not None
    assert (story.spans, len(story.lines), rest) == ((), 1, [])
    archive.close()


def test_the_bytes_of_all_stories_are_bounded() -> None:
    archive = Archive(most_bytes=100_000)
    archive.take([given.line("x" * 20_000, trace_id=trace(number)) for number in range(10)])
    stories, size = archive.size()
    assert stories == 4
    assert 80_000 < size <= 100_000
    assert archive.counts["stories fallen out"] == 6
    archive.close()


@pytest.mark.parametrize(
    ("signals", "kept", "cut"),
    [
        ([given.child(f"{n:016x}") for n in range(503)], 500, 3),
        ([given.line() for _ in range(502)], 500, 2),
        ([given.event(event_id=f"e{n}") for n in range(21)], 20, 1),
        ([given.line("x" * 1_000_000) for _ in range(6)], 4, 2),
    ],
)
def test_what_a_story_holds_is_bounded_and_the_rest_counted(
    archive: Archive, signals: list[Signal], kept: int, cut: int
) -> None:
    archive.take(signals)
    story = archive.story(1)
    assert story is not None
    assert len(story.spans) + len(story.lines) + len(story.reported) == kept
    assert story.cut == cut


def test_the_newest_come_first_and_page_by_page(archive: Archive) -> None:
    archive.take(requests("/a", "/b", "/c", "/d"))
    assert titles(archive, most=2) == ["GET /d", "GET /c"]
    assert titles(archive, most=2, before=3) == ["GET /b", "GET /a"]
    assert titles(archive, most=2, before=1) == []
    assert titles(archive, most=1, before=10**15) == ["GET /d"]


def test_stories_are_found_far_back(archive: Archive) -> None:
    archive.take([given.line("needle", trace_id=trace(1))])
    archive.take([given.line(trace_id=trace(number)) for number in range(2, 1300)])
    assert [number for number, _ in archive.find(Wanted(text="needle"))] == [1]
    everything = [number for number, _ in archive.find(Wanted(), most=2000)]
    assert everything == list(range(1299, 0, -1))


def test_an_empty_archive_finds_nothing(archive: Archive) -> None:
    assert archive.find(Wanted()) == []
    assert archive.size() == (0, 0)


def test_changes_are_told_since_the_one_that_is_known(archive: Archive) -> None:
    archive.take(requests("/a", "/b"))
    known = archive.change
    archive.take([given.line(trace_id=trace(1))])
    assert known == 2
    assert [(change, number) for change, number, _ in archive.changes(Wanted(), known)] == [(3, 1)]
    assert archive.changes(Wanted(route="/b"), known) == []


def test_who_waits_is_told_of_a_change_and_of_the_end(archive: Archive) -> None:
    heard: list[bool] = []

    def listen() -> None:
        heard.append(archive.wait(0, 60))
        heard.append(archive.wait(1, 60))

    listener = threading.Thread(target=listen)
    listener.start()
    archive.take([given.line()])
    while not heard:
        listener.join(0.01)
    archive.close()
    listener.join(60)
    assert heard == [True, False]


def test_after_the_end_nothing_is_taken_and_readers_are_told(archive: Archive) -> None:
    archive.close()
    archive.take([given.line()])
    assert archive.counts == {}
    with pytest.raises(ConnectionAbortedError, match="obskit dev has ended"):
        archive.find(Wanted())


def test_the_newest_result_of_each_check_is_kept(archive: Archive) -> None:
    billing = replace(given.check_line("ok"), service="billing")
    critical = given.check_line("critical", message="no answer")
    archive.take([given.check_line("ok"), billing, critical])
    assert archive.results() == [billing, critical]
    assert archive.find(Wanted(checks=True)) == []
    assert archive.loose() == []


def test_a_result_that_has_a_trace_is_a_line_of_its_story_too(archive: Archive) -> None:
    result = replace(given.check_line("ok"), trace_id=TRACE)
    archive.take([result])
    story = archive.story(1)
    assert story is not None
    assert (story.lines, archive.results()) == ((result,), [result])


def test_the_checks_are_bounded_and_the_rest_counted(archive: Archive) -> None:
    archive.take([given.check_line("ok", f"c{number}") for number in range(1002)])
    archive.take([given.check_line("critical", "c0"), given.check_line("ok", "x" * 70_000)])
    states = [line.attributes["obskit.check.state"] for line in archive.results()]
    assert (len(states), states.count("critical")) == (1000, 1)
    assert archive.counts["check results not kept"] == 3


def test_what_belongs_to_no_story_is_kept_the_newest_first(archive: Archive) -> None:
    refused, line = Refused("/v1/logs", 400, "empty"), given.line(trace_id="")
    archive.take([refused, line, Point("n", "", (), 1.0)])
    assert archive.loose() == [line, refused]
    assert archive.find(Wanted()) == []


def test_what_belongs_to_no_story_is_bounded_and_the_rest_counted(archive: Archive) -> None:
    archive.take([given.line(f"line {n}", trace_id="") for n in range(1003)])
    archive.take([given.line("x" * 70_000, trace_id="")])
    loose = archive.loose()
    assert (len(loose), loose[-1]) == (1000, given.line("line 3", trace_id=""))
    assert archive.counts["signals without a story fallen out"] == 3
    assert archive.counts["signals too large to keep"] == 1


def test_half_a_character_is_no_reason_to_lose_a_story(archive: Archive) -> None:
    odd = given.event(trace_id="\ud800", event_id="\udfff", message="hi")
    archive.take([odd, odd])
    story = archive.story(1)
    assert story is not None
    assert [error.message for error in story.reported] == ["hi"]


def test_what_a_full_disk_does_not_take_is_counted() -> None:
    archive = Archive()
    archive._database.execute("PRAGMA max_page_count = 30")
    archive.take([given.line("kept")])
    archive.take([given.line("x" * 500_000), given.server()])
    assert archive.counts["signals not kept"] == 2
    story = archive.story(1)
    assert story is not None
    assert [line.body for line in story.lines] == ["kept"]
    archive.close()


def test_where_the_disk_is_full_the_newest_stories_take_the_place_of_the_oldest() -> None:
    archive = Archive()
    archive._database.execute("PRAGMA max_page_count = 300")
    for number in range(400):
        archive.take([given.line("x" * 5_000, trace_id=trace(number))])
    # The one that found the disk full is lost, the next is kept.
    archive.take([given.line("newest", trace_id=trace(400))])
    assert archive.counts["signals not kept"] >= 1
    newest = [entry.trace_id for _, entry in archive.find(Wanted(text="newest"))]
    assert newest == [trace(400)]
    fallen, lost = archive.counts["stories fallen out"], archive.counts["signals not kept"]
    assert archive.size()[0] == 401 - fallen - lost
    archive.close()


FULL = """
import sys
from obskit.dev.archive import Archive
from obskit.dev.search import Wanted
from tests.dev import given
archive = Archive()
for number in range(1000):
    archive.take([given.line(f"{number:04}" + "x" * 5_000, trace_id=f"{number:032x}")])
found = archive.find(Wanted(text="x"), most=1000)
print(len(found) > 50, archive.counts["signals not kept"] > 0, int(found[0][1].trace_id, 16) > 980)
print(archive.story(found[-1][0]) is not None)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount")
def test_what_is_kept_can_be_read_where_the_disk_is_full(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        told = subprocess.run(
            [sys.executable, "-c", FULL],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert (told.stdout, told.stderr) == ("True True True\nTrue\n", "")


def test_that_there_is_no_room_at_all_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(
        OSError, match=r"none: .*: make room there, or set TMPDIR to another folder"
    ):
        Archive()


FILL = """
import os, resource, sys
from obskit.dev.archive import Archive
from tests.dev import given
archive = Archive()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for number in range(2000):
    archive.take([given.line("x" * 50_000, trace_id=f"{number:032x}")])
print(archive.size()[1], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_stories_are_in_a_file_without_a_name_rather_than_in_memory() -> None:
    root = Path(__file__).parents[2]
    filling = subprocess.Popen(
        [sys.executable, "-c", FILL],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert filling.stdout is not None
    kept, grown = map(int, filling.stdout.readline().split())
    directory = Path(f"/proc/{filling.pid}/fd")
    files = [str(entry.readlink()) for entry in directory.iterdir()]
    named = [name for name in files if "/obskit-dev-" in name]
    filling.kill()
    filling.communicate()
    assert kept > 100_000_000
    assert grown < 30_000, "kB"
    assert [name.endswith("/stories (deleted)") for name in named] == [True]
