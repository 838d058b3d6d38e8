"""The fleet's tests need what the end-to-end tests need, and end with what they measured."""

from __future__ import annotations

import pytest
from tests.e2e.conftest import backends_are_built, pytest_ignore_collect
from tests.scale import tables

__all__ = ["backends_are_built", "pytest_ignore_collect"]

_COUNTS = {"passed": 0, "failed": 0}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what passes and what fails, in whatever phase."""
    if report.failed:
        _COUNTS["failed"] += 1
    elif report.when == "call" and report.passed:
        _COUNTS["passed"] += 1


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Print the tables, and the result as the last line."""
    if any(_COUNTS.values()):
        print(*tables.lines(), "", sep="\n")
        print(f"{_COUNTS['passed']} passed, {_COUNTS['failed']} failed")
