"""What happened in the last hour against the hours before, as a table has them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from obskit import changed
from obskit.checks.library.unusual import Hours

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")

QUERY = "SELECT kind, hour, number FROM seen"
OFTEN, SELDOM = changed("28d", warning=3.0), changed("28d", warning_below=0.5)


class Seen:
    """A table of what was seen, and the address of its database."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.url = f"sqlite:///{file}"
        self._do("CREATE TABLE seen (kind, hour, number)")

    def _do(self, statement: str) -> None:
        with closing(sqlite3.connect(self._file)) as connection, connection:
            connection.execute(statement)

    def usual(self, kind: str, number: int) -> None:
        """Every hour of four weeks the same."""
        hours = "WITH RECURSIVE h(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM h WHERE n < 671)"
        self._do(f"INSERT INTO seen {hours} SELECT '{kind}', n, {number} FROM h")

    def now(self, kind: str, number: int, hour: int = 0) -> None:
        """Another number of one hour."""
        self._do(f"DELETE FROM seen WHERE kind = '{kind}' AND hour = {hour}")
        if number:
            self._do(f"INSERT INTO seen VALUES ('{kind}', {hour}, {number})")


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    return Seen(tmp_path / "seen.db")


def test_a_key_far_above_its_usual_is_told_with_both_numbers_until_it_is_usual_again(
    seen: Seen,
) -> None:
    seen.usual("login", 20)
    seen.usual("lesson", 90)
    hours = Hours(seen.url, QUERY, OFTEN)
    assert (hours().value, [*hours().evidence]) == (0, [])
    seen.now("login", 80)
    told = hours()
    assert told.value == 1
    assert [*told.evidence] == [
        "login: 80 in the last hour, 4 × 20 in the same hour of the week: warning from 3 × upward"
    ]
    seen.now("login", 30)
    assert hours().value == 0


def test_each_hour_of_the_week_has_a_usual_of_its_own(seen: Seen) -> None:
    seen.usual("login", 2)
    for week in (1, 2, 3):
        for near in (-1, 0, 1):
            seen.now("login", 100, hour=168 * week + near)
    seen.now("login", 120)
    assert Hours(seen.url, QUERY, OFTEN)().value == 0


def test_a_key_that_was_never_there_is_told_from_the_least_number_on(seen: Seen) -> None:
    seen.usual("lesson", 5)
    seen.now("user 7", 9)
    assert Hours(seen.url, QUERY, OFTEN)().value == 0
    seen.now("user 7", 10)
    assert Hours(seen.url, QUERY, OFTEN)().message.startswith("user 7: 10 in the last hour, inf ×")


def test_few_are_not_too_many_though_there_were_many_once(seen: Seen) -> None:
    seen.usual("login", 1)
    seen.now("login", 50, hour=300)
    seen.now("login", 9)
    assert Hours(seen.url, QUERY, OFTEN)().value == 0


def test_a_fall_is_told_though_there_is_no_row_of_the_last_hour(seen: Seen) -> None:
    seen.usual("active users", 40)
    assert Hours(seen.url, QUERY, SELDOM)().value == 0
    seen.now("active users", 0)
    assert Hours(seen.url, QUERY, SELDOM)().message == (
        "active users: 0 in the last hour, 0 × 40 in the same hour of the week:"
        " warning from 0.5 × downward"
    )


def test_a_key_of_which_too_little_is_known_is_not_judged(seen: Seen) -> None:
    seen.now("login", 1, hour=5)
    seen.now("login", 500)
    assert Hours(seen.url, QUERY, OFTEN)().value == 0


def test_an_empty_table_is_no_fault(seen: Seen) -> None:
    assert Hours(seen.url, QUERY, OFTEN)().details == {"keys": 0, "hours": 0}


def test_other_columns_are_refused(seen: Seen) -> None:
    seen.usual("login", 1)
    hours = Hours(seen.url, "SELECT kind, number FROM seen", OFTEN)
    expected = "the query gives the columns kind, number: a key, how many hours ago, and a number"
    with pytest.raises(ValueError, match=expected):
        hours()
