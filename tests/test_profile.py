"""A sample of the stack around a block, and around a slow request."""

from __future__ import annotations

import asyncio
import sys
from time import thread_time
from typing import TYPE_CHECKING, Any

import pytest

import obskit
from obskit.capture import Capture, capturing
from obskit.exceptions import MissingExtra
from obskit.profile import profile

pytest.importorskip("pyinstrument", reason="the extra is not installed")

from obskit.telemetry import stacks

if TYPE_CHECKING:
    pass


def look_for_a_seat() -> None:
    """Long enough to be seen some times."""
    end = thread_time() + 0.2
    while thread_time() < end:
        sum(range(100))


def clean_the_hall() -> None:
    look_for_a_seat()


def told(capture: Capture) -> list[dict[str, Any]]:
    return [line for line in capture.lines if line["logger"] == "obskit.profile"]


def test_a_profile_shows_where_the_time_of_a_block_went(obskit_capture: Capture) -> None:
    with obskit.span("import"), profile("import"):
        look_for_a_seat()
    (line,) = told(obskit_capture)
    assert (line["event"], line["obskit.profile.name"]) == ("profile of import", "import")
    assert line["trace_id"] == f"{1:032x}"
    assert line["obskit.profile.duration"] >= 0.2
    assert line["obskit.profile.samples"] >= 2
    assert "look_for_a_seat  tests/test_profile.py:" in line["obskit.profile.tree"]
    assert "obskit.profile.left_out" not in line


def test_a_tree_is_of_frames_alone(obskit_capture: Capture) -> None:
    with profile("import"):
        look_for_a_seat()
    tree = told(obskit_capture)[0]["obskit.profile.tree"]
    assert "Profile at" not in tree
    assert "pyinstrument" not in tree
    assert not tree.startswith("\n")


def test_a_block_that_was_quick_is_forgotten(obskit_capture: Capture) -> None:
    with profile("import", slower_than="1h"):
        look_for_a_seat()
    assert told(obskit_capture) == []


def test_what_a_block_raises_goes_on_and_its_profile_is_kept(obskit_capture: Capture) -> None:
    with pytest.raises(KeyError, match="row"), profile("import"):
        look_for_a_seat()
        raise KeyError("row")
    assert len(told(obskit_capture)) == 1


def test_a_function_is_profiled_each_time(obskit_capture: Capture) -> None:
    @profile("import")
    def run(number: int) -> int:
        look_for_a_seat()
        return number

    assert [run(1), run(2)] == [1, 2]
    assert len(told(obskit_capture)) == 2


def test_a_block_of_a_coroutine_is_profiled_across_its_awaits(obskit_capture: Capture) -> None:
    async def run() -> None:
        with profile("import"):
            look_for_a_seat()
            await asyncio.sleep(0)
            look_for_a_seat()

    async def both() -> None:
        await asyncio.gather(run(), run())

    asyncio.run(both())
    assert len(told(obskit_capture)) == 2


def test_a_block_of_a_coroutine_shows_no_frames_of_other_tasks(obskit_capture: Capture) -> None:
    """Those that it begins itself are its own."""

    async def child() -> None:
        look_for_a_seat()
        await asyncio.sleep(0.2)

    async def mine() -> None:
        with profile("import"):
            await asyncio.gather(child(), child())

    async def others() -> None:
        await asyncio.sleep(0.05)
        clean_the_hall()

    async def both() -> None:
        await asyncio.gather(mine(), others(), others())

    asyncio.run(both())
    tree = told(obskit_capture)[0]["obskit.profile.tree"]
    assert "look_for_a_seat" in tree
    assert "clean_the_hall" not in tree


def test_a_task_that_is_sampled_already_runs_without_and_that_is_counted() -> None:
    obskit.init("shop", log_format="none")

    async def run() -> str:
        with profile("outer"), profile("inner"):
            return "done"

    with capturing() as capture:
        assert asyncio.run(run()) == "done"
    assert [line["event"] for line in told(capture)] == ["profile of outer"]
    assert obskit.status()["ledger"]["logs"]["dropped"] == {"profile_not_begun": 1}


def test_a_long_block_takes_no_more_memory_and_what_was_left_out_is_told(
    obskit_capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "_MOST_LOOKS", 3)
    with profile("import"):
        look_for_a_seat()
    (line,) = told(obskit_capture)
    assert line["obskit.profile.samples"] == 3
    assert line["obskit.profile.left_out"] > 0


def test_a_tree_that_is_too_large_is_cut(
    obskit_capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "_MOST_TEXT", 20)
    with profile("import"):
        look_for_a_seat()
    tree = told(obskit_capture)[0]["obskit.profile.tree"]
    assert len(tree) == 26
    assert tree.endswith("\n… cut")


def test_no_thread_is_watched_when_the_block_has_ended(obskit_capture: Capture) -> None:
    with profile("import"):
        look_for_a_seat()
    assert sys.getprofile() is None


def test_what_is_no_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"), profile("import", slower_than="soon"):
        pass
    assert sys.getprofile() is None


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "obskit.telemetry.stacks", raising=False)
    monkeypatch.delattr("obskit.telemetry.stacks", raising=False)
    monkeypatch.setitem(sys.modules, "pyinstrument", None)  # as Python marks what it may not import
    with pytest.raises(MissingExtra, match=r"pip install 'obskit-otel\[profile\]'"):
        with profile("import"):
            pass
    monkeypatch.setenv("OBSKIT_PROFILE_SLOW_REQUESTS", "1")
    with pytest.raises(MissingExtra, match=r"pip install 'obskit-otel\[profile\]'"):
        obskit.init("shop")
