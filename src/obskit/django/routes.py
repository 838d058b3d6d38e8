"""The template of the route that a request matched."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from django.urls import Resolver404, get_resolver, resolve

# Of a regular expression: how a group begins, a class of characters, a quantifier, what is escaped.
_TOKEN = re.compile(
    r"\(\?P<\w+>|\(\?<?[:=!]|\(|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d+(?:,\d*)?\}|\\.|.", re.DOTALL
)
_NOISE = frozenset(("^", "$", "?", "*", "+", r"\A", r"\Z", r"\z", r"\b", r"\B"))
_ANYTHING = "<var>"


def load() -> None:
    """Import the views, which declare checks too. Django does it with the first request alone."""
    _ = get_resolver().url_patterns


def route_of(request: Any) -> str | None:
    """The template of a request's route, or None where none has matched yet.

    Args:
        request: The request, as Django has it.
    """
    match = getattr(request, "resolver_match", None)
    return None if match is None else template(match.route)


def is_route(path: str) -> bool:
    """Whether the project has a route for just this path. One that takes any path does not count.

    Args:
        path: A path, with its slash.
    """
    try:
        return template(resolve(path).route) == path
    except Resolver404:
        return False


@lru_cache(maxsize=2_048)
def template(route: str) -> str:
    r"""A route as Django writes it, as people read it.

    Args:
        route: What `path` and `re_path` were given, joined.

    >>> template(r"^archive/(?P<year>[0-9]{4})/(?:page-(\d+)/)?$")
    '/archive/<year>/page-<var>/'
    >>> template("shop/<slug:name>/")
    '/shop/<slug:name>/'
    """
    open_groups: list[str] = []
    texts = [""]
    for match in _TOKEN.finditer(route):
        part = match[0]
        if part[0] == "(":
            open_groups.append(part)
            texts.append("")
        elif part == ")" and open_groups:
            within = texts.pop()
            texts[-1] += _of_group(open_groups.pop(), within)
        else:
            texts[-1] += _of_part(part)
    told = "".join(texts)
    return told if told.startswith("/") else f"/{told}"


def _of_group(beginning: str, within: str) -> str:
    if beginning.startswith("(?P<"):
        return beginning[3:]
    if beginning == "(?:":
        return _ANYTHING if "|" in within else within
    return _ANYTHING if beginning == "(" else ""  # what is only looked at


def _of_part(part: str) -> str:
    if part in _NOISE or (part[0] == "{" and len(part) > 1):
        return ""
    return part[1:] if part[0] == "\\" and not part[1:].isalnum() else part
