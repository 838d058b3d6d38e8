"""The spans of a story as rows: parents above children, repeated statements in one row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from obskit.stories.signals import Attributes, Span

# Semantic conventions, "Database spans"; the second is the name before they were stable.
_STATEMENT_KEYS = ("db.query.text", "db.statement")


@dataclass(frozen=True)
class Row:
    """One row of the tree.

    Attributes:
        depth: How many ancestors it has among the rows.
        span: The span, the first of them where several were folded.
        duration: Seconds; the sum where several were folded.
        times: How many spans the row stands for.
    """

    depth: int
    span: Span
    duration: float
    times: int = 1


def statement(attributes: Attributes) -> str:
    r"""Return the database statement among a span's attributes, on one line, or nothing.

    >>> statement({"db.query.text": "SELECT 1\n  FROM orders"})
    'SELECT 1 FROM orders'
    """
    for key in _STATEMENT_KEYS:
        value = attributes.get(key)
        if isinstance(value, str) and value:
            return " ".join(value.split())
    return ""


def roots(spans: Iterable[Span]) -> list[Span]:
    """Return the spans whose parent is not among them, the earliest first."""
    spans = list(spans)
    ids = {span.span_id for span in spans}
    return sorted((s for s in spans if s.parent_id not in ids), key=_start)


def rows(spans: Sequence[Span]) -> list[Row]:
    """Lay out spans as a tree.

    Args:
        spans: The spans of one trace, in any order.

    Returns:
        Every span in exactly one row, children below their parent in the order of their start.
        Statements that one parent made several times, without children of their own, share a row.
    """
    children: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        children[span.parent_id].append(span)
    for siblings in children.values():
        siblings.sort(key=_start)
    laid: list[Row] = []
    seen: set[str] = set()
    # After the true roots every span, because spans may name each other as parent.
    for top in [*roots(spans), *sorted(spans, key=_start)]:
        stack = [Row(0, top, top.duration)]
        while stack:
            row = stack.pop()
            if row.span.span_id in seen:
                continue
            seen.add(row.span.span_id)
            laid.append(row)
            below = _fold(row.depth + 1, children[row.span.span_id], children, seen)
            stack.extend(reversed(below))
    return laid


def _fold(
    depth: int, siblings: list[Span], children: dict[str, list[Span]], seen: set[str]
) -> list[Row]:
    def key(span: Span) -> tuple[str, str] | None:
        text = statement(span.attributes)
        return (span.name, text) if text and not children.get(span.span_id) else None

    siblings = [span for span in siblings if span.span_id not in seen]
    times = Counter(key(span) for span in siblings)
    folded: dict[tuple[str, str], int] = {}
    below: list[Row] = []
    for span in siblings:
        name = key(span)
        if name is None or times[name] == 1:
            below.append(Row(depth, span, span.duration))
        elif name in folded:
            seen.add(span.span_id)
            first = below[folded[name]]
            total = first.duration + span.duration
            below[folded[name]] = Row(depth, first.span, total, first.times + 1)
        else:
            folded[name] = len(below)
            below.append(Row(depth, span, span.duration))
    return below


def _start(span: Span) -> float:
    return span.start
