"""The dashboard of databases: PostgreSQL, as Prometheus' postgres exporter reads it."""

from __future__ import annotations

from collections.abc import Iterator

from obskit.alerts.grafana import panel
from obskit.alerts.grafana.dashboard import dashboard, variable
from obskit.alerts.grafana.query import Json, ask, ask_now, rate
from obskit.alerts.promql import by

UID = "obskit-database"

# The names of the exporter's version 0.11.
_UP = "pg_up"
_ACTIVITY = "pg_stat_activity_count"
_LONGEST = "pg_stat_activity_max_tx_duration"
_MOST = "pg_settings_max_connections"
_SIZE = "pg_database_size_bytes"
_COMMITS = "pg_stat_database_xact_commit"
_ROLLBACKS = "pg_stat_database_xact_rollback"
_HIT = "pg_stat_database_blks_hit"
_READ = "pg_stat_database_blks_read"
_DEADLOCKS = "pg_stat_database_deadlocks"
_TEMPORARY = "pg_stat_database_temp_bytes"
_LOCKS = "pg_locks_count"

_BY_SERVER = "server"
_LEGEND = "{{server}} {{datname}}"


def board() -> Json:
    """What a database server has left, and what it waits for."""
    server = variable("server", "Server", f"label_values({_MOST}, server)")
    found = f'label_values({_ACTIVITY}{{server=~"$server"}}, datname)'
    return dashboard(
        UID,
        "obskit: databases",
        "Connections, transactions, size and locks of PostgreSQL, where its exporter is scraped.",
        [server, variable("database", "Database", found)],
        [*_now(), *_connections(), *_work(), *_storage()],
    )


def _of(name: str, *matchers: str) -> str:
    # What all databases share has no name.
    chosen = ('server=~"$server"', 'datname=~"$database"', 'datname!=""', *matchers)
    return f"{name}{{{', '.join(chosen)}}}"


def _by_database(expr: str) -> str:
    return f"sum by {by(_BY_SERVER, 'datname')} ({expr})"


def _used() -> str:
    # All databases share the connections of a server.
    held = f'sum by {by(_BY_SERVER)} ({_ACTIVITY}{{server=~"$server"}})'
    return f'{held} / max by {by(_BY_SERVER)} ({_MOST}{{server=~"$server"}})'


def _now() -> Iterator[Json]:
    yield panel.row("Now")
    yield panel.stat(
        "Answer",
        ask_now(f"sum({_UP})"),
        description="How many servers answer their exporter.",
        steps=((None, "red"), (1, "green")),
    )
    yield panel.stat(
        "Connections in use",
        ask_now(f"max({_used()})"),
        unit="percentunit",
        steps=((None, "green"), (0.8, "orange"), (0.9, "red")),
    )
    yield panel.stat(
        "Longest transaction",
        ask_now(f"max({_of(_LONGEST)})"),
        unit="s",
        steps=((None, "green"), (60, "orange"), (600, "red")),
    )
    yield panel.stat("Size", ask_now(f'sum({_SIZE}{{server=~"$server"}})'), unit="bytes")


def _connections() -> Iterator[Json]:
    yield panel.row("Connections")
    yield panel.timeseries(
        "Connections by state",
        ask(f"sum by {by(_BY_SERVER, 'state')} ({_of(_ACTIVITY)})", "{{server}} {{state}}"),
        stacked=True,
    )
    yield panel.timeseries(
        "Connections in use",
        ask(_used(), "{{server}}"),
        description="Of those that the server allows.",
        unit="percentunit",
    )
    yield panel.timeseries(
        "Longest transaction by state",
        ask(f"max by {by(_BY_SERVER, 'state')} ({_of(_LONGEST)})", "{{server}} {{state}}"),
        description="One that is idle in transaction holds its locks for nothing.",
        unit="s",
    )


def _work() -> Iterator[Json]:
    hit, read = rate(_of(_HIT)), rate(_of(_READ))
    yield panel.row("Work")
    yield panel.timeseries(
        "Transactions",
        ask(_by_database(rate(_of(_COMMITS))), f"{_LEGEND} commit"),
        ask(_by_database(rate(_of(_ROLLBACKS))), f"{_LEGEND} rollback"),
        unit="ops",
    )
    yield panel.timeseries(
        "Read from memory",
        ask(f"{_by_database(hit)} / ({_by_database(hit)} + {_by_database(read)})", _LEGEND),
        description="The share of blocks that were in the server's own cache.",
        unit="percentunit",
        largest=1,
    )
    yield panel.timeseries(
        "Deadlocks", ask(_by_database(rate(_of(_DEADLOCKS))), _LEGEND), unit="cps"
    )


def _storage() -> Iterator[Json]:
    yield panel.row("Storage and locks")
    yield panel.timeseries("Size", ask(_by_database(_of(_SIZE)), _LEGEND), unit="bytes")
    yield panel.timeseries(
        "Temporary files",
        ask(_by_database(rate(_of(_TEMPORARY))), _LEGEND),
        description="What did not fit into the memory that a query may take.",
        unit="Bps",
    )
    yield panel.timeseries(
        "Locks by mode",
        ask(f"sum by {by(_BY_SERVER, 'mode')} ({_of(_LOCKS)})", "{{server}} {{mode}}"),
        stacked=True,
    )
