"""The examples of docs/business.md, run as they stand there."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import promql_parser
import pytest

import obskit
from obskit import Registry, Status
from obskit.capture import Capture
from obskit.checks.measurement import Measurement

PAGE = (Path(__file__).parents[2] / "docs" / "business.md").read_text(encoding="utf-8")
COUNTED, KNOWN = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SEED = """
CREATE TABLE visits(user_id INTEGER, day TEXT, paid INTEGER);
INSERT INTO visits VALUES
    (1, date('now'), 0), (1, date('now'), 1), (2, date('now'), 0),
    (3, date('now', '-1 day'), 1), (4, date('now', '-1 day'), 0), (4, date('now', '-1 day'), 0),
    (5, date('now', '-1 day'), 0), (6, date('now', '-29 days'), 0), (7, date('now', '-31 days'), 1);
CREATE TABLE subscriptions(price NUMERIC, period TEXT, ended TEXT);
INSERT INTO subscriptions VALUES
    (10, 'month', NULL), (120, 'year', NULL), (15, 'month', NULL),
    (10, 'month', date('now', '-3 days')), (10, 'month', date('now', '-90 days'));
CREATE TABLE payments(day TEXT, failed INTEGER);
INSERT INTO payments VALUES (date('now'), 1), (date('now'), 0), (date('now', '-1 day'), 1);
"""


@pytest.fixture(autouse=True)
def undeclared(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests declare by the module is not there, and what the page does is gone after it."""
    monkeypatch.setattr(obskit.default_registry.operations, "held", {})
    monkeypatch.setattr(obskit, "default_registry", Registry())


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Registry:
    """What the page declares, over a shop's database."""
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect("shop.db")) as connection:
        connection.executescript(SEED)
    exec(compile(KNOWN, "docs/business.md", "exec"), {})
    return obskit.default_registry


def value_of(declared: Registry, name: str) -> Any:
    found = declared.checks[name].subject()
    return found.value if isinstance(found, Measurement) else found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("daily-active-users", 2),
        ("monthly-active-users", 6),
        ("recurring-revenue", 35.0),
        ("active-subscriptions", 3),
        ("conversion", 0.25),
        ("churn", 0.25),
        ("failed-payments", 1),
    ],
)
def test_a_query_of_the_page_measures_what_it_says(
    name: str, value: float, declared: Registry
) -> None:
    assert value_of(declared, name) == value


def test_a_share_of_nobody_is_not_measured(declared: Registry) -> None:
    with closing(sqlite3.connect("shop.db")) as connection:
        connection.executescript("DELETE FROM visits; DELETE FROM subscriptions;")
    assert value_of(declared, "conversion") is None
    assert value_of(declared, "churn") is None
    assert value_of(declared, "recurring-revenue") == 0


WEEK = 7 * 86_400.0


@pytest.mark.parametrize(
    ("active", "status"),
    [(100, Status.OK), (81, Status.OK), (80, Status.WARNING), (50, Status.CRITICAL)],
)
def test_active_users_that_drop_against_the_same_hour_of_the_week_are_a_failure(
    active: int, status: Status, declared: Registry
) -> None:
    judge = declared.checks["daily-active-users"].judge
    past = [(number * WEEK, 100.0) for number in (1, 2, 3)]
    verdict = judge.against(active, past, 4 * WEEK)  # type: ignore[union-attr]
    assert verdict.state == status.value


def test_what_the_page_counts_are_metrics_with_their_units(obskit_capture: Capture) -> None:
    said: dict[str, Any] = {}
    exec(compile(COUNTED, "docs/business.md", "exec"), said)
    said["registered"]("free")
    for step in ("visit", "visit", "basket", "paid"):
        said["reached"](step)
    said["measured"](3, 12.5)
    found = obskit_capture.metrics()
    assert found["registrations"] == [{"attributes": {"plan": "free"}, "value": 1}]
    steps = {point["attributes"]["step"]: point["value"] for point in found["funnel.steps"]}
    assert steps == {"visit": 2, "basket": 1, "paid": 1}
    assert found["basket.open"][0]["value"] == 3
    assert found["basket.total"][0]["sum"] == 12.5
    assert said["payment"].name == "payment"


def test_what_the_page_asks_of_prometheus_parses_and_names_what_it_counts() -> None:
    asked = re.findall(r"^\| [^|]+ \| `(.+)` \|$", PAGE, re.MULTILINE)
    assert len(asked) == 3
    counted = {"funnel_steps_total", "registrations_total"}
    for expr in asked:
        promql_parser.parse(expr)
        assert set(re.findall(r"[a-z_]+_total", expr)) <= counted
