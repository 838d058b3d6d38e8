"""Forgets history in a database: what is too old, and the oldest where there is too much."""

from __future__ import annotations

from math import inf

from obskit.state.database import Database, Execute
from obskit.state.ending import SUCCESSES

#: The most that one transaction forgets, so that others wait for a moment only, and how many
#: transactions one call makes.
MOST, ROUNDS = 2_000, 20

_OLD_RUNS = """DELETE FROM history WHERE id IN (
    SELECT id FROM history WHERE service = ? AND started < ? ORDER BY started LIMIT ?)"""
# The last run of a job, and its last success, tell how it stands, however old they are.
_OLD_JOBS = """DELETE FROM jobs WHERE service = ? AND run_id IN (
    SELECT run_id FROM jobs AS one WHERE service = ? AND ended < ?
    AND ended < (SELECT max(ended) FROM jobs AS own
        WHERE own.service = one.service AND own.name = one.name)
    AND ended <> coalesce((SELECT max(ended) FROM jobs AS own
        WHERE own.service = one.service AND own.name = one.name AND own.outcome IN (?, ?)), -1)
    ORDER BY ended LIMIT ?)"""
_AGES = """SELECT started FROM (
    SELECT started FROM history WHERE service = ?
    UNION ALL SELECT ended FROM jobs WHERE service = ? AND ended IS NOT NULL) AS ages"""


def purge(database: Database, execute: Execute, service: str, before: float, max_bytes: int) -> int:
    """Forget inside a transaction.

    Args:
        database: Whose transaction it is.
        execute: Runs a statement in it.
        service: Whose history.
        before: What began before is too old.
        max_bytes: How much room it may take.

    Returns:
        How many runs are forgotten.
    """
    gone = _forget(execute, service, before, MOST)
    used = database.used(execute, max_bytes)
    if used <= max_bytes or gone == MOST:
        return gone
    (rows,) = execute(f"SELECT count(*) FROM ({_AGES}) AS all_ages", (service,) * 2).fetchone()  # noqa: S608
    few = min(surplus(rows, used, max_bytes), MOST - gone)
    row = execute(f"{_AGES} ORDER BY started LIMIT 1 OFFSET ?", (service, service, few)).fetchone()
    return gone + _forget(execute, service, row[0] if row else inf, few)


def surplus(rows: int, used: int, max_bytes: int) -> int:
    """How many of the oldest runs are too many, as if each took as much room.

    Args:
        rows: How many there are.
        used: How much room they take, bytes; more than they may.
        max_bytes: How much they may.

    >>> surplus(300, 1_500, 1_000)
    101
    """
    return int(rows * (used - max_bytes) / used) + 1


def _forget(execute: Execute, service: str, before: float, most: int) -> int:
    """Forget at most so many, the oldest first. How many it was."""
    gone = execute(_OLD_RUNS, (service, before, most)).rowcount
    if gone < most:
        parameters = (service, service, before, *SUCCESSES, most - gone)
        gone += execute(_OLD_JOBS, parameters).rowcount
    return gone
