"""Scores: a share of 0 to 1, what it is called, and the score of a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from obskit.checks.model import CheckResult, Status, number
from obskit.declaration import Bands, Check
from obskit.redaction import safe_repr


def of_share(bands: Bands, share: object) -> CheckResult:
    """Judge a share. It is well while it is good, a warning in that band, and critical below it.

    Args:
        bands: What shares are called.
        share: What the check returned.

    >>> of_share(Bands(), 0.9).message, of_share(Bands(), 0.5).status
    ('90.0 %: Good', <Status.CRITICAL: 'critical'>)
    """
    value = number(share)
    if value is None or not 0 <= value <= 1:
        return CheckResult.unknown(
            f"it returned {safe_repr(share)} where a share of 0 to 1 is scored"
        )
    grade = grade_of(bands, value)
    return CheckResult(_STATUSES[grade], f"{value:.1%}: {grade}".replace("%", " %"), value, "1")


def grade_of(bands: Bands, share: float) -> str:
    """What a share is called: Excellent, Good, Warning or Error.

    >>> grade_of(Bands(), 0.97)
    'Excellent'
    """
    if share >= bands.excellent:
        return "Excellent"
    if share >= bands.good:
        return "Good"
    return "Warning" if share >= bands.warning else "Error"


def overall(found: Iterable[tuple[Check, CheckResult | None]]) -> Mapping[str, float]:
    """The mean score of each group, and of everything under the empty name; nothing without scores.

    Each group counts alike in the whole, however many scores it has.

    Args:
        found: Checks with their results.
    """
    groups: dict[str, list[float]] = {}
    for check, result in found:
        if check.bands is not None and result is not None and result.value is not None:
            groups.setdefault(check.group or check.name, []).append(result.value)
    means = {group: sum(shares) / len(shares) for group, shares in groups.items()}
    return {"": sum(means.values()) / len(means), **means} if means else {}


_STATUSES = {
    "Excellent": Status.OK,
    "Good": Status.OK,
    "Warning": Status.WARNING,
    "Error": Status.CRITICAL,
}
