"""Pasts of hosts and databases that are made up."""

from __future__ import annotations

from collections.abc import Mapping

from obskit.alerts.inventory import Inventory
from obskit.alerts.past import Phases, counter, course, gauge
from obskit.alerts.promql import select
from obskit.alerts.rule import Trial

#: What PostgreSQL calls a transaction that waits for whoever began it.
IDLE = ("idle in transaction", "idle in transaction (aborted)")
_STEP = 60.0


def _host(name: str, **labels: str) -> str:
    return select(name, {"host_name": "web-1", **labels})


def _disk(state: str) -> str:
    of = {"device": "/dev/sda1", "mode": "rw", "mountpoint": "/", "type": "ext4"}
    return _host("system_filesystem_usage_bytes", **of, state=state)


def of_cpu(inventory: Inventory, seen: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert of a busy host behaves.

    Args:
        inventory: How fast a drill is.
        seen: Seconds until it fires.
        keeps: Seconds that it goes on.
    """

    def make(phases: Phases) -> Mapping[str, str]:
        def spent(well: float, ill: float) -> str:
            return counter(*((ill if bad else well, many) for bad, many in phases))

        time = "system_cpu_time_seconds_total"
        return {
            _host(time, cpu="cpu0", state="user"): spent(30, 59),
            _host(time, cpu="cpu0", state="idle"): spent(30, 1),
        }

    return course(make, step=inventory.scaled(_STEP), seen=seen, keeps=keeps)


def of_memory(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert of memory behaves: what is cached can be taken back.

    Args:
        inventory: How fast a drill is.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """

    def make(phases: Phases) -> Mapping[str, str]:
        usage = "system_memory_usage_bytes"
        return {
            _host(usage, state="used"): gauge(*((95 if bad else 40, many) for bad, many in phases)),
            _host(usage, state="cached"): gauge(
                *((5 if bad else 60, many) for bad, many in phases)
            ),
        }

    return course(make, step=inventory.scaled(_STEP), seen=waits, keeps=keeps)


def of_disk(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert of a disk that is almost full behaves: what is reserved is no use.

    Args:
        inventory: How fast a drill is.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """

    def make(phases: Phases) -> Mapping[str, str]:
        return {
            _disk("free"): gauge(*((9 if bad else 11, many) for bad, many in phases)),
            _disk("used"): gauge(*((91 if bad else 89, many) for bad, many in phases)),
            _disk("reserved"): gauge(*((50, many) for _, many in phases)),
        }

    return course(make, step=inventory.scaled(_STEP), seen=waits, keeps=keeps)


def of_filling(inventory: Inventory, seen: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert of a disk behaves that will be full.

    Args:
        inventory: How fast a drill is.
        seen: Seconds until it fires.
        keeps: Seconds that it goes on.
    """
    # 39 of 100 are free, and 54 a day fill up.
    lost = 0.15

    def make(phases: Phases) -> Mapping[str, str]:
        free, told = 39.0, []
        for bad, many in phases:
            told.append(f"{free:g}-{lost * bad:g}x{many - 1}")
            free -= lost * bad * many
        used = gauge(*((61, many) for _, many in phases))
        return {_disk("free"): " ".join(told), _disk("used"): used}

    return course(make, step=inventory.scaled(4 * _STEP), seen=seen, keeps=keeps)


def of_database(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert of a database that does not answer behaves.

    Args:
        inventory: How fast a drill is.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """

    def make(phases: Phases) -> Mapping[str, str]:
        of = {"job": "postgres", "instance": "db:9187"}
        return {select("pg_up", of): gauge(*((float(not bad), many) for bad, many in phases))}

    return course(make, step=inventory.scaled(_STEP), seen=waits, keeps=keeps)


def of_connections(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert of connections behaves.

    Args:
        inventory: How fast a drill is.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """
    of = {"instance": "db:9187", "server": "db:5432"}

    def make(phases: Phases) -> Mapping[str, str]:
        many = sum(each for _, each in phases)
        active = {**of, "datname": "shop", "state": "active"}
        idle = {**of, "datname": "shop", "state": "idle"}
        return {
            select("pg_settings_max_connections", of): gauge((100, many)),
            select("pg_stat_activity_count", active): gauge((45, many)),
            select("pg_stat_activity_count", idle): gauge(
                *((40 if bad else 10, each) for bad, each in phases)
            ),
        }

    return course(make, step=inventory.scaled(_STEP), seen=waits, keeps=keeps)


def of_long(inventory: Inventory, waits: float, keeps: float) -> tuple[Trial, ...]:
    """How the alert of a transaction behaves that does not end: an idle connection is none.

    Args:
        inventory: How fast a drill is.
        waits: Seconds that it must hold.
        keeps: Seconds that it goes on.
    """

    def make(phases: Phases) -> Mapping[str, str]:
        def lasting(state: str, *told: tuple[float, int]) -> dict[str, str]:
            of = {"instance": "db:9187", "server": "db:5432", "datname": "shop", "state": state}
            return {select("pg_stat_activity_max_tx_duration", of): gauge(*told)}

        return {
            **lasting("idle", *((5_000, many) for _, many in phases)),
            **lasting(IDLE[0], *((3_600 if bad else 0, many) for bad, many in phases)),
        }

    return course(make, step=inventory.scaled(_STEP), seen=waits, keeps=keeps)
