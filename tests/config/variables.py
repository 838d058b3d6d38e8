"""Which test shows the effect of which environment variable."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., None])

#: Variable → the names of the tests.
SHOWN: dict[str, set[str]] = {}


def shows(*variables: str) -> Callable[[Test], Test]:
    """Say that a test fails when one of these variables has no effect."""

    def mark(test: Test) -> Test:
        for variable in variables:
            SHOWN.setdefault(variable, set()).add(test.__name__)
        return test

    return mark
