"""What a run of a check says: its status, and the result that every surface reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import partial
from itertools import islice
from numbers import Real
from types import MappingProxyType
from typing import Any

from obskit.redaction import CUT, Plain, plain

_MAX_TEXT = 1_000
_MAX_KEYS = 64
_MAX_EVIDENCE = 50
_NOTHING: Mapping[str, object] = MappingProxyType({})


class Status(str, Enum):
    """How a check stands.

    >>> Status.CRITICAL.exit_code, str(Status.OK)
    (2, 'ok')
    """

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, format_spec: str) -> str:
        return format(str(self.value), format_spec)

    @property
    def exit_code(self) -> int:
        """The number of the Nagios plugin guidelines, 0 to 3, which know nothing of skipped."""
        return _EXIT_CODES[self]

    @property
    def is_down(self) -> bool:
        """Whether what depends on a check in this state cannot be judged."""
        return self in _DOWN


_EXIT_CODES = {
    Status.OK: 0,
    Status.WARNING: 1,
    Status.CRITICAL: 2,
    Status.UNKNOWN: 3,
    Status.SKIPPED: 3,
}
_DOWN = frozenset({Status.CRITICAL, Status.UNKNOWN, Status.SKIPPED})


@dataclass(frozen=True)
class CheckResult:
    """The result of one run. A check returns one where it has more to say than a number.

    What is too long is cut, what has no plain form becomes text, and what stands under the name of
    a secret is masked.

    Args:
        status: A `Status` or its text.
        message: What a person reads; at most 1,000 characters.
        value: The number that was measured; None where there is none, or no finite one.
        unit: The value's unit; the declared one where this is empty.
        details: Facts by name; at most 64.
        evidence: Rows or lines that show what is wrong; at most 50.
        started: When the run began, seconds since the Unix epoch. obskit sets it and what follows.
        duration: How long it took, seconds.
        trace_id: The trace that its spans and log lines belong to, or None.
        attempt: Which run in a row with the same outcome, failed or not, it was, from 1. Where it was
            skipped, that of the last run before.
        nothing_to_do: Whether there was nothing to do, which is no failure.
        raw: Its status before damping, where that is another one.

    Raises:
        ValueError: The status is none.

    >>> CheckResult.warning("2 of 40 rows have no school", value=2, evidence=["row 7", "row 31"]).value
    2.0
    """

    status: Status
    message: str = ""
    value: float | None = None
    unit: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    evidence: Iterable[object] = ()
    started: float = 0.0
    duration: float = 0.0
    trace_id: str | None = None
    attempt: int = 1
    nothing_to_do: bool = False
    raw: Status | None = None

    def __post_init__(self) -> None:
        """Make every field plain and bounded, whatever a check has put into it."""
        evidence = [self.evidence] if isinstance(self.evidence, str) else self.evidence
        facts = ((str(key), fact) for key, fact in islice(self.details.items(), _MAX_KEYS))
        fields = {
            "status": Status(self.status),
            "message": _short(str(plain(self.message))),
            "value": _finite(self.value),
            "unit": _short(str(self.unit)),
            "details": MappingProxyType({_short(k): _short(plain(v, k)) for k, v in facts}),
            "evidence": tuple(_short(plain(row)) for row in islice(evidence, _MAX_EVIDENCE)),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Callable[[], CheckResult], tuple[()]]:
        """What cannot be changed cannot be pickled either, and a result may come from elsewhere."""
        return partial(CheckResult, **{**vars(self), "details": dict(self.details)}), ()

    @classmethod
    def ok(
        cls,
        message: str = "",
        *,
        value: float | None = None,
        details: Mapping[str, object] = _NOTHING,
        evidence: Iterable[object] = (),
    ) -> CheckResult:
        """All is well."""
        return cls(Status.OK, message, value, details=details, evidence=evidence)

    @classmethod
    def warning(
        cls,
        message: str,
        *,
        value: float | None = None,
        details: Mapping[str, object] = _NOTHING,
        evidence: Iterable[object] = (),
    ) -> CheckResult:
        """It works, and somebody should look."""
        return cls(Status.WARNING, message, value, details=details, evidence=evidence)

    @classmethod
    def critical(
        cls,
        message: str,
        *,
        value: float | None = None,
        details: Mapping[str, object] = _NOTHING,
        evidence: Iterable[object] = (),
    ) -> CheckResult:
        """It does not work."""
        return cls(Status.CRITICAL, message, value, details=details, evidence=evidence)

    @classmethod
    def unknown(
        cls,
        message: str,
        *,
        value: float | None = None,
        details: Mapping[str, object] = _NOTHING,
        evidence: Iterable[object] = (),
    ) -> CheckResult:
        """It could not be judged."""
        return cls(Status.UNKNOWN, message, value, details=details, evidence=evidence)

    @property
    def finished(self) -> float:
        """When it was decided, seconds since the Unix epoch."""
        return self.started + self.duration


def nothing_to_do(message: str = "nothing to do") -> CheckResult:
    """What a check or a job returns that found nothing to do. It is ok, and told apart from a failure.

    Args:
        message: What a person reads.

    >>> nothing_to_do("no events").status
    <Status.OK: 'ok'>
    """
    return CheckResult(Status.OK, message, nothing_to_do=True)


def number(given: object) -> float | None:
    """What was given as a number, or None where it is none. A truth is not a number.

    >>> number(Decimal("1.5")), number(True), number("7")
    (1.5, None, None)
    """
    if isinstance(given, bool) or not isinstance(given, (Real, Decimal)):
        return None
    value: Any = given  # the abstract Real promises no order
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except ValueError:  # Decimal's signalling NaN
        return math.nan


def _finite(given: object) -> float | None:
    value = number(given)
    return value if value is not None and math.isfinite(value) else None


def _short(value: Plain) -> Plain:
    if isinstance(value, str):
        return value if len(value) <= _MAX_TEXT else value[: _MAX_TEXT - len(CUT)] + CUT
    if isinstance(value, list):
        return [_short(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _short(inner) for key, inner in value.items()}
    return value
