"""Looks on a whole terminal, as Textual draws it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("textual", reason="Textual is not installed")

from rich.text import Text
from tests.overview.given import NOW, run
from textual.pilot import Pilot

from obskit.cli.top.screen import Screen
from obskit.cli.top.view import Look
from obskit.operations import lateness
from obskit.overview.model import CheckView, JobView, Overview
from obskit.state.store import JobRun

LONG = "the database went away while it answered, and nobody has seen it since then, said the pool"
CHECKS = [
    CheckView("gone", "critical", run("gone", "critical", message=LONG), owner="data"),
    CheckView("slow", "warning", run("slow", "warning", message="it took 3 s")),
    *(CheckView(f"fine-{n}", "ok", run()) for n in range(40)),
]
SYNC = JobRun("a", "sync", NOW - 30, done=15, total=20, beat=NOW)
LATE = JobRun("b", "import", NOW - 90, "failed", finished=NOW - 60, message="no file")
JOBS = [JobView(each.job, lateness.judge([each], NOW), [each]) for each in (LATE, SYNC)]
LOOK = Look("shop", Overview("shop", "test", NOW, "unhealthy", CHECKS, JOBS))
Steps = Callable[[Pilot[None]], Coroutine[Any, Any, None]]


def text(app: Screen) -> str:
    """What the terminal shows."""
    rows = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.text.rstrip() for strip in rows)


def shows(steps: Steps, *looks: Look | None, size: tuple[int, int] = (80, 24)) -> str:
    """What the terminal shows after these steps."""

    async def drive() -> str:
        app = Screen(lambda: looks or [LOOK])
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await steps(pilot)
            await pilot.pause()
            return text(app)

    return asyncio.run(drive())


async def nothing(_: Pilot[None]) -> None: ...


def press(*keys: str) -> Steps:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press(*keys)

    return steps


def test_a_usual_terminal_shows_all_that_fails_and_what_runs() -> None:
    lines = shows(nothing).splitlines()
    assert len(lines) == 24
    assert lines[:10] == [
        "UNHEALTHY  shop test  checks: 1 critical, 1 warning, 40 ok  jobs: 1 failed, 1",
        "running  22:13:20Z",
        "Failing",
        "CRITICAL gone   the database went away while it answered, and nobody has seen it",
        "                since then, said the pool; for 1m; ran 59s ago; owner data",
        "WARNING  slow   it took 3 s; for 1m; ran 59s ago",
        "failed   import failed: no file, 1m ago",
        "Jobs",
        "running sync ███████████████░░░░░ 75%, 15 of 20, 0.5/s, 10s left, for 30s",
        "Checks",
    ]
    assert lines[23] == "[1 all] 2 checks 3 jobs 4 usage 5 processes  ↓ 27  q quit / filter p pause"


def test_a_larger_terminal_shows_more() -> None:
    lines = shows(nothing, size=(120, 40)).splitlines()
    assert lines[2].endswith("then, said the pool; for 1m; ran")
    assert lines[-1].endswith("  ↓ 10  q quit / filter p pause")


def test_a_terminal_that_is_resized_is_drawn_anew() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(120, 40)

    assert shows(steps) == shows(nothing, size=(120, 40))


def test_without_colour_the_same_words_stand_there(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = shows(nothing)
    monkeypatch.setenv("NO_COLOR", "1")
    seen: list[object] = []

    async def steps(pilot: Pilot[None]) -> None:
        rows = pilot.app.screen._compositor.render_strips(pilot.app.size)
        for strip in rows:
            plain = strip.apply_filter(pilot.app._filters[-1], pilot.app.background_colors[1])
            styles = [segment.style for segment in plain if segment.style is not None]
            seen.extend(each for style in styles for each in (style.color, style.bgcolor) if each)

    assert shows(steps) == coloured
    assert {str(colour) for colour in seen} <= {"Color('default', ColorType.DEFAULT)"}


@pytest.mark.parametrize(
    ("keys", "title"),
    [(("2",), "Checks"), (("3",), "Jobs"), (("tab",), "Checks"), (("tab", "tab"), "Jobs")],
)
def test_a_key_shows_another_pane(keys: tuple[str, ...], title: str) -> None:
    assert shows(press(*keys)).splitlines()[2] == title


def test_another_pane_is_shown_from_its_beginning() -> None:
    assert shows(press("end", "2")) == shows(press("2"))


def test_a_pane_without_anything_says_how_there_would_be() -> None:
    for key in "45":
        assert "OBSKIT_CONSOLE=true" in shows(press(key))
    assert shows(press("shift+tab")) == shows(press("5"))


def test_a_filter_shows_what_holds_it_until_it_is_left() -> None:
    typed = press("slash", *"SYNC", "enter")
    assert shows(typed).splitlines()[2:4] == [
        "Jobs",
        "running sync ███████████████░░░░░ 75%, 15 of 20, 0.5/s, 10s left, for 30s",
    ]
    assert "only 'SYNC'" in shows(typed)
    assert shows(press("slash", *"SYNC", "escape")) == shows(nothing)


def test_a_letter_in_a_filter_is_no_key() -> None:
    assert "no row holds 'qp3'" in shows(press("slash", *"qp3"))


def test_what_is_below_can_be_scrolled_to() -> None:
    assert shows(press("end")).splitlines()[-2:] == [
        "OK fine-39 ran 59s ago",
        "[1 all] 2 checks 3 jobs 4 usage 5 processes  q quit / filter p pause",
    ]
    assert "↓ 26" in shows(press("j"))
    assert shows(press("j", "k")) == shows(nothing)


def test_what_is_found_later_is_shown_unless_it_is_paused() -> None:
    looks = [LOOK]
    well = replace(LOOK, overview=Overview("shop", "test", NOW, "healthy"))

    async def drive() -> None:
        app = Screen(lambda: list(looks))
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("p")
            await pilot.pause()
            looks[0] = well
            app._glance()
            await pilot.pause()
            assert "UNHEALTHY" in text(app)
            assert "PAUSED" in text(app)
            await pilot.press("p")
            await pilot.pause()
            assert text(app).startswith("HEALTHY  shop test")

    asyncio.run(drive())


def test_several_services_stand_one_below_the_other() -> None:
    dead = Look("https://cron.test/health", trouble="tcp failed: Connection refused")
    lines = shows(nothing, LOOK, dead, None).splitlines()
    assert lines[0] == "3 services: 1 no answer, 1 unhealthy, 1 asked for the first time"
    assert lines[1:4] == [
        "NO ANSWER  https://cron.test/health  tcp failed: Connection refused",
        "UNHEALTHY  shop test  checks: 1 critical, 1 warning, 40 ok  jobs: 1 failed, 1",
        "running  22:13:20Z",
    ]


def test_of_several_services_none_stands_alone_before_the_others_answer() -> None:
    lines = shows(nothing, LOOK, None).splitlines()
    assert lines[0] == "2 services: 1 unhealthy, 1 asked for the first time"
    assert lines[1].startswith("UNHEALTHY  shop test  checks: ")


def test_what_services_say_is_no_markup() -> None:
    check = CheckView(
        "[bold]x[/]", "critical", run(status="critical", message="[@click=app.quit]a[/]")
    )
    shown = shows(nothing, Look("shop", Overview("shop", "", NOW, "unhealthy", [check])))
    assert "CRITICAL [bold]x[/] [@click=app.quit]a[/]; for 1m" in shown


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_a_key_ends_it(key: str) -> None:
    async def drive() -> int | None:
        app = Screen(lambda: [LOOK])
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press(key)
        return app.return_code

    assert asyncio.run(drive()) == 0


def test_names_take_the_room_that_a_terminal_has_after_it_has_grown() -> None:
    name = "customers-completeness"
    look = Look("shop", Overview("shop", "test", NOW, "healthy", [CheckView(name, "ok", run())]))

    async def grow(pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(120, 24)

    assert f"OK {name} " in shows(grow, look, size=(40, 24))


def test_names_that_are_wide_stand_in_their_column() -> None:
    checks = [CheckView(name, "ok", run()) for name in ("检查检", "rows")]
    lines = shows(nothing, Look("shop", Overview("shop", "", NOW, "healthy", checks))).splitlines()
    assert lines[2:4] == ["OK 检查检 ran 59s ago", "OK rows   ran 59s ago"]


def test_a_word_that_is_longer_than_its_column_is_shown_whole() -> None:
    check = CheckView("rows", "critical", run(status="critical", message="x" * 150))
    told = shows(nothing, Look("shop", Overview("shop", "", NOW, "unhealthy", [check])))
    assert told.count("x") == 150


def test_of_many_rows_no_more_are_drawn_than_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [CheckView(f"check-{number}", "ok", run()) for number in range(2_000)]
    drawn: set[str] = set()

    def counted(self: Text, *given: Any, **options: Any) -> Any:
        drawn.add(self.plain)
        return render(self, *given, **options)

    render = Text.render
    monkeypatch.setattr(Text, "render", counted)
    told = shows(nothing, Look("shop", Overview("shop", "test", NOW, "healthy", many)))
    assert "OK check-0    ran 59s ago" in told
    assert len(drawn) < 100
