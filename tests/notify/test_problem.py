"""How something stands, and how grave that is."""

from __future__ import annotations

import pytest
from tests.notify.given import NOON, problem

from obskit.declaration import Severity
from obskit.notify.problem import Problem, is_worse, more_urgent, urgency


def test_statuses_are_ordered_by_how_grave_they_are() -> None:
    ordered = ["ok", "warning", "unknown", "critical"]
    worse = [(one, than) for one in ordered for than in ordered if is_worse(one, than)]
    assert worse == [
        ("warning", "ok"),
        ("unknown", "ok"),
        ("unknown", "warning"),
        ("critical", "ok"),
        ("critical", "warning"),
        ("critical", "unknown"),
    ]
    assert is_worse("warning", "skipped") is True
    assert is_worse("skipped", "ok") is False


@pytest.mark.parametrize(
    ("severity", "status", "expected"),
    [
        ("sev1", "critical", "sev1"),
        ("sev1", "unknown", "sev1"),
        ("sev1", "warning", "sev2"),
        ("sev2", "warning", "sev3"),
        ("sev3", "warning", "sev3"),
    ],
)
def test_a_warning_alone_is_less_urgent_than_declared(
    severity: Severity, status: str, expected: str
) -> None:
    assert urgency(severity, status) == expected


def test_the_more_urgent_of_two_is_the_lower_number() -> None:
    assert more_urgent("sev1", "sev3") == more_urgent("sev3", "sev1") == "sev1"
    assert more_urgent("sev3", "sev3") == "sev3"


@pytest.mark.parametrize(
    ("status", "fails"),
    [("ok", False), ("skipped", False), ("warning", True), ("unknown", True), ("critical", True)],
)
def test_somebody_should_know_of_what_is_neither_well_nor_skipped(status: str, fails: bool) -> None:
    assert problem(status=status).fails is fails


def test_it_is_known_by_its_kind_and_name() -> None:
    one = Problem("job", "import", "sev2", "ok", NOON, NOON)
    assert (one.key, one.period, one.depends_on) == ("job:import", 60.0, ())
