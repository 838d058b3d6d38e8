"""Scores as a table: what is measured of each entity, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from obskit.checks import score
from obskit.cli.check.round import Found
from obskit.declaration import Bands
from obskit.telemetry.console import visible

_WHOLE = "overall"
_DIMENSION = "score"


def table(found: Found) -> Iterator[str]:
    """The scores, a line for each entity, and last that of everything; nothing without scores."""
    cells = _cells(found)
    if not cells:
        return
    measured = dict.fromkeys(name for row in cells.values() for name in row if name != _WHOLE)
    dimensions = [*measured, _WHOLE]
    rows = [
        ["", *map(visible, dimensions)],
        *(
            [visible(entity), *(_told(row.get(name)) for name in dimensions)]
            for entity, row in cells.items()
        ),
    ]
    widths = [max(len(texts[column]) for texts in rows) for column in range(len(rows[0]))]
    yield ""
    for texts in rows:
        written = (f"{text:<{width}}" for text, width in zip(texts, widths, strict=True))
        yield "  ".join(written).rstrip()
    yield ""


def as_json(found: Found) -> dict[str, Any]:
    """The scores by entity and dimension."""
    return {
        entity: {
            name: {"share": round(share, 4), "grade": score.grade_of(bands, share)}
            for name, (share, bands) in row.items()
        }
        for entity, row in _cells(found).items()
    }


def _cells(found: Found) -> dict[str, dict[str, tuple[float, Bands]]]:
    """By entity and dimension: the share, and what shares are called there."""
    cells: dict[str, dict[str, tuple[float, Bands]]] = {}
    for check, result in found:
        if check.bands is not None and result.value is not None:
            row = cells.setdefault(check.group or check.name, {})
            dimension = check.dimension or (check.name if check.group else _DIMENSION)
            row[dimension] = (result.value, check.bands)
    whole = score.overall(found)
    for entity, row in cells.items():
        bands = {each for _, each in row.values()}
        row[_WHOLE] = (whole[entity], bands.pop() if len(bands) == 1 else Bands())
    if cells:
        cells[_WHOLE] = {_WHOLE: (whole[""], Bands())}
    return cells


def _told(cell: tuple[float, Bands] | None) -> str:
    if cell is None:
        return "-"
    share, bands = cell
    return f"{100 * share:.1f} % {score.grade_of(bands, share)}"
