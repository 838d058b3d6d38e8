"""`OBSKIT = {…}` of Django's settings: every option of obskit, and what only Django needs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from obskit import default_runtime
from obskit.config import OPTIONS, load
from obskit.duration import parse_duration
from obskit.exceptions import ConfigError
from obskit.probes import Probes
from obskit.registry import default_registry

_SLOW_QUERY = 0.5
_OF_INIT = " (from an argument of init)"
#: As `obskit.init` calls it.
_ENDPOINT = {"endpoint": "otlp.endpoint"}
_OPTIONS = frozenset(option.name for option in OPTIONS)


@dataclass(frozen=True)
class Settings:
    """What only Django needs. The rest of `OBSKIT` is for `obskit.init`.

    Attributes:
        prefix: What stands before `/livez`, `/readyz`, `/health` and `/metrics`.
        aliases: Further paths, each with what it stands for.
        health_access: Says of a request whether it may see what the checks say; or where that
            function is: `"shop.access.may_see_health"`.
        slow_query: How long a query may take before a line tells of it: `"500ms"`, seconds.
    """

    prefix: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    health_access: Callable[[Any], bool] | None = None
    slow_query: float = _SLOW_QUERY


def start() -> None:
    """Call `obskit.init` with the settings; a host without them may have called it by itself.

    Raises:
        ConfigError: Something is wrong; it lists everything that is, as `OBSKIT["…"]`.
        MissingExtra: Something needs a package that is not installed.
    """
    if not hasattr(settings, "OBSKIT") and default_runtime.configuration() is not None:
        return
    given = _given()
    arguments = {_ENDPOINT.get(name, name): value for name, value in given.items()}
    arguments = {name: value for name, value in arguments.items() if name in _OPTIONS}
    problems = _problems()
    try:
        load(arguments)
    except ConfigError as error:
        problems += [_named(problem) for problem in error.problems]
    if problems:
        raise ConfigError(problems)
    default_runtime.init(**arguments)


def into_environment() -> None:
    """Set the variables that stand for the settings: some commands read nothing else."""
    given = {_ENDPOINT.get(name, name): value for name, value in _given().items()}
    for option in OPTIONS:
        value = given.get(option.name)
        if option.env and isinstance(value, (str, int, float, Path)):
            text = str(value)
            os.environ[option.env[0]] = text.lower() if isinstance(value, bool) else text


@lru_cache(maxsize=1)
def current() -> Settings:
    """What the settings say of Django alone. Wrong values, which `start` refuses, count as not given."""
    return _read([])


def probes() -> Probes:
    """What answers the health paths."""
    found = current()
    return Probes(default_registry, found.prefix, aliases=found.aliases, access=found.health_access)


def _given() -> dict[str, Any]:
    found = getattr(settings, "OBSKIT", {})
    return dict(found) if isinstance(found, Mapping) else {}


def _problems() -> list[str]:
    problems: list[str] = []
    found = getattr(settings, "OBSKIT", {})
    if not isinstance(found, Mapping):
        return [f"OBSKIT is a {type(found).__name__}: use a dictionary of options"]
    own = Settings.__dataclass_fields__
    known = sorted({*_OPTIONS, *_ENDPOINT, *own})
    for name in found:
        if name not in known:
            near = get_close_matches(str(name).lower(), known, 1)
            hint = f'did you mean OBSKIT["{near[0]}"]?' if near else "remove it"
            problems.append(f'OBSKIT["{name}"] is not an option: {hint}')
    _read(problems)
    return problems


def _read(problems: list[str]) -> Settings:
    """Each option of our own by itself, so that one that is wrong hides no other."""
    given = _given()
    values: dict[str, Any] = {}
    for name, parse in _PARSERS.items():
        if given.get(name) is not None:
            try:
                values[name] = parse(given[name])
            except (ValueError, TypeError, ImportError) as error:
                problems.append(f'OBSKIT["{name}"] is {given[name]!r}: {error}'[:400])
    return Settings(**values)


def _prefix(given: Any) -> str:
    Probes(default_registry, given)
    return str(given)


def _aliases(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise TypeError('use a dictionary such as {"/api/health": "health"}')
    Probes(default_registry, aliases=given)
    return dict(given)


def _function(given: Any) -> Callable[[Any], bool]:
    found = import_string(given) if isinstance(given, str) else given
    if not callable(found):
        raise TypeError("use a function, or where one is, such as shop.access.may_see_health")
    return found  # type: ignore[no-any-return]


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "prefix": _prefix,
    "aliases": _aliases,
    "health_access": _function,
    "slow_query": parse_duration,
}


def _named(problem: str) -> str:
    """A sentence about an argument of `init`, as one about the settings."""
    if _OF_INIT not in problem:
        return problem
    name, _, rest = problem.partition(" ")
    name = "endpoint" if name == _ENDPOINT["endpoint"] and "endpoint" in _given() else name
    return f'OBSKIT["{name}"] {rest}'.replace(_OF_INIT, "")
