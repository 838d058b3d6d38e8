"""What depends on what: a fault is told once, by the one that all the others depend on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from obskit.notify.problem import Problem

Problems = Mapping[str, Problem]


def above(problem: Problem, found: Problems) -> Iterator[Problem]:
    """All that a problem depends on, as far as it is known; each once."""
    seen = {problem.key}
    waiting = [problem]
    while waiting:
        one = waiting.pop()
        for name in one.depends_on:
            other = found.get(f"{one.kind}:{name}")
            if other is not None and other.key not in seen:
                seen.add(other.key)
                waiting.append(other)
                yield other


def is_folded(problem: Problem, found: Problems) -> bool:
    """Whether something that it depends on is down, which is told in its place."""
    return any(each.status in {"critical", "unknown"} for each in above(problem, found))


def dependents(problem: Problem, found: Problems) -> tuple[str, ...]:
    """The names of all that depend on it, in their order."""
    below = (
        each.name
        for each in found.values()
        if each.kind == problem.kind and any(one.key == problem.key for one in above(each, found))
    )
    return tuple(sorted(below))


def awaits(problem: Problem, found: Problems, slack: float) -> float | None:
    """Since when it is not sure whether it fails by itself; None where it is.

    What it depends on may not have been judged since it fails, or may be well again only since it
    was judged itself.

    Args:
        problem: What fails.
        found: All that is known.
        slack: Seconds that a judgement may be older than the failure and count nevertheless.
    """
    unsure = [problem.since for one in above(problem, found) if one.judged < problem.since - slack]
    unsure += [one.since for one in above(problem, found) if one.since > problem.judged]
    return max(unsure, default=None)
