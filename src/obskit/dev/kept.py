"""The tables that an archive keeps signals in, and how they are filled and emptied."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from obskit import names
from obskit.dev.entry import Entry, entry_of
from obskit.dev.packed import Kept, kind_of, pack, unpack
from obskit.dev.stories import ERRORS, LINES, SPANS
from obskit.stories.signals import Error, Line, Refused, Span
from obskit.stories.story import Story

_MOST_OF_STORY = {"span": SPANS, "line": LINES, "error": ERRORS}
_STORY_BYTES = 4 * 1024 * 1024
# What belongs to no story, and what one of it may hold.
_MOST_LOOSE = 1_000
_LOOSE_BYTES = 64 * 1024
_MOST_CHECKS = 1_000
#: The number of the story that holds what belongs to none.
LOOSE = 0

_SCHEMA = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF;
CREATE TABLE stories (
    number INTEGER PRIMARY KEY AUTOINCREMENT, trace_id TEXT UNIQUE, changed INTEGER,
    bytes INTEGER DEFAULT 0, cut INTEGER DEFAULT 0, request_ids TEXT, title TEXT, routes TEXT,
    services TEXT, status INTEGER, failed INTEGER, is_check INTEGER, entry TEXT
);
CREATE INDEX by_change ON stories (changed);
CREATE TABLE signals (story INTEGER, kind TEXT, id TEXT, data TEXT, UNIQUE (story, kind, id));
CREATE TABLE checks (service TEXT, name TEXT, data TEXT, PRIMARY KEY (service, name));
CREATE TABLE totals (stories INTEGER, bytes INTEGER);
INSERT INTO totals VALUES (0, 0);
CREATE TRIGGER added AFTER INSERT ON stories BEGIN
    UPDATE totals SET stories = stories + 1;
END;
CREATE TRIGGER grown AFTER UPDATE OF bytes ON stories BEGIN
    UPDATE totals SET bytes = bytes + new.bytes - old.bytes;
END;
CREATE TRIGGER removed AFTER DELETE ON stories BEGIN
    UPDATE totals SET stories = stories - 1, bytes = bytes - old.bytes;
    DELETE FROM signals WHERE story = old.number;
END;
"""


def made() -> sqlite3.Connection:
    """Return an empty database in a file without a name.

    Not SQLite's own temporary one: where the disk is full, that cannot even be read.

    Raises:
        OSError: There is no room, or no folder for temporary files.
    """
    try:
        # With the folder the name goes, and the file with the process.
        with tempfile.TemporaryDirectory(
            prefix="obskit-dev-", ignore_cleanup_errors=True
        ) as folder:
            database = sqlite3.connect(Path(folder) / "stories", check_same_thread=False)
            database.executescript(_SCHEMA)
    except (OSError, sqlite3.Error) as error:
        raise OSError(
            f"stories cannot be kept in {tempfile.gettempdir()}: {error}:"
            " make room there, or set TMPDIR to another folder"
        ) from error
    return database


def keep(
    database: sqlite3.Connection, signals: Sequence[Kept], change: int, counts: Counter[str]
) -> int:
    """Write signals to their stories.

    Args:
        database: What `made` made.
        signals: What arrived.
        change: The newest change.
        counts: Where losses are counted.

    Returns:
        The newest change after these.
    """
    touched: dict[str, int] = {}
    for signal in signals:
        if isinstance(signal, Line) and signal.event_name == names.EVENT_CHECK:
            _keep_result(database, signal, counts)
            if not signal.trace_id:
                continue
        if isinstance(signal, Refused) or not signal.trace_id:
            _keep_loose(database, signal, counts)
            continue
        if signal.trace_id not in touched:
            touched[signal.trace_id] = _number(database, signal.trace_id)
        _keep(database, touched[signal.trace_id], signal)
    for number in touched.values():
        change += 1
        _sum_up(database, number, change)
    return change


def shed(database: sqlite3.Connection, most: int, most_bytes: int) -> int:
    """Remove the oldest stories until the rest is within the bounds.

    Returns:
        How many were removed.
    """
    removed = 0
    while True:
        stories, size = database.execute("SELECT stories, bytes FROM totals").fetchone()
        if stories <= most and (size <= most_bytes or stories == 1):
            return removed
        database.execute("DELETE FROM stories WHERE number = (SELECT min(number) FROM stories)")
        removed += 1


def signals_of(database: sqlite3.Connection, number: int) -> list[Kept]:
    """Return the signals of a story in the order of their arrival."""
    rows = database.execute(
        "SELECT kind, data FROM signals WHERE story = ? ORDER BY rowid", [number]
    )
    return [unpack(kind, data) for kind, data in rows]


