"""What the tests of the fleet measured, printed when all have ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: Rows by the head of their table.
TABLES: dict[tuple[str, ...], list[Sequence[str]]] = {}


def add(head: Iterable[str], row: Sequence[str]) -> None:
    """Add a row to the table of this head."""
    TABLES.setdefault(tuple(head), []).append(row)


def lines() -> Iterable[str]:
    """All tables as text."""
    for head, rows in TABLES.items():
        cells = [head, *rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        yield ""
        for row in cells:
            first, *others = zip(row, widths, strict=True)
            columns = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
            yield "  ".join(columns)
