"""Lines of log files as they are read, from compressed files too."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import orjson

from obskit.logfiles import naming

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)
# Where a killed process left a part of a line that another writer continued, a whole one begins.
_BEGINNING = b'{"timestamp":"'


class Line(NamedTuple):
    """A line of a log file.

    Attributes:
        time: As RFC 3339 in UTC; that of the line before where it has none.
        stream: The stream.
        text: The line as it stands there.
        fields: What it says; empty where it is no JSON.
    """

    time: str
    stream: str
    text: str
    fields: Mapping[str, Any]

    @property
    def level(self) -> int:
        """The number of its level; INFO where it has none."""
        return LEVELS.get(str(self.fields.get("level")), LEVELS["info"])


def lines(rows: Iterable[bytes], stream: str) -> Iterator[Line]:
    """Rows of a file as lines.

    Args:
        rows: The rows; empty ones are left out.
        stream: Whose they are.
    """
    time = ""
    for row in rows:
        stripped = row.strip()
        if stripped:
            fields = _fields(stripped)
            time = str(fields.get("timestamp") or time)
            yield Line(time, stream, stripped.decode("utf-8", "replace"), fields)


def _fields(row: bytes) -> Mapping[str, Any]:
    for beginning in (0, row.rfind(_BEGINNING)):
        if beginning >= 0:
            with suppress(orjson.JSONDecodeError):
                found = orjson.loads(row[beginning:])
                return found if isinstance(found, dict) else {}
    return {}


def rows_of(path: Path) -> Iterator[bytes]:
    """The rows of a file, compressed or not, also where it is compressed or thinned meanwhile.

    What can be read of a damaged file is read.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be read.
    """
    opened = _opened(path)
    if opened is None:
        return
    with opened:
        try:
            yield from opened
        except _BROKEN:
            return


def _opened(path: Path) -> BinaryIO | None:
    """The file, or what has become of it; None where nothing is left."""
    one = naming.read(path)
    beside = [] if one is None else sorted(path.parent.glob(f"{one.stream}.log-{one.when}*.gz"))
    for candidate in (path, *beside):
        with suppress(FileNotFoundError):
            if candidate.suffix == naming.PACKED:
                return cast("BinaryIO", gzip.open(candidate))
            return candidate.open("rb")
    return None