def story_of(database: sqlite3.Connection, number: int) -> Story | None:
    """Return a story, None when it is not kept any more."""
    row = database.execute("SELECT trace_id, cut FROM stories WHERE number = ?", [number])
    found = row.fetchone()
    if found is None:
        return None
    trace_id, cut = found
    signals = signals_of(database, number)
    lines = [signal for signal in signals if isinstance(signal, Line)]
    return Story(
        trace_id=trace_id,
        spans=tuple(signal for signal in signals if isinstance(signal, Span)),
        lines=tuple(sorted(lines, key=lambda line: line.time)),
        reported=tuple(signal for signal in signals if isinstance(signal, Error)),
        cut=cut,
    )


def entry_from(text: str) -> Entry:
    """Read the entry of a story."""
    fields: list[Any] = [
        tuple(field) if isinstance(field, list) else field for field in json.loads(text)
    ]
    return Entry(*fields)


def _number(database: sqlite3.Connection, trace_id: str) -> int:
    trace_id = _whole(trace_id)
    row = database.execute("SELECT number FROM stories WHERE trace_id = ?", [trace_id]).fetchone()
    if row is None:
        done = database.execute("INSERT INTO stories (trace_id) VALUES (?)", [trace_id])
        return int(done.lastrowid or 0)
    return int(row[0])


def _keep(database: sqlite3.Connection, number: int, signal: Span | Line | Error) -> None:
    kind, data = kind_of(signal), pack(signal)
    # A sender that missed the answer sends its batch again: what has an id is kept once.
    own_id = getattr(signal, {"span": "span_id", "error": "event_id"}.get(kind, ""), "")
    place = [number, kind, _whole(own_id) or None]
    same = "SELECT 1 FROM signals WHERE story = ? AND kind = ? AND id = ?"
    if database.execute(same, place).fetchone():
        return
    few = "SELECT count(*) FROM signals WHERE story = ? AND kind = ?"
    has = database.execute(few, place[:2]).fetchone()[0]
    size = database.execute("SELECT bytes FROM stories WHERE number = ?", [number]).fetchone()[0]
    if has >= _MOST_OF_STORY[kind] or size + len(data) > _STORY_BYTES:
        database.execute("UPDATE stories SET cut = cut + 1 WHERE number = ?", [number])
        return
    database.execute("INSERT INTO signals VALUES (?, ?, ?, ?)", [*place, data])
    database.execute(
        "UPDATE stories SET bytes = bytes + ? WHERE number = ?", [len(data.encode()), number]
    )


def _keep_loose(database: sqlite3.Connection, signal: Kept, counts: Counter[str]) -> None:
    data = pack(signal)
    if len(data) > _LOOSE_BYTES:
        counts["signals too large to keep"] += 1
        return
    database.execute("INSERT INTO signals VALUES (?, ?, NULL, ?)", [LOOSE, kind_of(signal), data])
    (kept,) = database.execute("SELECT count(*) FROM signals WHERE story = ?", [LOOSE]).fetchone()
    if kept > _MOST_LOOSE:
        oldest = (
            "DELETE FROM signals WHERE rowid = (SELECT min(rowid) FROM signals WHERE story = ?)"
        )
        database.execute(oldest, [LOOSE])
        counts["signals without a story fallen out"] += 1


def _keep_result(database: sqlite3.Connection, line: Line, counts: Counter[str]) -> None:
    key = [_whole(line.service), _whole(str(line.attributes.get(names.CHECK_NAME) or "?"))]
    known = "SELECT 1 FROM checks WHERE service = ? AND name = ?"
    (kept,) = database.execute("SELECT count(*) FROM checks").fetchone()
    data = pack(line)
    if (kept >= _MOST_CHECKS and not database.execute(known, key).fetchone()) or (
        len(data) > _LOOSE_BYTES
    ):
        counts["check results not kept"] += 1
        return
    database.execute("INSERT OR REPLACE INTO checks VALUES (?, ?, ?)", [*key, data])


def _sum_up(database: sqlite3.Connection, number: int, change: int) -> None:
    story = story_of(database, number)
    if story is None:
        return
    entry = entry_of(story)
    columns = {
        "changed": change,
        "request_ids": "\n".join(entry.request_ids),
        "title": entry.title,
        "routes": "\n".join(entry.routes),
        "services": "".join(f"\n{service}\n" for service in entry.services),
        "status": entry.status,
        "failed": entry.failed,
        "is_check": entry.is_check,
        "entry": json.dumps(list(vars(entry).values())),
    }
    settings = ", ".join(f"{column} = ?" for column in columns)
    database.execute(
        f"UPDATE stories SET {settings} WHERE number = ?",  # noqa: S608  # names of our own
        [*columns.values(), number],
    )


def _whole(text: str) -> str:
    # Sentry's JSON may hold half a character, which no file can.
    return text.encode("utf-8", "replace").decode()
