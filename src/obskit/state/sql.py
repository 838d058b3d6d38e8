"""The store in a database: the same statements for each kind of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import inf

from obskit.state import purging, text
from obskit.state.database import Database, Execute
from obskit.state.ending import RUNNING, ended, newest, telling
from obskit.state.leasing import Fence, Held, fenced, granted
from obskit.state.sql_deploys import SqlDeploys
from obskit.state.sql_hosts import SqlHosts
from obskit.state.sql_notices import SqlNotices
from obskit.state.statements import DURATIONS, RECENT, RUNS, VALUES
from obskit.state.store import Count, JobRun, Lease, Run, Silence

# Without a step it would never end, seconds.
_LEAST_STEP = 0.001
_MOST_CHECKS = 10_000


class SqlStore:
    """A `Store` in a database.

    Args:
        database: Which.
        service: The service whose state it is; others in the same database are not seen.
    """

    def __init__(self, database: Database, service: str) -> None:
        self._database = database
        self._service = service
        self.notices = SqlNotices(database, service)
        self.deploys = SqlDeploys(database, service)
        self.hosts = SqlHosts(database, service)

    def keep(self, run: Run) -> bool:
        """See `Store.keep`."""
        body = text.write(run)
        with self._database.writing() as execute:
            row = execute(
                "SELECT lease, leased FROM latest WHERE service = ? AND name = ?",
                (self._service, run.check),
            ).fetchone()
            fence = fenced(run, Fence(*row) if row else Fence(0, 0.0))
            if fence is None:
                return False
            execute(
                "INSERT INTO latest (service, name, lease, leased, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (service, name) DO UPDATE SET"
                " lease = excluded.lease, leased = excluded.leased, body = excluded.body",
                (self._service, run.check, *fence, body),
            )
            value = run.value if run.is_usual else None
            execute(
                "INSERT INTO history (service, name, started, value, body, host)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (self._service, run.check, run.started, value, body, run.host),
            )
            self.hosts.keep(execute, run, body)
        return True

    def latest(self) -> dict[str, Run]:
        """See `Store.latest`."""
        with self._database.reading() as execute:
            rows = execute(
                "SELECT name, body FROM latest WHERE service = ?", (self._service,)
            ).fetchall()
        return {name: text.read(Run, body) for name, body in rows}

    def runs(
        self,
        check: str,
        *,
        since: float = 0.0,
        until: float | None = None,
        limit: int = 1_000,
        host: str = "",
    ) -> list[Run]:
        """See `Store.runs`."""
        of_host, own = _of(self._service, check, host)
        with self._database.reading() as execute:
            end = inf if until is None else until
            rows = execute(RUNS.format(own=of_host), (*own, since, end, limit)).fetchall()
        return [text.read(Run, body) for (body,) in rows]

    def recent(
        self, since: float, most_each: int, checks: Sequence[str] | None = None
    ) -> dict[str, list[Run]]:
        """See `Store.recent`."""
        if most_each < 1 or (checks is not None and not checks):
            return {}
        own = f" AND name IN ({', '.join('?' * len(checks))})" if checks else ""
        asked = (since, most_each - 1, since, self._service, *(checks or ()), _MOST_CHECKS)
        with self._database.reading() as execute:
            rows = execute(RECENT.format(own), asked).fetchall()
        found: dict[str, list[Run]] = defaultdict(list)
        for name, body in rows:
            found[name].append(text.outline(body))
        for runs in found.values():
            runs.sort(key=lambda run: run.started, reverse=True)
            del runs[most_each:]  # several may have begun at one moment
        return dict(found)

    def values(
        self, check: str, since: float, step: float, host: str = ""
    ) -> list[tuple[float, float]]:
        """See `Store.values`."""
        of_host, own = _of(self._service, check, host)
        asked = (*own, since, *own, max(step, _LEAST_STEP), *own)
        with self._database.reading() as execute:
            rows = execute(VALUES.format(own=of_host), asked).fetchall()
        return [(started, value) for started, value in rows]

    def silence(self, silence: Silence) -> None:
        """See `Store.silence`."""
        body = text.write(silence)
        with self._database.writing() as execute:
            execute(
                "INSERT INTO silences (service, name, until, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (service, name)"
                " DO UPDATE SET until = excluded.until, body = excluded.body",
                (self._service, silence.check, silence.until, body),
            )

    def unsilence(self, check: str) -> bool:
        """See `Store.unsilence`."""
        with self._database.writing() as execute:
            gone = execute(
                "DELETE FROM silences WHERE service = ? AND name = ?", (self._service, check)
            )
            return gone.rowcount > 0

    def silences(self, now: float) -> list[Silence]:
        """See `Store.silences`."""
        with self._database.reading() as execute:
            rows = execute(
                "SELECT body FROM silences WHERE service = ? AND until > ? ORDER BY until, name",
                (self._service, now),
            ).fetchall()
        return [text.read(Silence, body) for (body,) in rows]

    def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """See `Store.lease`."""
        with self._database.writing() as execute:
            row = execute(
                "SELECT holder, number, until, seconds FROM leases WHERE service = ? AND name = ?",
                (self._service, name),
            ).fetchone()
            now = self._database.now(execute)
            lease = granted(name, Held(*row) if row else None, holder, seconds, now)
            if lease is not None:
                execute(
                    "INSERT INTO leases (service, name, holder, number, until, seconds)"
                    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (service, name) DO UPDATE SET"
                    " holder = excluded.holder, number = excluded.number,"
                    " until = excluded.until, seconds = excluded.seconds",
                    (self._service, name, holder, lease.number, lease.until, float(seconds)),
                )
            return lease

    def release(self, lease: Lease) -> None:
        """See `Store.release`."""
        with self._database.writing() as execute:
            execute(
                "UPDATE leases SET until = 0"
                " WHERE service = ? AND name = ? AND holder = ? AND number = ?",
                (self._service, lease.name, lease.holder, lease.number),
            )

    def put_job(self, run: JobRun) -> None:
        """See `Store.put_job`."""
        body = text.write(run)
        with self._database.writing() as execute:
            execute(
                "INSERT INTO jobs (service, run_id, name, started, outcome, ended, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (service, run_id) DO UPDATE SET"
                " name = excluded.name, started = excluded.started, outcome = excluded.outcome,"
                " ended = excluded.ended, body = excluded.body",
                (self._service, run.run_id, run.job, run.started, run.outcome, ended(run), body),
            )

    def job_runs(self, job: str, limit: int = 100) -> list[JobRun]:
        """See `Store.job_runs`."""
        with self._database.reading() as execute:
            rows = execute(
                "SELECT body FROM jobs WHERE service = ? AND name = ?"
                " ORDER BY started DESC, run_id DESC LIMIT ?",
                (self._service, job, limit),
            ).fetchall()
        return newest(text.read(JobRun, body) for (body,) in rows)

    def latest_jobs(self) -> dict[str, list[JobRun]]:
        """See `Store.latest_jobs`."""
        with self._database.reading() as execute:
            return telling(text.read(JobRun, body) for body in _telling(execute, self._service))

    def durations(self, jobs: Iterable[str], most_each: int) -> dict[str, list[float]]:
        """See `Store.durations`."""
        with self._database.reading() as execute:
            rows = {
                job: execute(DURATIONS, (self._service, job, most_each)).fetchall() for job in jobs
            }
        return {job: [took for (took,) in own[::-1]] for job, own in rows.items() if own}

    def know_jobs(self, names: Iterable[str], now: float) -> dict[str, float]:
        """See `Store.know_jobs`."""
        known = dict.fromkeys(names, now)
        with self._database.writing() as execute:
            for name in known:
                execute(
                    "INSERT INTO known_jobs (service, name, since) VALUES (?, ?, ?)"
                    " ON CONFLICT (service, name) DO NOTHING",
                    (self._service, name, now),
                )
            rows = execute(
                "SELECT name, since FROM known_jobs WHERE service = ?", (self._service,)
            ).fetchall()
        return {name: since for name, since in rows if name in known}

    def add(self, count: Count) -> None:
        """See `Store.add`."""
        attributes = text.dump(count.attributes)
        with self._database.writing() as execute:
            execute(
                "INSERT INTO counts (service, metric, attributes, amount) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (service, metric, attributes)"
                " DO UPDATE SET amount = counts.amount + excluded.amount",
                (self._service, count.metric, attributes, float(count.amount)),
            )

    def take_counts(self) -> list[Count]:
        """See `Store.take_counts`."""
        with self._database.writing() as execute:
            rows = execute(
                "SELECT metric, attributes, amount FROM counts WHERE service = ?"
                " ORDER BY metric, attributes",
                (self._service,),
            ).fetchall()
            execute("DELETE FROM counts WHERE service = ?", (self._service,))
        return [Count(metric, json.loads(found), amount) for metric, found, amount in rows]

    def purge(self, before: float, max_bytes: int) -> int:
        """See `Store.purge`. A bounded number at once: what is left goes with the next call."""
        total = 0
        for _ in range(purging.ROUNDS):
            with self._database.writing() as execute:
                gone = purging.purge(self._database, execute, self._service, before, max_bytes)
                self.hosts.forget(execute, before)
            total += gone
            if gone < purging.MOST:
                break
        return total

    def close(self) -> None:
        """See `Store.close`."""
        self._database.close()


def _of(service: str, check: str, host: str) -> tuple[str, tuple[str, ...]]:
    """What a statement says beside service and name, and whose runs it asks for."""
    return (" AND host = ?", (service, check, host)) if host else ("", (service, check))


def _telling(execute: Execute, service: str) -> list[str]:
    """The runs that go on, and of each job and outcome the last: few, however many there are."""
    bodies = execute(
        "SELECT body FROM jobs WHERE service = ? AND outcome = ?", (service, RUNNING)
    ).fetchall()
    last = execute(
        "SELECT name, outcome, max(ended) FROM jobs WHERE service = ? AND ended IS NOT NULL"
        " GROUP BY name, outcome",
        (service,),
    ).fetchall()
    for name, outcome, when in last:
        bodies += execute(
            "SELECT body FROM jobs WHERE service = ? AND name = ? AND outcome = ? AND ended = ?"
            " ORDER BY started DESC, run_id DESC LIMIT 1",
            (service, name, outcome, when),
        ).fetchall()
    return [body for (body,) in bodies]
