"""In which order checks can run: each after what it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from graphlib import TopologicalSorter

from obskit.declaration import Check
from obskit.exceptions import DeclarationError


def fault(check: Check, checks: Mapping[str, Check]) -> str | None:
    """What is wrong with the names that a check depends on, or None.

    Args:
        check: The check.
        checks: All checks by name.
    """
    for name in check.depends_on:
        if name not in checks:
            near = get_close_matches(name, checks, 1)
            hint = f"did you mean {near[0]!r}?" if near else "declare it, or remove it there"
            return f"it depends on {name!r}, which is not declared: {hint}"
    circle = _circle(check, checks)
    return f"it depends on itself: {' → '.join(circle)}" if circle else None


def _circle(check: Check, checks: Mapping[str, Check]) -> list[str]:
    ways = [[check.name, name] for name in check.depends_on]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == check.name:
            return way
        if way[-1] not in seen and way[-1] in checks:
            seen.add(way[-1])
            ways += [[*way, name] for name in checks[way[-1]].depends_on]
    return []


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
        wrong = fault(check, checks)
        if wrong:
            raise DeclarationError(f"the check {check.name!r} ({check.place}) cannot run: {wrong}")
    sorter = TopologicalSorter({check.name: check.depends_on for check in checks.values()})
    sorter.prepare()
    groups = []
    while sorter.is_active():
        ready = sorter.get_ready()
        sorter.done(*ready)
        groups.append([check for check in checks.values() if check.name in ready])
    return groups
