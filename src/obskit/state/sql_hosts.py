"""The hosts of a service in a database."""

from __future__ import annotations

from obskit.state import text
from obskit.state.database import Database, Execute
from obskit.state.store import Run

_LATEST = "SELECT body FROM latest_of_hosts WHERE service = ? AND started >= ?"


class SqlHosts:
    """The `Hosts` of a service in a database.

    Args:
        database: Which.
        service: The service; others in the same database are not seen.
    """

    def __init__(self, database: Database, service: str) -> None:
        self._database = database
        self._service = service

    def keep(self, execute: Execute, run: Run, body: str) -> None:
        """Keep a run as the latest of its host, inside a transaction.

        Args:
            execute: Runs a statement in it.
            run: The run.
            body: Its text.
        """
        if run.host:
            execute(
                "INSERT INTO latest_of_hosts (service, host, name, started, body)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (service, host, name) DO UPDATE SET"
                " started = excluded.started, body = excluded.body",
                (self._service, run.host, run.check, run.started, body),
            )

    def latest(self, since: float, host: str | None = None) -> list[Run]:
        """See `Hosts.latest`."""
        own, asked = ("", ()) if host is None else (" AND host = ?", (host,))
        statement = f"{_LATEST}{own} ORDER BY name, host"
        with self._database.reading() as execute:
            rows = execute(statement, (self._service, since, *asked)).fetchall()
        return [text.read(Run, body) for (body,) in rows]

    def tell(self, host: str, heard: float, told: str) -> None:
        """See `Hosts.tell`."""
        with self._database.writing() as execute:
            execute(
                "INSERT INTO hosts (service, host, heard, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (service, host) DO UPDATE SET"
                " heard = excluded.heard, body = excluded.body",
                (self._service, host, heard, told),
            )

    def told(self, since: float) -> dict[str, str]:
        """See `Hosts.told`."""
        with self._database.reading() as execute:
            rows = execute(
                "SELECT host, body FROM hosts WHERE service = ? AND heard >= ? ORDER BY host",
                (self._service, since),
            ).fetchall()
        return dict(rows)

    def forget(self, execute: Execute, before: float) -> None:
        """Forget hosts that were not heard of since then, inside a transaction.

        Args:
            execute: Runs a statement in it.
            before: Seconds since the Unix epoch.
        """
        for table, moment in (("latest_of_hosts", "started"), ("hosts", "heard")):
            execute(
                f"DELETE FROM {table} WHERE service = ? AND {moment} < ?",  # noqa: S608
                (self._service, before),
            )
