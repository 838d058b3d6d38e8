"""Finds lines in the files of a folder, in rotated and compressed ones too, in order of time."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from obskit.logfiles import naming
from obskit.logfiles.follow import Follower
from obskit.logfiles.lines import Line, lines
from obskit.logfiles.streams import ERROR


class Wanted(NamedTuple):
    """Which lines are sought.

    Attributes:
        level: The least level.
        request: The id of a request or a trace; None for all.
        since: The time from which on, as RFC 3339 in UTC; empty for all.
        pattern: What the line must match; None for all.
    """

    level: int = 0
    request: str | None = None
    since: str = ""
    pattern: re.Pattern[str] | None = None

    def takes(self, line: Line) -> bool:
        """Whether a line is one of them."""
        return (
            line.level >= self.level
            and line.time >= self.since
            and (self.request is None or self._is_of_request(line))
            and (self.pattern is None or self.pattern.search(line.text) is not None)
        )

    def _is_of_request(self, line: Line) -> bool:
        return self.request in {line.fields.get("request_id"), line.fields.get("trace_id")}


def chosen(folder: Path, streams: Iterable[str]) -> list[str]:
    """The streams that are searched: those named, or all but `error`, whose lines are in the others.

    Args:
        folder: The folder.
        streams: Their names.

    Raises:
        OSError: The folder cannot be read.
    """
    return list(streams) or [one for one in naming.streams(folder) if one != ERROR]


def search(followers: Sequence[Follower], wanted: Wanted, since: float = 0.0) -> Iterator[Line]:
    """The lines that were there when the followers were made, in order of time.

    Args:
        followers: Of each stream, the one that reads it.
        wanted: Which lines.
        since: The same instant in seconds since the Unix epoch: older files are not read.

    Raises:
        OSError: A file cannot be read.
    """
    found = [_of_stream(follower, wanted, since) for follower in followers]
    return heapq.merge(*found, key=lambda line: line.time)


def _of_stream(follower: Follower, wanted: Wanted, since: float) -> Iterator[Line]:
    needle = wanted.request.encode() if wanted.request else b""
    rows = (row for row in follower.past(since) if needle in row)
    return (line for line in lines(rows, follower.stream) if wanted.takes(line))
