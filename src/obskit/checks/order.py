"""In which order checks can run: each after what it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

from obskit.declaration import Check
from obskit.exceptions import DeclarationError


def in_order(checks: Mapping[str, Check]) -> list[list[Check]]:
    """Groups of checks; each group depends only on those before it.

    Args:
        checks: The checks by name.

    Raises:
        DeclarationError: A check depends on one that is not declared, or in a circle on itself.

    >>> in_order({})
    []
    """
    for check in checks.values():
        for name in check.depends_on:
            if name not in checks:
                near = get_close_matches(name, checks, 1)
                hint = f"did you mean {near[0]!r}?" if near else "declare it, or remove it there"
                raise DeclarationError(
                    f"the check {check.name!r} ({check.place}) depends on {name!r},"
                    f" which is not declared: {hint}"
                )
    sorter = TopologicalSorter({check.name: check.depends_on for check in checks.values()})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))  # who needs whom, not who comes before
        raise DeclarationError(f"checks depend on each other in a circle: {circle}") from None
    groups = []
    while sorter.is_active():
        ready = sorter.get_ready()
        sorter.done(*ready)
        groups.append([check for check in checks.values() if check.name in ready])
    return groups
