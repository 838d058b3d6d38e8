"""The table of what was measured, and the targets."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.overhead.measurement import Row

MEBIBYTE = 1 << 20
SHOWN = ("server", "database", "lines", "console")


@dataclass(frozen=True)
class Target:
    """A ratio and what it may be at most; None where nothing was measured."""

    title: str
    measured: float | None
    limit: float

    @property
    def met(self) -> bool:
        """Whether it was measured and is not past the limit."""
        return self.measured is not None and self.measured <= self.limit

    def line(self) -> str:
        """The target as a row of a table."""
        shown = "–" if self.measured is None else f"{self.measured:.3f}"
        verdict = "not measured" if self.measured is None else "ok" if self.met else "MISSED"
        return f"| {self.title} | {shown} | {self.limit} | {verdict} |"


class Report:
    """What the rows say.

    Args:
        rows: The rows.
        ratios: What was measured without a server: `sentry instructions` and `loop`.
    """

    def __init__(self, rows: list[Row], ratios: Mapping[str, float]) -> None:
        self._rows = {row.contender.name: row for row in rows}
        self._ratios = ratios

    def _above(self, row: Row) -> float:
        # Each slice against the bare app's of the same round: a slow minute is in both.
        bare = self._rows["bare"].cpu
        return statistics.median(own - other for own, other in zip(row.cpu, bare, strict=True))

    def table(self) -> str:
        """A Markdown table with a row for each contender."""
        titles = [
            "contender",
            "CPU above bare, µs/request",
            "of expert",
            "p50, ms",
            "p99, ms",
            "RSS above bare, MiB",
            "start-up CPU, ms",
            "received a request",
            "counts",
        ]
        head = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
        return "\n".join(head + [self._line(row) for row in self._rows.values()])

    def _line(self, row: Row) -> str:
        expert = self._rows.get("expert")
        share = f"{self._above(row) / self._above(expert):.2f}" if expert else "–"
        arrived = {**row.received, "console": row.console}
        parts = [f"{arrived.get(kind, 0) / row.requests:.2f} {kind}" for kind in SHOWN]
        resident = (row.resident - self._rows["bare"].resident) / MEBIBYTE
        cells = [
            row.contender.title,
            f"{self._above(row):.0f}",
            share,
            f"{statistics.median(row.median) / 1e3:.2f}",
            f"{statistics.median(row.tail) / 1e3:.2f}",
            f"{resident:.1f}",
            f"{statistics.median(row.start) / 1e3:.0f}",
            ", ".join([*parts, f"{arrived.get('points', 0)} points"]),
            "no: " + "; ".join(row.missing()) if row.missing() else "yes",
        ]
        return f"| {' | '.join(cells)} |"

    def targets(self) -> list[Target]:
        """What obskit must not exceed; a row that does not count is no measure."""
        ours, bare, expert = (self._counting(name) for name in ("obskit", "bare", "expert"))
        peers = [row for row in self._rows.values() if row.contender.peer and not row.missing()]
        leanest = min(map(self._above, peers), default=None)
        found: dict[str, float] = {}
        if ours and bare and leanest:
            found["leanest"] = self._above(ours) / leanest
        if ours and bare:
            found["tail"] = statistics.median(ours.tail) / statistics.median(bare.tail)
            found["resident"] = (ours.resident - bare.resident) / MEBIBYTE
        if ours and bare and expert:
            found["expert"] = self._above(ours) / self._above(expert)
            start = [statistics.median(row.start) for row in (ours, bare, expert)]
            found["start"] = (start[0] - start[1]) / (start[2] - start[1])
        found.update(self._ratios)
        return [
            Target("CPU above bare, of expert-wired", found.get("expert"), 0.25),
            Target("CPU above bare, of the leanest tracing peer", found.get("leanest"), 0.3),
            Target("p99, of bare", found.get("tail"), 1.3),
            Target("instructions, Sentry on of off", found.get("sentry instructions"), 1.01),
            Target("RSS above bare, MiB", found.get("resident"), 20),
            Target("import and init, of expert-wired", found.get("start"), 0.5),
            Target("tight loop, of contrib Flask alone", found.get("loop"), 0.6),
        ]

    def _counting(self, name: str) -> Row | None:
        row = self._rows.get(name)
        return row if row is not None and not row.missing() else None
