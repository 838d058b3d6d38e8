"""Ready-made checks that bring no limit of their own, declared with one: they turn, and recover."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.checks.bench import Bench
from tests.checks.library.site import send, site

from obskit import above, below
from obskit.checks.library import files, http, sql
from obskit.checks.library.postgres import BackupFile
from obskit.declaration import Check

HOUR = 3_600.0
Said = tuple[str, str, str]


def ways(
    bench: Bench, check: Check, spoil: Callable[[], object], mend: Callable[[], object]
) -> Said:
    """What a check says while all is well, when it is not, and after it was mended."""
    well = bench.runner.run(check).status.value
    spoil()
    bad = bench.runner.run(check).status.value
    mend()
    return well, bad, bench.runner.run(check).status.value


TURNED = ("ok", "critical", "ok")


@pytest.fixture
def shop(tmp_path: Path) -> Callable[[str], None]:
    def execute(statements: str) -> None:
        with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
            connection.executescript(statements)

    execute("CREATE TABLE orders(id, at TEXT); INSERT INTO orders VALUES(1, NULL)")
    return execute


def test_a_scalar_turns_above_its_limit(tmp_path: Path, shop: Callable[[str], None]) -> None:
    bench = Bench()
    query = "SELECT max(id) FROM orders"
    subject = sql.Scalar(f"sqlite:///{tmp_path}/shop.db", query)
    check = bench.add("scalar", subject, judge=above(critical=9))
    spoil, mend = "UPDATE orders SET id = 9", "UPDATE orders SET id = 8"
    assert ways(bench, check, lambda: shop(spoil), lambda: shop(mend)) == TURNED


def test_a_table_that_lost_its_rows_turns(tmp_path: Path, shop: Callable[[str], None]) -> None:
    bench = Bench()
    subject = sql.RowCount(f"sqlite:///{tmp_path}/shop.db", "orders")
    check = bench.add("rows", subject, judge=below(critical=0))
    spoil, mend = "DELETE FROM orders", "INSERT INTO orders VALUES(1, NULL)"
    assert ways(bench, check, lambda: shop(spoil), lambda: shop(mend)) == TURNED


def test_a_column_whose_newest_row_is_old_turns(
    tmp_path: Path, shop: Callable[[str], None]
) -> None:
    def written(ago: timedelta) -> None:
        at = datetime.now(timezone.utc) - ago
        shop(f"UPDATE orders SET at = '{at.isoformat()}'")

    bench = Bench()
    subject = sql.Freshness(f"sqlite:///{tmp_path}/shop.db", "orders", "at")
    check = bench.add("orders", subject, critical_after="1h")
    written(timedelta())
    spoil, mend = timedelta(hours=2), timedelta(minutes=1)
    assert ways(bench, check, lambda: written(spoil), lambda: written(mend)) == TURNED


def test_a_backup_that_is_old_turns(tmp_path: Path) -> None:
    def written(ago: float) -> None:
        (tmp_path / "shop.dump").write_text("rows")
        os.utime(tmp_path / "shop.dump", (time.time() - ago,) * 2)

    bench = Bench()
    check = bench.add("backup", BackupFile(str(tmp_path / "*.dump")), critical_after="26h")
    written(HOUR)
    assert ways(bench, check, lambda: written(27 * HOUR), lambda: written(25 * HOUR)) == TURNED


@pytest.mark.parametrize(
    ("subject", "limit"),
    [
        (lambda folder: files.Size(folder / "0"), 1_000),
        (files.Count, 3),
        (files.FolderSize, 1_000),
    ],
    ids=["size", "count", "total"],
)
def test_a_folder_that_fills_turns(tmp_path: Path, subject: Any, limit: float) -> None:
    def filled() -> None:
        for number in range(3):
            (tmp_path / str(number)).write_bytes(bytes(1_000))

    def emptied() -> None:
        for number in range(1, 3):
            (tmp_path / str(number)).unlink()
        (tmp_path / "0").write_bytes(b"")

    (tmp_path / "0").write_bytes(b"")
    bench = Bench()
    check = bench.add("folder", subject(tmp_path), judge=above(critical=limit))
    assert ways(bench, check, filled, emptied) == TURNED


def test_an_endpoint_that_is_slow_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    instants = iter((0.0, 0.5, 10.0, 12.0, 20.0, 20.5))
    monkeypatch.setattr(http, "time", SimpleNamespace(perf_counter=lambda: next(instants)))
    bench = Bench()
    with site(health=b"fine") as made:
        subject = http.Endpoint(f"{made.url}/health")
        check = bench.add("shop", subject, judge=above(critical=2))
        assert ways(bench, check, lambda: None, lambda: None) == TURNED


def test_an_endpoint_alerts_when_it_has_failed_so_often_in_a_row() -> None:
    bench = Bench()
    with site(health=b"fine") as made:
        subject = http.Endpoint(f"{made.url}/health")
        check = bench.add("shop", subject, failures_before_alert=3, successes_before_recovery=2)
        said = []
        for status in (200, 500, 500, 200, 500, 500, 500, 200, 200):
            made.answers["/health"] = partial(send, status=status)
            bench.runner.run(check)
            standing = bench.results.standing("shop")
            assert standing is not None
            said.append(standing.result.status.value)
    assert said == ["ok"] * 6 + ["critical"] * 2 + ["ok"]
