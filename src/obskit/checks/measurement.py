"""A measured value that has more to say than itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Measurement:
    """What a check returns in place of a bare value, where rows or facts belong to it.

    It is judged as its value would be. What it says besides stands in the result.

    Args:
        value: A number, or an instant where freshness is judged; None where there is none.
        unit: The number's unit, as OpenTelemetry writes it; the declared one where this is empty.
        message: What a person reads beside the value.
        details: Facts by name; at most 64.
        evidence: Rows or lines that show what is wrong; at most 50.

    >>> Measurement(2, "{row}", evidence=["row 7", "row 31"]).value
    2
    """

    value: object
    unit: str = ""
    message: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    evidence: Iterable[object] = ()
