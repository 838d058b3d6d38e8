"""Measure what obskit costs beside its peers: `python -m benchmarks.overhead`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.overhead import instructions, loop
from benchmarks.overhead.collection import collection
from benchmarks.overhead.contenders import CONTENDERS, Contender
from benchmarks.overhead.measurement import Effort, Row, measure
from benchmarks.overhead.report import Report, Target

QUICK = Effort(rounds=3, requests=100, starts=2)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("--rounds", type=int, help="turns of each contender")
    parser.add_argument("--requests", type=int, help="requests of a turn")
    parser.add_argument("--only", nargs="+", choices=names, help="beside bare")
    parser.add_argument("--quick", action="store_true", help="less of everything, for CI")
    parser.add_argument("--output", type=Path, help="write everything there as JSON")
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    return parser.parse_args()


def chosen(only: list[str] | None) -> list[Contender]:
    """The contenders; bare is always one of them."""
    return [each for each in CONTENDERS if not only or each.name in {"bare", *only}]


def effort(options: argparse.Namespace) -> Effort:
    """How much to measure."""
    given = {"rounds": options.rounds, "requests": options.requests}
    return replace(
        QUICK if options.quick else Effort(), **{key: each for key, each in given.items() if each}
    )


def served(options: argparse.Namespace) -> list[Row]:
    """Measure the contenders behind gunicorn."""
    contenders = chosen(options.only)
    with (
        tempfile.TemporaryDirectory() as folder,
        collection(each.name for each in contenders) as sink,
    ):
        return measure(contenders, sink, Path(folder), effort(options))


def ratios(*, quick: bool) -> dict[str, float]:
    """Measure what needs no server."""
    found = {"loop": loop.ratio(rounds=5 if quick else 24)}
    found["sentry instructions"] = instructions.sentry_ratio()
    return found


def write(path: Path, rows: list[Row], targets: list[Target]) -> None:
    """Keep everything."""
    document = {
        "rows": [row.document() for row in rows],
        "targets": [{**asdict(target), "met": target.met} for target in targets],
    }
    path.write_text(json.dumps(document, indent=1, default=str))


def main() -> int:
    """Print the table and the targets."""
    options = arguments()
    begun = time.monotonic()
    rows = served(options)
    found = {} if options.only else ratios(quick=options.quick)
    report = Report(rows, found)
    targets = report.targets()
    print(report.table())
    print("\n| target | measured | at most | |\n|---|---|---|---|")
    print("\n".join(target.line() for target in targets))
    print(f"\n{time.monotonic() - begun:.0f} s", file=sys.stderr)
    if options.output:
        write(options.output, rows, targets)
    missed = any(not target.met for target in targets) or any(row.missing() for row in rows)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
