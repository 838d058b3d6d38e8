"""Deploys in a database."""

from __future__ import annotations

from obskit.state.database import Database
from obskit.state.deploys import MOST, Deploy

_FORGET = """DELETE FROM deploys WHERE service = ? AND environment = ? AND id NOT IN
    (SELECT id FROM deploys WHERE service = ? AND environment = ? ORDER BY id DESC LIMIT ?)"""


class SqlDeploys:
    """The `Deploys` of a service in a database.

    Args:
        database: Which.
        service: The service; others in the same database are not seen.
    """

    def __init__(self, database: Database, service: str) -> None:
        self._database = database
        self._service = service

    def mark(self, deploy: Deploy, *, again: bool) -> bool:
        """See `Deploys.mark`."""
        place = (self._service, deploy.environment)
        with self._database.writing() as execute:
            known = execute(
                "SELECT id FROM deploys WHERE service = ? AND environment = ? AND name = ? LIMIT 1",
                (*place, deploy.release),
            ).fetchone()
            if known and not again:
                return False
            execute(
                "INSERT INTO deploys (service, environment, name, began) VALUES (?, ?, ?, ?)",
                (*place, deploy.release, float(deploy.began)),
            )
            execute(_FORGET, (*place, *place, MOST))
        return True

    def latest(self, environment: str) -> Deploy | None:
        """See `Deploys.latest`."""
        return next(iter(self.recent(environment, 1)), None)

    def recent(self, environment: str, most: int) -> list[Deploy]:
        """See `Deploys.recent`."""
        with self._database.reading() as execute:
            rows = execute(
                "SELECT name, began FROM deploys WHERE service = ? AND environment = ?"
                " ORDER BY id DESC LIMIT ?",
                (self._service, environment, most),
            ).fetchall()
        return [Deploy(name, environment, began) for name, began in rows]
