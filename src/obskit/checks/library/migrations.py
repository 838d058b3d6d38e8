"""Whether the database has the shape that the code expects: migrations of Alembic and of Django."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from obskit.checks.judge import Above, above
from obskit.checks.library.database import Database, Source
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, parse_duration
from obskit.exceptions import MissingExtra

_SHOWN = 50


@dataclass(frozen=True)
class Alembic:
    """How many revisions of Alembic the database lacks.

    The folder is read once: a process that runs has the code that it began with.

    Args:
        database: A URL, or an engine of SQLAlchemy.
        scripts: The folder of `env.py` and `versions`, which `script_location` names.
        version_table: The table that Alembic keeps the revision in.
        timeout: How long connecting, and then each query, may take.

    Returns:
        The number of revisions; critical where the database is at one that the code does not know.

    Raises:
        alembic.util.CommandError: The folder is none of Alembic's.

    >>> Alembic("sqlite:///shop.db", "migrations").default_judge(1).state
    'critical'
    """

    default_judge: ClassVar[Above] = above(critical=1)
    database: Source = field(repr=False)
    scripts: str | os.PathLike[str]
    version_table: str = "alembic_version"
    timeout: Duration = field(default=5.0, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what would be refused at each run."""
        self._database  # noqa: B018 - it is made once, and refuses what it cannot use

    def __call__(self) -> Measurement | CheckResult:
        """Compare them."""
        scripts = self._scripts
        from alembic.script.revision import RevisionError  # type: ignore[import-not-found,import-untyped,unused-ignore]
        from alembic.util import CommandError  # type: ignore[import-not-found,import-untyped,unused-ignore]

        current = self._database.ask_sqlalchemy(self._current)
        try:
            # As `alembic upgrade heads` does: a branch that was never begun counts from its base.
            missing = [
                script.revision
                for script in scripts.iterate_revisions(
                    "heads", current or "base", implicit_base=True
                )
            ]
        except (CommandError, RevisionError):
            return CheckResult.critical(
                f"the database is at {', '.join(current)}, which this code does not know:"
                " deploy the code that made it, or downgrade with that code first"
            )
        message = f"at {', '.join(current) or 'no revision'}"
        if missing:
            message += ": run alembic upgrade heads"
        return Measurement(len(missing), "{revision}", message, evidence=missing[::-1][:_SHOWN])

    def _current(self, connection: Any) -> tuple[str, ...]:
        from alembic.migration import MigrationContext  # type: ignore[import-not-found,import-untyped,unused-ignore]

        options = {"version_table": self.version_table}
        return tuple(MigrationContext.configure(connection, opts=options).get_current_heads())

    @cached_property
    def _database(self) -> Database:
        return Database(self.database, parse_duration(self.timeout))

    @cached_property
    def _scripts(self) -> Any:
        try:
            from alembic.script import ScriptDirectory  # type: ignore[import-not-found,import-untyped,unused-ignore]
        except ImportError as error:
            raise MissingExtra("alembic", "obskit.checks.library.migrations.Alembic") from error
        scripts = ScriptDirectory(os.fspath(self.scripts))
        scripts.get_heads()  # reads them
        return scripts


@dataclass(frozen=True)
class Django:
    """How many migrations of Django's apps the database lacks.

    How long connecting may take is the database's `OPTIONS` to say.

    Args:
        alias: The database's name in `DATABASES`.

    Returns:
        The number of migrations, with the first 50.

    >>> Django().alias
    'default'
    """

    default_judge: ClassVar[Above] = above(critical=1)
    alias: str = "default"

    def __call__(self) -> Measurement:
        """Compare them."""
        try:
            from django.db import InterfaceError, OperationalError, connections  # type: ignore[import-not-found,import-untyped,unused-ignore]
        except ImportError as error:
            raise MissingExtra("django", "obskit.checks.library.migrations.Django") from error
        connection = connections[self.alias]
        was_open = connection.connection is not None
        try:
            try:
                missing = self._missing(connection)
            except (InterfaceError, OperationalError):
                if not was_open:
                    raise
                connection.close()  # it may have died since it was last used
                missing = self._missing(connection)
        finally:
            if not was_open:  # each thread has its own, and this one may end
                connection.close()
        message = "run manage.py migrate" if missing else ""
        return Measurement(len(missing), "{migration}", message, evidence=missing[:_SHOWN])

    def _missing(self, connection: Any) -> list[str]:
        from django.db.migrations.executor import MigrationExecutor  # type: ignore[import-not-found,import-untyped,unused-ignore]

        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]
