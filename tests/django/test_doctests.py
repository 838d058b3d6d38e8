"""What the modules show of themselves holds: without a project they cannot be imported."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(("name", "examples"), [("log", 5), ("routes", 2)])
def test_the_examples_of_a_module_hold(name: str, examples: int) -> None:
    found = doctest.testmod(import_module(f"obskit.django.{name}"))
    assert found == (0, examples)
