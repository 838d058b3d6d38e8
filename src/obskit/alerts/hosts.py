"""The rules of hosts and databases, where they are read; where nothing is, nothing fires.

Hosts are read by the collector's `host_metrics` receiver, PostgreSQL and Redis by the exporters that
Debian has.
"""

from __future__ import annotations

from collections.abc import Iterable

from obskit.alerts import hosts_trials as trials
from obskit.alerts.inventory import Inventory
from obskit.alerts.platform import alert
from obskit.alerts.promql import ENVIRONMENT, INSTANCE, by, number, select, span
from obskit.alerts.rule import Alert, Group

_HOST = (ENVIRONMENT, "host_name", INSTANCE)
_DISK = (*_HOST, "device", "mountpoint")
_SERVER = (ENVIRONMENT, INSTANCE, "server")
_FREE = select("system_filesystem_usage_bytes", {"state": "free", "mode": "rw"})
_USABLE = select("system_filesystem_usage_bytes", {"state": ("free", "used"), "mode": "rw"})
_HOSTS, _DATABASES = "host", "database"

#: Shares of what there is. The node exporter's own rules warn of disks from 3 to 5 % and with a
#: prediction below 40 %; a tenth leaves a working day.
CPU, MEMORY, DISK, SOON_BELOW, CONNECTIONS = 0.9, 0.9, 0.1, 0.4, 0.8
#: Seconds that a transaction may last: it holds back the clearing of what it might still see.
LONG = 600.0


def groups(inventory: Inventory) -> list[Group]:
    """The rules of hosts and databases, the same for every service.

    Args:
        inventory: Where runbooks and dashboards are.
    """
    return [
        Group("obskit-hosts", tuple(_hosts(inventory))),
        Group("obskit-databases", tuple(_databases(inventory))),
    ]


def _hosts(inventory: Inventory) -> Iterable[Alert]:
    yield _cpu(inventory)
    yield _memory(inventory)
    yield _disk(inventory)
    yield _disk_soon(inventory)


def _cpu(inventory: Inventory) -> Alert:
    seen, waits = inventory.scaled(300.0), inventory.scaled(1_800.0)
    keeps = inventory.scaled(600.0)
    time = "system_cpu_time_seconds_total"
    of = by(*_HOST)
    return alert(
        inventory,
        "HostCpuBusy",
        f"1 - sum by {of} (rate({select(time, {'state': ('idle', 'wait')})}[{span(seen)}]))\n"
        f"/ sum by {of} (rate({time}[{span(seen)}]))\n> {CPU}",
        severity="sev3",
        of=_HOSTS,
        summary="The host {{ $labels.host_name }} {{ $labels.instance }} is busy",
        description=f"Its processors are, to {{{{ $value | humanizePercentage }}}}, for"
        f" {span(waits)}.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_cpu(inventory, seen + waits, keeps),
    )


def _memory(inventory: Inventory) -> Alert:
    waits, keeps = inventory.scaled(600.0), inventory.scaled(300.0)
    usage = "system_memory_usage_bytes"
    used = select(usage, {"state": ("used", "slab_unreclaimable")})
    return alert(
        inventory,
        "HostMemoryShort",
        f"sum by {by(*_HOST)} ({used})\n/ sum by {by(*_HOST)} ({usage})\n> {MEMORY}",
        severity="sev2",
        of=_HOSTS,
        summary="The host {{ $labels.host_name }} {{ $labels.instance }} is short of memory",
        description="{{ $value | humanizePercentage }} of it is in use, without what can be taken"
        " back. Soon processes are killed.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_memory(inventory, waits, keeps),
    )


def _free() -> str:
    # Several instances of a device (bind mounts) are one.
    return f"max by {by(*_DISK)} ({_FREE})\n/ sum by {by(*_DISK)} ({_USABLE})"


def _disk(inventory: Inventory) -> Alert:
    waits, keeps = inventory.scaled(300.0), inventory.scaled(600.0)
    return alert(
        inventory,
        "DiskAlmostFull",
        f"{_free()}\n< {DISK}",
        severity="sev2",
        of=_HOSTS,
        summary="{{ $labels.mountpoint }} of {{ $labels.host_name }} {{ $labels.instance }} is"
        " almost full",
        description="{{ $value | humanizePercentage }} of it is free.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_disk(inventory, waits, keeps),
    )


def _disk_soon(inventory: Inventory) -> Alert:
    # A prediction of a day from less than six hours would be one of a nightly job.
    seen, day = inventory.scaled(6 * 3_600.0), inventory.scaled(86_400.0)
    waits, keeps = inventory.scaled(1_800.0), inventory.scaled(1_800.0)
    predicted = f"predict_linear({_FREE}[{span(seen)}], {number(day)})"
    return alert(
        inventory,
        "DiskFullSoon",
        f"(\nmax by {by(*_DISK)} ({predicted}) < 0\nand on {by(*_DISK)} {_FREE} offset"
        f" {span(seen * 0.9)}\n)\nand on {by(*_DISK)} (\n{_free()}\n< {SOON_BELOW}\n)",
        severity="sev2",
        of=_HOSTS,
        summary="{{ $labels.mountpoint }} of {{ $labels.host_name }} {{ $labels.instance }} will be"
        " full within a day",
        description=f"If it goes on to fill as in the last {span(seen)}.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_filling(inventory, seen + waits, keeps),
    )


def _databases(inventory: Inventory) -> Iterable[Alert]:
    waits, keeps = inventory.scaled(120.0), inventory.scaled(60.0)
    yield alert(
        inventory,
        "DatabaseDown",
        "pg_up == 0\nor\nredis_up == 0",
        severity="sev1",
        of=_DATABASES,
        summary="The database behind {{ $labels.instance }} does not answer",
        description="Its exporter cannot ask it.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_database(inventory, waits, keeps),
    )
    yield _connections(inventory)
    yield _long(inventory)


def _connections(inventory: Inventory) -> Alert:
    waits, keeps = inventory.scaled(300.0), inventory.scaled(300.0)
    of = by(*_SERVER)
    return alert(
        inventory,
        "DatabaseConnections",
        f"sum by {of} (pg_stat_activity_count) / max by {of} (pg_settings_max_connections)"
        f" > {CONNECTIONS}\nor\nredis_connected_clients / (redis_config_maxclients > 0)"
        f" > {CONNECTIONS}",
        severity="sev2",
        of=_DATABASES,
        summary="The database behind {{ $labels.instance }} has few connections left",
        description="{{ $value | humanizePercentage }} of those that it allows are open. Whoever"
        " comes when there is none left is refused.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_connections(inventory, waits, keeps),
    )


def _long(inventory: Inventory) -> Alert:
    waits, keeps = inventory.scaled(120.0), inventory.scaled(300.0)
    lasting = select("pg_stat_activity_max_tx_duration", {"state": ("active", *trials.IDLE)})
    return alert(
        inventory,
        "DatabaseQueryLong",
        f"max by {by(*_SERVER, 'datname', 'state')} ({lasting}) > {number(LONG)}",
        severity="sev3",
        of=_DATABASES,
        summary="A transaction in {{ $labels.datname }} behind {{ $labels.instance }} does not end",
        description="It has lasted for {{ $value | humanizeDuration }}, and is"
        " {{ $labels.state }}.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_long(inventory, waits, keeps),
    )
