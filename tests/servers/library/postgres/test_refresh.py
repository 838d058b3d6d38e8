"""Refreshes of real materialised views."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from tests.checks.bench import Bench
from tests.servers.library.answers import measured, unknown

from obskit.checks.library import postgres


def test_a_view_is_as_old_as_its_tracked_refresh(database: str) -> None:
    subject = postgres.MaterializedViewAge(database, 'reports."Sales"')
    with psycopg.connect(database) as connection:
        connection.execute("CREATE SCHEMA reports")
        connection.execute('CREATE MATERIALIZED VIEW reports."Sales" AS SELECT 1 WITH NO DATA')
        connection.execute("""COMMENT ON MATERIALIZED VIEW reports."Sales" IS 'it''s ours %s'""")
    found = measured(subject)
    assert found.value is None
    assert found.message == 'REFRESH MATERIALIZED VIEW reports."Sales" has not run'
    with psycopg.connect(database) as connection:
        connection.execute('REFRESH MATERIALIZED VIEW reports."Sales"')
    assert unknown(subject).startswith('no refresh of reports."Sales" was tracked: call track_ref')
    instants = []
    for _ in range(2):
        with psycopg.connect(database) as connection:
            connection.execute("SET timezone = 'Asia/Tokyo'")
            connection.execute('REFRESH MATERIALIZED VIEW reports."Sales"')
            postgres.track_refresh(connection, 'reports."Sales"')
        instant: Any = measured(subject).value
        assert abs(datetime.now(timezone.utc) - instant) < timedelta(minutes=1)
        instants.append(instant)
    assert instants[0] < instants[1]
    with psycopg.connect(database) as connection:
        row = connection.execute(
            """SELECT obj_description('reports."Sales"'::regclass, 'pg_class')"""
        ).fetchone()
    assert row is not None
    assert row[0].startswith("it's ours %s [refreshed 20")
    assert row[0].count("[refreshed") == 1


def test_a_view_that_is_not_refreshed_turns_until_it_is(database: str) -> None:
    bench = Bench()
    subject = postgres.MaterializedViewAge(database, "sales")
    check = bench.add("sales", subject, critical_after="1h")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE MATERIALIZED VIEW sales AS SELECT 1")
        old = "[refreshed 2026-01-02T03:04:05.000000+00:00]"
        connection.execute(f"COMMENT ON MATERIALIZED VIEW sales IS '{old}'")
        assert bench.runner.run(check).status.value == "critical"
        connection.execute("REFRESH MATERIALIZED VIEW sales")
        postgres.track_refresh(connection, "sales")
    assert bench.runner.run(check).status.value == "ok"


def test_a_refresh_that_is_rolled_back_was_none(database: str) -> None:
    subject = postgres.MaterializedViewAge(database, "sales")
    with psycopg.connect(database) as connection:
        connection.execute("CREATE MATERIALIZED VIEW sales AS SELECT 1")
        connection.commit()
        postgres.track_refresh(connection, "sales")
        connection.rollback()
    assert unknown(subject).startswith("no refresh of sales was tracked")


def test_a_view_that_is_none_and_a_name_that_is_hostile_raise(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE sales()")
    with pytest.raises(ValueError, match="sales is no materialised view: name one"):
        postgres.MaterializedViewAge(database, "sales")()
    for name in ("none", "sales; DROP TABLE sales", "sales' OR ''='"):
        with pytest.raises(psycopg.Error):
            postgres.MaterializedViewAge(database, name)()
    with psycopg.connect(database) as connection, pytest.raises(psycopg.Error):
        postgres.track_refresh(connection, "sales; DROP TABLE sales")
