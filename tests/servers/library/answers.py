"""What a check answered, as tests compare it."""

from __future__ import annotations

from typing import Any

from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status


def measured(subject: Any) -> Measurement:
    found = subject()
    assert isinstance(found, Measurement), found
    return found


def judged(subject: Any) -> tuple[object, str]:
    value: Any = measured(subject).value
    return value, subject.default_judge(value).state


def unknown(subject: Any) -> str:
    found = subject()
    assert isinstance(found, CheckResult), found
    assert found.status is Status.UNKNOWN
    return found.message
