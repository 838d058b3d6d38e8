"""Looks as lines of text."""

from __future__ import annotations

import click
from tests.overview.given import NOW, run

from obskit.cli.top.printed import lines
from obskit.cli.top.view import Look
from obskit.overview.model import CheckView, Overview

CHECKS = [
    CheckView("unpaid-orders", "warning", run(status="warning", message="12 wait")),
    CheckView("database", "unknown"),
    CheckView("disk", "ok", run()),
    CheckView("slow", "skipped", run("slow", "skipped", message="database is down")),
]


def test_services_stand_one_below_the_other_with_their_sections() -> None:
    looks = [
        Look("shop", Overview("shop", "", NOW, "degraded", CHECKS)),
        Look("https://cron.test/health", trouble="name failed: no such host"),
    ]
    assert [click.unstyle(line) for line in lines(looks)] == [
        "NO ANSWER  https://cron.test/health  name failed: no such host",
        "",
        "DEGRADED  shop  checks: 1 warning, 1 unknown, 1 ok, 1 skipped  22:13:20Z",
        "",
        "Failing",
        "WARNING  unpaid-orders  12 wait; for 1m; ran 59s ago",
        "UNKNOWN  database       it has not run yet",
        "",
        "Checks",
        "OK       disk  ran 59s ago",
        "SKIPPED  slow  database is down; ran 59s ago",
    ]


def test_a_state_is_told_in_its_colour_too() -> None:
    (line,) = lines([Look("shop", trouble="gone")])
    assert line == "\x1b[31mNO ANSWER\x1b[0m  shop  gone"


def test_titles_stand_out_and_what_could_not_be_read_stands_at_the_begin_of_a_line() -> None:
    overview = Overview("shop", "", NOW, "healthy", CHECKS[2:3], problems=["the store is gone"])
    assert list(lines([Look("shop", overview)]))[1:4] == [
        "the store is gone",
        "",
        "\x1b[1mChecks\x1b[0m",
    ]
