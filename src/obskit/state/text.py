"""Records as text, the same in every store: what is read is the same wherever it was kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import orjson

from obskit.exceptions import StoreError
from obskit.state.store import JobRun, Run, Silence

Record = TypeVar("Record", Run, Silence, JobRun)
# Asked for once: a page reads thousands of records.
_NAMES = {kind: frozenset(one.name for one in fields(kind)) for kind in (Run, Silence, JobRun)}
_NO_DETAILS: dict[str, Any] = {"details": {}, "evidence": ()}


def write(record: Run | Silence | JobRun) -> str:
    """A record as one line of ASCII.

    Raises:
        StoreError: Something in it cannot be written.
    """
    return dump(vars(record))


def dump(given: Mapping[str, Any]) -> str:
    """Names and values as one line of ASCII, in the order of the names.

    Raises:
        StoreError: Something in it cannot be written.

    >>> dump({"b": True, "a": (1, None)})
    '{"a":[1,null],"b":true}'
    """
    try:
        return json.dumps(given, sort_keys=True, separators=(",", ":"), default=_plain)
    except Exception as error:  # whatever stands in the details
        raise StoreError(f"cannot be kept: {type(error).__name__}: {error}") from error


def read(kind: type[Record], text: str) -> Record:
    """A record as it was written, by this version or a later one that knows more fields.

    Raises:
        StoreError: It is no record.
    """
    try:
        found = json.loads(text)
        if "evidence" in found:
            found["evidence"] = tuple(found["evidence"])
        if found.keys() == _NAMES[kind]:
            return _made(kind, found)
        return kind(**{name: value for name, value in found.items() if name in _NAMES[kind]})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(f"what is kept is no {kind.__name__}: {error}") from error


def outline(text: str) -> Run:
    """A run without its details and evidence, in a fraction of the time: for thousands of them.

    Raises:
        StoreError: It is no run.
    """
    try:
        found = orjson.loads(text)
        if found.keys() == _NAMES[Run]:
            return _made(Run, {**found, **_NO_DETAILS})
    except (ValueError, TypeError, AttributeError):  # such as half of a surrogate pair
        pass
    return replace(read(Run, text), **_NO_DETAILS)


def _made(kind: type[Record], fields: Mapping[str, Any]) -> Record:
    """A record of all its fields: its own way of being made takes longer than all the rest."""
    record = object.__new__(kind)
    vars(record).update(fields)
    return record


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)
