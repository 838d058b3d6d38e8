"""Which checks a command is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from obskit.checks.health import ON_DEMAND
from obskit.checks.order import in_order
from obskit.cli.group import Refused
from obskit.declaration import Check
from obskit.exceptions import DeclarationError
from obskit.telemetry.console import visible

#: Checks, each group after what it depends on.
Groups = list[list[Check]]


def ordered(checks: Mapping[str, Check]) -> Groups:
    """All checks, each after what it depends on.

    Raises:
        Refused: There are none, or there is no such order.
    """
    if not checks:
        raise Refused("no checks are declared there")
    try:
        return in_order(checks)
    except DeclarationError as error:
        raise Refused(visible(str(error))) from None


def choose(
    checks: Mapping[str, Check],
    names: Sequence[str] = (),
    *,
    groups: Sequence[str] = (),
    tags: Sequence[str] = (),
    full: bool = False,
) -> Groups:
    """Those that are asked for, and what they depend on.

    Without a name, a group or a tag all are meant, but those with the tag `full`.

    Args:
        checks: All checks by name.
        names: Checks by name.
        groups: Checks by group.
        tags: Checks by tag.
        full: Whether those with the tag `full` are meant too.

    Raises:
        Refused: Something is not there.
    """
    found = ordered(checks)
    _require(names, "is named", checks)
    _require(groups, "is of the group", {each.group for each in checks.values() if each.group})
    _require(tags, "has the tag", {tag for each in checks.values() for tag in each.tags})
    if names or groups or tags:
        chosen = {
            each.name
            for each in checks.values()
            if each.name in names or each.group in groups or each.tags & set(tags)
        }
    else:
        chosen = {each.name for each in checks.values() if full or ON_DEMAND not in each.tags}
    if not chosen:
        raise Refused("every check there has the tag 'full': give --full to run them")
    needed = _with_dependencies(checks, chosen)
    kept = [[each for each in group if each.name in needed] for group in found]
    return [group for group in kept if group]


def _require(wanted: Sequence[str], kind: str, known: Collection[str]) -> None:
    for one in wanted:
        if one not in known:
            near = get_close_matches(one, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else "see obskit check list"
            raise Refused(f"no check {kind} {one!r}: {hint}")


def _with_dependencies(checks: Mapping[str, Check], names: set[str]) -> set[str]:
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += checks[name].depends_on
    return wanted
