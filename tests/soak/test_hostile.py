"""What tests/hostile does a hundred times, done a thousand times and more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.hostile.callers import check_memory
from tests.hostile.children import check_parent

ROUNDS = int(os.environ.get("OBSKIT_SOAK_ROUNDS", "3"))
#: In full from so many rounds on.
_FULL = 200


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("ends", ["shutdown", "exit"])
def test_a_thousand_children_leave_their_parent_as_it_was(ends: str, tmp_path: Path) -> None:
    check_parent(ends, 1_000 if ROUNDS >= _FULL else 40, tmp_path)


@pytest.mark.timeout(1_200)
def test_a_million_values_of_headers_leave_memory_as_it_was(tmp_path: Path) -> None:
    check_memory(1_000_000 if ROUNDS >= _FULL else 50_000, tmp_path)
