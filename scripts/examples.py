"""Run the rows of the examples, and print a line for each in words; exit with 1 where one fails.

`make examples BREAK=0` leaves out what breaks or changes a thing: then each row must fail. In CI what failed is
tried once more: a shared machine is late now and then.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_SERVICES = ("volunteers", "quests", "academy", "pipeline", "warehouse")


def written(service: str) -> list[str]:
    """The first cell of each row in the table of a service's README."""
    readme = _ROOT / "examples" / service / "README.md"
    if not readme.exists():
        return []
    _, _, table = readme.read_text(encoding="utf-8").partition("| What operators watch |")
    lines = table.partition("\n\n")[0].splitlines()[2:]
    return [match[1].strip() for line in lines if (match := re.match(r"\|([^|]+)\|", line))]


class Rows:
    """Prints how each row went, as it ends.

    Args:
        expected: The rows that READMEs tell of, by service.
    """

    def __init__(self, expected: dict[str, list[str]]) -> None:
        self.expected = expected
        self.passed: set[tuple[str, str]] = set()
        self.failed: set[tuple[str, str]] = set()
        self._rows: dict[str, tuple[str, str]] = {}
        self._broken: set[str] = set()

    @pytest.hookimpl
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Learn which row a test is."""
        mark = item.get_closest_marker("row")
        if mark:
            self._rows[item.nodeid] = (item.path.stem.removeprefix("test_"), str(mark.args[0]))

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test has ended."""
        if report.failed:
            self._broken.add(report.nodeid)
        row = self._rows.get(report.nodeid)
        if row is None and report.failed:
            print(f"FAILED {report.nodeid}\n{report.longreprtext}", flush=True)
        if row is None or row in self.failed or (report.passed and report.when != "call"):
            return
        (self.passed if report.passed else self.failed).add(row)
        self.passed -= self.failed
        print(f"{'passed' if report.passed else 'FAILED':7}{row[0]:12}{row[1]}", flush=True)
        if not report.passed:
            print(report.longreprtext, flush=True)

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Say what hinders the collection."""
        if report.failed:
            print(report.longreprtext, flush=True)

    def again(self) -> list[str]:
        """Begin anew with what failed.

        Returns:
            The tests.
        """
        tests, self._broken = sorted(self._broken), set()
        self.failed.clear()
        return tests

    def end(self) -> int:
        """Print what is missing and the totals.

        Returns:
            How many rows failed or were not tried.
        """
        told = {(service, row) for service, rows in self.expected.items() for row in rows}
        for service, row in sorted(told - self.passed - self.failed):
            print(f"FAILED {service:12}{row}: no test tries it")
        for service, row in sorted((self.passed | self.failed) - told):
            print(f"FAILED {service:12}{row}: the README tells nothing of it")
        failed = len(told - self.passed) + len((self.passed | self.failed) - told)
        print(f"\n{len(told & self.passed)} passed, {failed} failed")
        return failed


def main(names: list[str]) -> int:
    """Try the rows of these services, or of all."""
    services = names or list(_SERVICES)
    rows = Rows({service: written(service) for service in services})
    files = [f"tests/rows/test_{service}.py" for service in services]
    there = [file for file in files if (_ROOT / file).exists()]
    # The configured options are for the terminal, which says another thing than the rows here.
    addopts = "addopts=--strict-markers --strict-config --import-mode=importlib"
    options = ["-o", addopts, "-p", "no:terminal", "-p", "no:randomly"]
    code = pytest.main([*options, *there], plugins=[rows]) if there else 0
    if code and os.environ.get("CI") and os.environ.get("BREAK") != "0":
        late = rows.again()
        print("\nonce more:", *late, flush=True)
        code = pytest.main([*options, *late], plugins=[rows]) if late else code
    return 1 if rows.end() or code else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
