"""How a value is read: text from the environment, or a native value from a file or an argument."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from obskit.config.pattern import repeats_within_repeats

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# RFC 9110, section 5.1: a field's name is a token.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STREAM = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_PATH = re.compile(r"/[A-Za-z0-9/._~-]+")
_OWN_STREAMS = ("app", "error", "audit")
# gRPC's form of an endpoint: a name or an address, and a port.
_HOST_AND_PORT = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")


@dataclass(frozen=True)
class Value:
    """A kind of value.

    Attributes:
        parse: Turns what was given into the value, or raises `ValueError` or `TypeError`, never
            another.
        allowed: What is allowed, as it ends an error message: "use …".
    """

    parse: Callable[[Any], Any]
    allowed: str


def _text(given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValueError
    return given.strip()


def _boolean(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    text = _text(given).lower()
    if text not in {"true", "false"}:
        raise ValueError
    return text == "true"


def _level(given: Any) -> str:
    name = _text(given).upper()
    name = {"WARN": "WARNING", "FATAL": "CRITICAL", "TRACE": "DEBUG"}.get(name, name)
    if name not in LEVELS:
        raise ValueError
    return name


def _pairs(given: Any) -> dict[str, str]:
    if isinstance(given, Mapping):
        return {_text(key): str(value) for key, value in given.items()}
    pairs = (item.partition("=") for item in _text(given).split(",") if item.strip())
    return {_text(unquote(key)): unquote(value.strip()) for key, _, value in map(_whole, pairs)}


def _whole(pair: tuple[str, str, str]) -> tuple[str, str, str]:
    if not pair[1]:
        raise ValueError
    return pair


def _headers(given: Any) -> dict[str, str]:
    headers = _pairs(given)
    for name, value in headers.items():
        # Anything else is refused by the transports, at every single export.
        if not _HEADER_NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
            raise ValueError
    return headers


def _names(given: Any) -> tuple[str, ...]:
    items = given if isinstance(given, (list, tuple)) else _text(given).split(",")
    return tuple(_text(item) for item in items if str(item).strip())


def _patterns(given: Any) -> tuple[str, ...]:
    patterns = _names(given)
    for pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError from error
    return patterns


def _masks(given: Any) -> tuple[str, ...]:
    patterns = _patterns(given)
    for pattern in patterns:
        if re.compile(pattern).search("") or repeats_within_repeats(pattern):
            raise ValueError
    return patterns


def _endpoint(given: Any) -> str:
    text = _text(given)
    if _HOST_AND_PORT.fullmatch(text):
        return text
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _is_one_word(text):
        raise ValueError
    _ = parts.port  # raises ValueError when it is no number
    return urlunsplit(parts)


def _is_one_word(text: str) -> bool:
    return text.isprintable() and " " not in text


def _levels(given: Any) -> dict[str, str]:
    return {logger: _level(level) for logger, level in _pairs(given).items()}


def _streams(given: Any) -> dict[str, str]:
    streams = {name: _text(chosen) for name, chosen in _pairs(given).items()}
    if not all(_STREAM.fullmatch(name) and name not in _OWN_STREAMS for name in streams):
        raise ValueError
    return streams


def _folder(given: Any) -> str:
    # A host may change its working directory later.
    return str(Path(_text(given)).absolute())


def _days_by_level(given: Any) -> dict[str, float]:
    return {_level(level): _DAYS.parse(days) for level, days in _pairs(given).items()}


def _mapping(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise TypeError
    return dict(given)


def _callable(given: Any) -> Callable[..., Any]:
    if isinstance(given, str):
        try:
            given = resolve_name(given)
        except Exception as error:  # whatever the host's module raises
            raise ValueError from error
    if not callable(given):
        raise TypeError
    function: Callable[..., Any] = given
    return function


def _trust(given: Any) -> str | tuple[str, ...]:
    if isinstance(given, str) and given.strip().lower() in {"ids", "always", "never"}:
        return given.strip().lower()
    networks = _networks(given)
    if not networks:
        raise ValueError
    return networks


def _networks(given: Any) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(network, strict=False)) for network in _names(given))


def _path(given: Any) -> str:
    text = _text(given)
    if not _PATH.fullmatch(text):
        raise ValueError
    return text


def one_of(*names: str) -> Value:
    """One of a few words."""

    def parse(given: Any) -> str:
        text = _text(given).lower()
        if text not in names:
            raise ValueError
        return text

    return Value(parse, ", ".join(names[:-1]) + f" or {names[-1]}" if len(names) > 1 else names[0])


def integer(least: int, most: int) -> Value:
    """A whole number within bounds."""

    def parse(given: Any) -> int:
        number = int(given) if isinstance(given, str) else given
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise ValueError
        return number

    return Value(parse, f"a whole number from {least} to {most}")


def number(least: float, most: float) -> Value:
    """A number within bounds."""

    def parse(given: Any) -> float:
        value = float(given) if isinstance(given, str) else given
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError
        if not least <= value <= most:
            raise ValueError
        return float(value)

    return Value(parse, f"a number from {least:g} to {most:g}")


_DAYS = number(0, 36_500)
TEXT = Value(_text, "text that is not empty")
FOLDER = Value(_folder, "the path of a folder")
PATH = Value(_path, "a path such as /-/page-views: a slash, then letters, digits, / . _ ~ and -")
BOOLEAN = Value(_boolean, "true or false")
LEVEL = Value(_level, ", ".join(LEVELS))
LEVEL_PAIRS = Value(_levels, f"logger=LEVEL,logger=LEVEL with a level of {', '.join(LEVELS)}")
STREAMS = Value(
    _streams,
    "stream=logger,stream=field=value with streams of small letters, digits, _ and -, other than"
    f" {', '.join(_OWN_STREAMS)}; several loggers and fields are separated by spaces",
)
DAYS_BY_LEVEL = Value(_days_by_level, "LEVEL=days,LEVEL=days with days from 0 to 36500")
PAIRS = Value(_pairs, "key=value,key=value (percent-encode commas and equals signs)")
NAMES = Value(_names, "names separated by commas")
HEADERS = Value(
    _headers, "name=value,name=value in printable ASCII (percent-encode commas and equals signs)"
)
PATTERNS = Value(_patterns, "regular expressions separated by commas")
MASKS = Value(
    _masks,
    "regular expressions separated by commas, none of which matches nothing at all or repeats what"
    " repeats, as (a+)+ does",
)
ENDPOINT = Value(_endpoint, "an http:// or https:// URL with a host, or host:port with gRPC")
CALLABLE = Value(_callable, "a function, or where one can be imported: package.module:name")
MAPPING = Value(_mapping, "a table of options")
NETWORKS = Value(_networks, "networks such as 10.0.0.0/8,192.168.0.0/16")
TRUST = Value(_trust, "ids, always, never or networks such as 10.0.0.0/8,192.168.0.0/16")


def level_number(level: str) -> int:
    """The number that `logging` gives to a level.

    >>> level_number("WARNING")
    30
    """
    return int(logging.getLevelName(level))
