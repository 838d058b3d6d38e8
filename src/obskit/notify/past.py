"""Who was told what, as the store keeps it from one look to the next."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType

from obskit.declaration import Severity

_log = logging.getLogger("obskit.notify")


@dataclass(frozen=True)
class Known:
    """What is known of one problem, and what was told of it. Times are seconds since the Unix epoch.

    Attributes:
        status: How it was found last.
        since: When that began.
        began: When it began to fail, if it does.
        judged: When it was found so first: what was found before tells nothing new.
        told: The status that people know of.
        told_at: When they were told, or 0.
        told_as: The highest severity of what they were told since it began; that far a recovery goes.
        quiet_until: Until when nothing but worse is told, because so much was told of late.
        storm: How many times it was told while the one before was no hour ago.
        worst: The gravest status that nobody was told of, or ok.
        missed: How many times it failed and mended itself, and nobody was told.
    """

    status: str = "ok"
    since: float = 0.0
    began: float = 0.0
    judged: float = 0.0
    told: str = "ok"
    told_at: float = 0.0
    told_as: Severity = "sev3"
    quiet_until: float = 0.0
    storm: int = 0
    worst: str = "ok"
    missed: int = 0


@dataclass(frozen=True)
class Past:
    """All that is known from before.

    Attributes:
        known: By the key of the problem. What is not in it was ok, and nobody was told otherwise.
        digest: When the last digest was decided, seconds since the Unix epoch, or 0.
        lost: By channel, how many messages were given up.
    """

    known: Mapping[str, Known] = field(default_factory=lambda: MappingProxyType({}))
    digest: float = 0.0
    lost: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def write(past: Past) -> str:
    """A past as one line of text.

    >>> write(Past(digest=7.0))
    '{"digest":7.0,"known":{},"lost":{}}'
    """
    told = {
        "known": {key: asdict(one) for key, one in past.known.items()},
        "digest": past.digest,
        "lost": dict(past.lost),
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def read(text: str) -> Past:
    """A past as it was written, by this version or a later one that knows more; none of no text.

    Raises:
        ValueError: It is none.
    """
    if not text:
        return Past()
    try:
        found = json.loads(text)
        names = {each.name for each in fields(Known)}
        known = {
            key: Known(**{name: value for name, value in one.items() if name in names})
            for key, one in found["known"].items()
        }
        return Past(known, float(found["digest"]), dict(found["lost"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"what is kept of notifications cannot be read: {error}") from error


def recall(text: str) -> Past:
    """The same; none where it cannot be read, which is logged: told twice is better than never."""
    try:
        return read(text)
    except ValueError as error:
        _log.error("%s: everything is told anew", error)
        return Past()
