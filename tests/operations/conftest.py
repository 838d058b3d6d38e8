"""What the tests of jobs, operations and quotas are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from obskit import default_runtime
from obskit.capture import Capture
from obskit.declared import Declarations
from obskit.operations import surroundings
from obskit.operations.surroundings import Surroundings
from obskit.state.memory import MemoryStore


@pytest.fixture(autouse=True)
def nothing_installed() -> Iterator[None]:
    """What stands around the runs of one test stands around no other's."""
    yield
    surroundings.install(None)


@pytest.fixture
def registry() -> Declarations:
    return Declarations()


@pytest.fixture
def store(obskit_capture: Capture) -> MemoryStore:
    return MemoryStore(obskit_capture.clock)


@pytest.fixture
def install(obskit_capture: Capture) -> Callable[..., Surroundings]:
    """Puts runs into the runtime that is captured."""

    def installed(**options: Any) -> Surroundings:
        runtime = default_runtime.current()
        assert runtime is not None
        given = {
            "clock": obskit_capture.clock,
            "meter": runtime.meter,
            "errors": lambda: runtime.errors,
            "instance": "i-1",
        }
        made = Surroundings(**{**given, **options})
        surroundings.install(made)
        return made

    return installed
