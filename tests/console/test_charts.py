"""Charts: what is drawn where, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from tests.console.given import NOW, crm, job, overview, rows, run

from obskit.console import charts, pictures
from obskit.declaration import Limit


def drawn(svg: str) -> tuple[str, list[dict[str, str]]]:
    """The title of a picture, and the attributes of its shapes."""
    root = ET.fromstring(svg)
    title, *shapes = list(root)
    assert (root.get("role"), title.tag) == ("img", "title")
    return title.text or "", [shape.attrib for shape in shapes]


def test_values_are_a_line_with_the_limits_that_are_near() -> None:
    limits = [Limit("warning", "upper", 10.0), Limit("critical", "upper", 1e9)]
    title, shapes = drawn(charts.sparkline([0.0, 10.0, 5.0], limits, "rows"))
    assert title == "rows"
    assert shapes == [
        {"class": "limit limit-warning", "d": "M0 1H120"},
        {"class": "line", "points": "0,23 60,1 120,12"},
        {"class": "last", "d": "M120 12h0"},
    ]


def test_a_limit_is_near_within_twice_the_range_of_the_values() -> None:
    limits = [
        Limit("warning", "upper", 30.0),
        Limit("critical", "upper", 30.5),
        Limit("warning", "lower", -20.0),
        Limit("critical", "lower", -20.5),
    ]
    assert drawn(charts.sparkline([0.0, 10.0], limits, "rows"))[1] == [
        {"class": "limit limit-warning", "d": "M0 1H120"},
        {"class": "limit limit-warning", "d": "M0 23H120"},
        {"class": "line", "points": "0,14.2 120,9.8"},
        {"class": "last", "d": "M120 9.8h0"},
    ]


def test_of_values_that_never_change_a_limit_is_near_within_as_much_as_they_are() -> None:
    limits = [Limit("warning", "upper", 10.0), Limit("critical", "upper", 10.5)]
    _, shapes = drawn(charts.sparkline([5.0, 5.0], limits, "rows"))
    assert [shape["class"] for shape in shapes] == ["limit limit-warning", "line", "last"]


def test_one_value_is_a_point_at_the_begin() -> None:
    assert drawn(charts.sparkline([7.0], (), "rows"))[1] == [
        {"class": "line", "points": "0,12"},
        {"class": "last", "d": "M0 12h0"},
    ]


def test_values_that_never_change_are_a_line_in_the_middle() -> None:
    _, shapes = drawn(charts.sparkline([0.0, 0.0], (), "rows"))
    assert shapes[0] == {"class": "line", "points": "0,12 120,12"}


def test_of_many_values_the_unusual_are_seen() -> None:
    values = [1.0] * 1_000
    values[777] = 99.0
    thin = charts.thinned(values, 40)
    assert (len(thin), max(thin), thin.count(1.0)) == (40, 99.0, 39)
    _, shapes = drawn(charts.sparkline(values, (), "rows"))
    assert len(shapes[0]["points"].split()) == 40


def test_states_are_steps_the_worse_the_higher() -> None:
    moments = [(0.0, "ok"), (60.0, "warning"), (90.0, "critical")]
    _, shapes = drawn(charts.timeline(moments, 120.0, "rows"))
    assert shapes == [
        {"class": "s-ok", "d": "M0 24v-6h60v6z"},
        {"class": "s-warning", "d": "M60 24v-13h30v13z"},
        {"class": "s-critical", "d": "M90 24v-24h30v24z"},
    ]


@pytest.mark.parametrize("failed", [500, 505])
def test_a_failure_that_was_short_is_seen_among_many_runs(failed: int) -> None:
    moments = [(float(n), "critical" if n == failed else "ok") for n in range(1_000)]
    _, shapes = drawn(charts.timeline(moments, 1_000.0, "rows"))
    assert [shape["class"] for shape in shapes] == ["s-ok", "s-critical"]
    assert shapes[1]["d"] == "M60 24v-24h2.5v24z"


@pytest.mark.parametrize(
    ("better", "worse", "height"),
    [
        ("skipped", "ok", 6),
        ("ok", "warning", 13),
        ("warning", "unknown", 18),
        ("unknown", "critical", 24),
    ],
)
def test_of_states_within_a_moment_the_worst_is_seen(better: str, worse: str, height: int) -> None:
    moments = [(0.0, better), (0.1, worse), (0.2, better)]
    _, shapes = drawn(charts.timeline(moments, 100.0, "rows"))
    steps = {shape["class"]: shape["d"] for shape in shapes}
    assert steps[f"s-{worse}"] == f"M0 24v-{height}h2.5v{height}z"
    assert steps[f"s-{better}"].startswith("M2.5 24v-")


def test_a_state_that_has_just_begun_is_a_step() -> None:
    assert drawn(charts.timeline([(9.0, "ok")], 9.0, "rows"))[1] == [
        {"class": "s-ok", "d": "M0 24v-6h2.5v6z"}
    ]


def test_of_nothing_there_is_no_picture() -> None:
    assert charts.timeline([], 9.0, "rows") == ""
    assert charts.sparkline([], [Limit("warning", "upper", 1.0)], "rows") == ""


def test_a_state_that_nobody_knows_is_left_out() -> None:
    _, shapes = drawn(charts.timeline([(0.0, "<strange>")], 9.0, "rows"))
    assert shapes == []


def test_a_clock_shows_how_much_of_the_time_has_passed() -> None:
    title, shapes = drawn(charts.clock(0.25, 0.5, "ok", "crm"))
    assert title == "crm"
    assert shapes[1]["stroke-dasharray"] == "25 100"
    assert shapes[2] == {"class": "mark", "d": "M12 0v6", "transform": "rotate(180 12 12)"}


@pytest.mark.parametrize(("share", "told"), [(-1.0, "0 100"), (7.0, "100 100")])
def test_a_clock_never_shows_more_than_a_turn(share: float, told: str) -> None:
    assert drawn(charts.clock(share, None, "ok", "crm"))[1][1]["stroke-dasharray"] == told


def test_a_gauge_is_filled_to_the_share_with_a_mark_where_it_warns() -> None:
    _, shapes = drawn(charts.gauge(0.9, 0.8, "warning", "mails"))
    assert shapes[1:] == [
        {"class": "s-warning", "width": "108", "height": "12"},
        {"class": "mark", "d": "M96 0v12"},
    ]


@pytest.mark.parametrize(("share", "width"), [(-1.0, "0"), (7.0, "120")])
def test_a_gauge_never_shows_more_than_all(share: float, width: str) -> None:
    assert drawn(charts.gauge(share, None, "ok", "mails"))[1][1]["width"] == width


def test_a_span_that_is_well_has_no_mark() -> None:
    _, shapes = drawn(charts.bar(0.5, 0.25, 1.0, "SELECT", failed=False))
    assert shapes == [{"class": "s-span", "x": "60", "y": "2", "width": "30", "height": "8"}]


def test_a_story_that_took_no_time_has_a_span_that_is_seen() -> None:
    _, (shape,) = drawn(charts.bar(0.0, 0.0, 0.0, "SELECT", failed=False))
    assert (shape["x"], shape["width"]) == ("0", "0.5")


def test_a_span_stands_where_it_was_and_one_that_failed_has_a_mark() -> None:
    _, shapes = drawn(charts.bar(0.5, 0.25, 1.0, "SELECT", failed=True))
    assert shapes == [
        {"class": "s-critical", "x": "60", "y": "2", "width": "30", "height": "8"},
        {"class": "mark", "d": "M60 0v12"},
    ]


@pytest.mark.parametrize(("start", "took"), [(9.0, 9.0), (0.0, 0.0), (-1.0, 1.0)])
def test_a_span_is_never_out_of_the_picture(start: float, took: float) -> None:
    shape = drawn(charts.bar(start, took, 1.0, "x", failed=False))[1][0]
    assert 0 <= float(shape["x"]) < float(shape["x"]) + float(shape["width"]) <= 120


def test_what_a_picture_shows_is_said_in_words() -> None:
    assert drawn(pictures.values(rows()))[0] == (
        "rows: 0 row to 19 row, last 19 row;"
        " warning from 10 row upward, critical from 15 row upward"
    )
    assert drawn(pictures.states(rows(), NOW))[0] == "rows: from 20m ago: ok 75 %, critical 25 %"
    assert drawn(pictures.age(crm(), NOW))[0] == "warning since 1m, critical in 29m"
    (quota,) = overview().quotas
    assert drawn(pictures.used(quota))[0] == "mails: 90 of 100 used, 90 %"
    assert drawn(pictures.durations(job()))[0] == "import: took 1m40s to 16m40s, last 1m40s"


def test_of_what_has_not_run_there_is_no_picture() -> None:
    new = replace(rows(), history=(), latest=None)
    assert (pictures.values(new), pictures.states(new, NOW), pictures.age(new, NOW)) == ("", "", "")
    assert pictures.durations(replace(job(), durations=[7.0])) == ""


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_no_numbers_are_no_points(value: float) -> None:
    history = [run(value=1.0), run(value=value), run(value=2.0)]
    _, shapes = drawn(pictures.values(replace(rows(), history=history, limits=())))
    assert shapes[0]["points"] == "0,23 120,1"
