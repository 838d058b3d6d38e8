"""Sizes and indexes of a real PostgreSQL database."""

from __future__ import annotations

from typing import Any

import psycopg
from tests.checks.bench import Bench
from tests.servers.library.answers import measured, unknown

from obskit import above
from obskit.checks.library import postgres
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult


def unknown_age(subject: postgres.UnusedIndexes) -> str | None:
    found = subject()
    return found.message if isinstance(found, CheckResult) else None


def test_sizes_of_a_database_and_its_tables_grow(database: str) -> None:
    whole, tables = postgres.DatabaseSize(database), postgres.TableSizes(database)
    empty: Any = measured(whole).value
    assert empty > 1_000_000
    assert measured(tables) == Measurement(0, "By", "no tables")
    with psycopg.connect(database) as connection:
        connection.execute('CREATE TABLE "Or ders" AS SELECT generate_series(1, 10000) AS id')
        connection.execute("CREATE TABLE users(id int)")
    found = measured(tables)
    value: Any = found.value
    assert value > 300_000
    assert found.message.startswith('public."Or ders" has ')
    assert [row["table"] for row in found.evidence if isinstance(row, dict)] == [
        'public."Or ders"',
        "public.users",
    ]
    assert found.details["tables"] == 2
    grown: Any = measured(whole).value
    assert grown - empty >= value


def test_a_database_and_a_table_that_swell_turn_until_they_have_shrunk(database: str) -> None:
    bench = Bench()
    whole, tables = postgres.DatabaseSize(database), postgres.TableSizes(database)
    limit: Any = measured(whole).value
    checks = (
        bench.add("whole", whole, judge=above(critical=limit + 3e6)),
        bench.add("tables", tables, judge=above(critical=3e6)),
    )

    def said() -> list[str]:
        return [bench.runner.run(check).status.value for check in checks]

    assert said() == ["ok", "ok"]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE orders AS SELECT generate_series(1, 100000) AS id")
        assert said() == ["critical", "critical"]
        connection.execute("TRUNCATE orders")
        assert said() == ["ok", "ok"]


def test_an_index_that_nobody_reads_is_found_until_it_is_dropped(database: str) -> None:
    subject = postgres.UnusedIndexes(database, least_size=10_000)
    assert measured(subject).value == 0
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE orders(id int PRIMARY KEY, total int, note int UNIQUE)")
        connection.execute("INSERT INTO orders SELECT i, i, i FROM generate_series(1, 10000) i")
        connection.execute("CREATE INDEX unread ON orders(total)")
        found = measured(subject)
        assert found.value == 1
        (row,) = found.evidence
        assert isinstance(row, dict)
        assert (row["index"], row["table"]) == ("public.unread", "public.orders")
        connection.execute("DROP INDEX unread")
        assert measured(subject).value == 0
        connection.execute("SELECT pg_stat_reset()")
        while unknown_age(subject) is None:
            pass  # statistics are written a little later
        assert ": they are judged from 7d on" in unknown(subject)
