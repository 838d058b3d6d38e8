"""Many short-lived children, one after another: their parent stays as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.hostile.children import check_parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.parametrize("ends", ["shutdown", "exit", "shutdown,exit"])
def test_children_one_after_another_leave_their_parent_as_it_was(ends: str, tmp_path: Path) -> None:
    check_parent(ends, 100, tmp_path)
