"""Notifications in a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from obskit.state.database import Database, Execute
from obskit.state.notices import Noted, Notice

# In the order of the fields of `Notice`.
_COLUMNS = "name, channel, made, body, due, tries, why"
# The first of each channel alone: while it waits, those behind it do.
_NEXT = f"""SELECT {_COLUMNS} FROM notices AS one WHERE service = ? AND due <= ?
    AND id = (SELECT min(id) FROM notices AS own
        WHERE own.service = one.service AND own.channel = one.channel)
    ORDER BY id LIMIT 1"""  # noqa: S608 - no value is in it


class SqlNotices:
    """The `Notices` of a service in a database.

    Args:
        database: Which.
        service: The service; others in the same database are not seen.
    """

    def __init__(self, database: Database, service: str) -> None:
        self._database = database
        self._service = service

    def noted(self) -> Noted:
        """See `Notices.noted`."""
        with self._database.reading() as execute:
            return self._noted(execute)

    def note(self, text: str, after: int, notices: Iterable[Notice] = ()) -> bool:
        """See `Notices.note`."""
        with self._database.writing() as execute:
            if self._noted(execute).number != after:
                return False
            execute(
                "INSERT INTO noted (service, number, body) VALUES (?, ?, ?)"
                " ON CONFLICT (service)"
                " DO UPDATE SET number = excluded.number, body = excluded.body",
                (self._service, after + 1, text),
            )
            for each in notices:
                execute(
                    f"INSERT INTO notices (service, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                    (self._service, *vars(each).values()),
                )
        return True

    def waiting(self) -> list[Notice]:
        """See `Notices.waiting`."""
        with self._database.reading() as execute:
            rows = execute(
                f"SELECT {_COLUMNS} FROM notices WHERE service = ? ORDER BY id",  # noqa: S608
                (self._service,),
            ).fetchall()
        return [Notice(*row) for row in rows]

    def take(self, now: float, until: float) -> Notice | None:
        """See `Notices.take`."""
        with self._database.writing() as execute:
            row = execute(_NEXT, (self._service, now)).fetchone()
            if row is None:
                return None
            taken = Notice(*row)
            taken = replace(taken, due=until, tries=taken.tries + 1)
            execute(
                "UPDATE notices SET due = ?, tries = ? WHERE service = ? AND name = ?",
                (taken.due, taken.tries, self._service, taken.key),
            )
        return taken

    def put_back(self, key: str, due: float, why: str) -> None:
        """See `Notices.put_back`."""
        with self._database.writing() as execute:
            execute(
                "UPDATE notices SET due = ?, why = ? WHERE service = ? AND name = ?",
                (due, why, self._service, key),
            )

    def drop(self, key: str) -> bool:
        """See `Notices.drop`."""
        with self._database.writing() as execute:
            gone = execute(
                "DELETE FROM notices WHERE service = ? AND name = ?", (self._service, key)
            )
            return gone.rowcount > 0

    def _noted(self, execute: Execute) -> Noted:
        row = execute(
            "SELECT number, body FROM noted WHERE service = ?", (self._service,)
        ).fetchone()
        return Noted(*row) if row else Noted(0, "")
