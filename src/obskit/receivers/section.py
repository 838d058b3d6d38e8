"""One table of the file while it is read, which collects what is wrong in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, overload
from urllib.parse import urlsplit

from obskit.declared_values import shown
from obskit.duration import format_duration, parse_duration
from obskit.receivers.secret import Secret, Variable

_T = TypeVar("_T")
_D = TypeVar("_D")
_MASKED = "[masked]"
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*", re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


class Section:
    """A table, its place, and the problems of the whole file.

    Args:
        given: What stands in the file.
        place: What the file calls it, such as ``[working_hours]``; empty for the file itself.
        problems: Where one sentence is added for each wrong value.
    """

    def __init__(self, given: object, place: str, problems: list[str]) -> None:
        self.place = place
        self.problems = problems
        self._asked: list[str] = []
        self._table: Mapping[str, Any] = given if isinstance(given, dict) else {}
        if not isinstance(given, dict):
            # A webhook's URL is a secret as a whole.
            told = _MASKED if "://" in str(given) else shown(given)
            problems.append(f"{place} is {told}: use a table")

    @property
    def keys(self) -> tuple[str, ...]:
        """What is given in it, in its order."""
        return tuple(self._table)

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def inner(self, key: str, place: str | None = None) -> Section:
        """A table within this one; empty where none is given."""
        self._asked.append(key)
        where = place or f"[{key}]"
        return Section(self._table.get(key, {}), where, self.problems)

    @overload
    def take(self, key: str, read: Callable[[Any], _T]) -> _T | None: ...
    @overload
    def take(self, key: str, read: Callable[[Any], _T], default: _D) -> _T | _D: ...
    def take(self, key: str, read: Callable[[Any], Any], default: Any = None) -> Any:
        """A value, or the default where it is not given or wrong."""
        self._asked.append(key)
        if key not in self._table:
            return default
        given = self._table[key]
        try:
            return read(given)
        except ValueError as wrong:
            # Whoever takes a secret for the path of its file must not find it in a log.
            # So too a URL that lacks its scheme: a webhook's is a secret as a whole.
            secret = key == "url" or key.endswith(("_file", "_env")) or "://" in str(given)
            told = _MASKED if secret else shown(given)
            self.wrong(key, f"is {told}: {wrong}")
            return default

    def secret(self, key: str, *, needed: bool = True) -> Secret | None:
        """Where a secret stands: `…_file` names a file, `…_env` a variable. None where neither does."""
        file, env = f"{key}_file", f"{key}_env"
        if env not in self:
            return self.need(file, secret_file) if needed else self.take(file, secret_file)
        if file in self:
            self.wrong(file, f"and {env}: give one of both")
        self._asked.append(file)
        return self.take(env, variable)

    def need(self, key: str, read: Callable[[Any], _T]) -> _T | None:
        """A value without which the file means nothing; None where it is missing or wrong."""
        # Who writes the secret itself is told so, and not that its file is missing.
        if key not in self._table and key.removesuffix("_file") not in self._table:
            self.wrong(key, "is missing: give it")
        return self.take(key, read)

    def wrong(self, key: str, problem: str) -> None:
        """Note a problem with one of its values."""
        self.problems.append(f"{f'{self.place} {key}'.strip()} {problem}")

    def end(self) -> None:
        """Note what nobody asked for."""
        for key in self._table:
            if key in self._asked:
                continue
            if f"{key}_file" in self._asked:
                self.wrong(
                    key,
                    "is a secret and must not stand here: write it into a file that only its reader"
                    f" may open, and give the path of that as {key}_file",
                )
                continue
            near = get_close_matches(key, self._asked, 1)
            hint = f"did you mean {near[0]}?" if near else f"use {', '.join(self._asked)}"
            self.wrong(key, f"is not known: {hint}")


def text(given: object) -> str:
    """Text that is not empty."""
    if isinstance(given, str) and given.strip():
        return given
    raise ValueError("use text")


def texts(given: object) -> tuple[str, ...]:
    """One text or several."""
    many = given if isinstance(given, list) else [given]
    if not many:
        raise ValueError("use text, or a list of at least one")
    return tuple(text(one) for one in many)


def flag(given: object) -> bool:
    """True or false."""
    if isinstance(given, bool):
        return given
    raise ValueError("use true or false")


def count(given: object) -> int:
    """How many."""
    if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        return given
    raise ValueError("use a whole number from 0")


def number(given: object) -> int:
    """A whole number, below zero too."""
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    raise ValueError("use a whole number")


def secret_file(given: object) -> Path:
    """The path of a file that holds a secret."""
    if isinstance(given, str) and given.startswith("/"):
        return Path(given)
    raise ValueError("use the absolute path of a file that holds it")


def variable(given: object) -> Variable:
    """The name of an environment variable that holds what is meant."""
    if isinstance(given, str) and _VARIABLE.fullmatch(given):
        return Variable(given)
    raise ValueError("use the name of an environment variable that holds it")


def address(given: object) -> str:
    """An address of mail."""
    if isinstance(given, str) and _ADDRESS.fullmatch(given):
        return given
    raise ValueError("use an address such as team@example.org")


def addresses(given: object) -> tuple[str, ...]:
    """One address or several."""
    return tuple(address(one) for one in texts(given))


def url(given: object) -> str:
    """A URL that holds no secret."""
    if isinstance(given, str):
        parts = urlsplit(given)
        if parts.username or parts.password or parts.query:
            raise ValueError("it may hold a secret: write it into a file and give url_file")
        if parts.scheme in {"http", "https"} and parts.hostname:
            return given
    raise ValueError("use a URL of http or https")


def mail_server(given: object) -> tuple[str, int]:
    """A host and a port."""
    host, _, port = given.rpartition(":") if isinstance(given, str) else ("", "", "")
    if host and port.isascii() and port.isdigit() and 0 < int(port) < 2**16:
        return host, int(port)
    raise ValueError("use a host and a port, such as mail.example.org:587")


def span(least: str, most: str) -> Callable[[object], float]:
    """A span of time within limits, seconds."""

    def read(given: object) -> float:
        shortest, longest = parse_duration(least), parse_duration(most)
        if isinstance(given, str) and shortest <= parse_duration(given) <= longest:
            return parse_duration(given)
        raise ValueError(f"use {format_duration(shortest)} to {format_duration(longest)}")

    return read
