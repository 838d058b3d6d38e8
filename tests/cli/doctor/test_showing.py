"""How what was found stands in lines."""

from __future__ import annotations

import pytest

pytest.importorskip("click", reason="Click is not installed")

import click

from obskit.cli.doctor.examining import Section
from obskit.cli.doctor.patient import Finding
from obskit.cli.doctor.showing import lines

WELL = Finding("the span arrived")
SUM = Finding("all arrived", sums_up=True)
MILD = Finding("the line is late", "wait", mild=True)
WRONG = Finding("the point is lost", "look for it")


def shown(*findings: Finding, in_full: bool = False) -> list[str]:
    found = lines(Section("journey", list(findings)), lambda text: text, in_full=in_full)
    return [click.unstyle(line) for line in found]


def test_what_is_wrong_is_told_alone() -> None:
    assert shown(WELL, MILD, WRONG, SUM) == [
        "WARNING journey       the line is late: wait",
        "FAILED  journey       the point is lost: look for it",
    ]


def test_where_all_is_well_one_line_says_so() -> None:
    assert shown(WELL, WELL, SUM) == ["OK      journey       all arrived"]
    assert shown(WELL, Finding("another")) == ["OK      journey       the span arrived"]


def test_in_full_each_is_told_and_no_sum() -> None:
    assert shown(WELL, MILD, SUM, in_full=True) == [
        "OK      journey       the span arrived",
        "WARNING journey       the line is late: wait",
    ]


def test_only_what_is_well_is_cut_and_only_where_one_line_is_told_of_it() -> None:
    begin = "OK      journey       "
    assert shown(Finding("x" * 161)) == [f"{begin}{'x' * 159}…"]
    assert shown(Finding("x" * 160)) == [f"{begin}{'x' * 160}"]
    assert shown(Finding("x" * 161), in_full=True) == [f"{begin}{'x' * 161}"]
    assert shown(Finding("x" * 161, "y")) == [f"FAILED  journey       {'x' * 161}: y"]


def test_what_others_said_steers_no_terminal() -> None:
    assert shown(Finding("\x1b[2J\nboo", "\x07")) == ["FAILED  journey       \\x1b[2J\\nboo: \\x07"]
