"""Statements that read the past in a database; whose it is stands in `own`, where it is of one host."""

from __future__ import annotations

RUNS = """SELECT body FROM history WHERE service = ? AND name = ?{own}
    AND started >= ? AND started < ? ORDER BY started DESC, id DESC LIMIT ?"""
# From one value to the next that is far enough from it, so that those between cost nothing.
_NEXT = """SELECT started FROM history WHERE service = ? AND name = ?{{own}}
    AND started >= {} AND value IS NOT NULL ORDER BY started LIMIT 1"""
VALUES = f"""WITH RECURSIVE moments (moment) AS (
    SELECT ({_NEXT.format("?")}) UNION ALL
    SELECT ({_NEXT.format("moment + ?")}) FROM moments WHERE moment IS NOT NULL)
SELECT moment, (SELECT value FROM history WHERE service = ? AND name = ?{{own}}
    AND started = moment AND value IS NOT NULL ORDER BY id LIMIT 1)
FROM moments WHERE moment IS NOT NULL ORDER BY moment"""  # noqa: S608
# From where on each check's newest runs are so many; found by the index, and once for each check:
# because of its LIMIT no planner mixes the inner query with the outer one.
RECENT = """SELECT history.name, history.body FROM (
    SELECT service, name, COALESCE((SELECT started FROM history
        WHERE service = latest.service AND name = latest.name AND started >= ?
        ORDER BY started DESC LIMIT 1 OFFSET ?), ?) AS first
    FROM latest WHERE service = ?{} LIMIT ?) AS newest
JOIN history ON history.service = newest.service AND history.name = newest.name
    AND history.started >= newest.first"""
DURATIONS = """SELECT ended - started FROM jobs WHERE service = ? AND name = ?
    AND ended IS NOT NULL AND outcome <> 'lost' ORDER BY started DESC, run_id DESC LIMIT ?"""
