"""The rows of the examples: what their operators watch, each broken, seen, mended, seen again.

A row is a test with the mark `row`, whose text is the first cell of a row in the table of the example's
README. It breaks its thing by `breaks`, and by nothing else, so that with BREAK=0 it must fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.servers.conftest import postgresql

__all__ = ["postgresql"]

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def breaks() -> Callable[..., Any]:
    """Do what breaks or changes the thing that a row watches, unless all is to be left as it is."""

    def do(step: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        return step(*arguments, **more) if os.environ.get("BREAK", "1") != "0" else None

    return do
