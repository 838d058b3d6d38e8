"""The dashboard of hosts, as the collector's `host_metrics` receiver reads them."""

from __future__ import annotations

from collections.abc import Iterator

from obskit.alerts.grafana import panel
from obskit.alerts.grafana.dashboard import dashboard, variable
from obskit.alerts.grafana.query import Json, ask, rate
from obskit.alerts.promql import INSTANCE, by

UID = "obskit-host"

# The profile of the collector that reads hosts makes the instance of their name.
_HOST = INSTANCE
# Semantic conventions, "System metrics": what the receiver reads by default.
_CPU_TIME = "system_cpu_time_seconds_total"
_MEMORY = "system_memory_usage_bytes"
_FILE_SYSTEM = "system_filesystem_usage_bytes"
_INODES = "system_filesystem_inodes_usage"
_LOAD = "system_cpu_load_average_1m"
_DISK_BYTES = "system_disk_io_bytes_total"
_DISK_TIME = "system_disk_io_time_seconds_total"
_NETWORK_BYTES = "system_network_io_bytes_total"
_NETWORK_ERRORS = "system_network_errors_total"

_IDLE = 'state=~"idle|wait"'
_FREE = 'state="free"'
_WRITTEN = 'mode="rw"'
_LEGEND = f"{{{{{_HOST}}}}}"


def board() -> Json:
    """What hosts have left."""
    host = variable("host", "Host", f"label_values({_CPU_TIME}, {_HOST})")
    return dashboard(
        UID,
        "obskit: hosts",
        "CPU, memory, disks and network of hosts, where the collector reads them.",
        [host],
        [*_processor_and_memory(), *_disks(), *_disk_work(), *_network()],
    )


def _of(name: str, *matchers: str) -> str:
    chosen = (f'{_HOST}=~"$host"', *matchers)
    return f"{name}{{{', '.join(chosen)}}}"


def _share(name: str, left: str, *labels: str, among: str = "") -> str:
    """Which share is used: of everything, what is not in a state that is left to use."""
    every = f"sum by {by(_HOST, *labels)} ({_of(name, *([among] if among else []))})"
    used = _of(name, f'state!~"{left}"', *([among] if among else []))
    return f"sum by {by(_HOST, *labels)} ({used}) / {every}"


def _processor_and_memory() -> Iterator[Json]:
    idle = f"sum by {by(_HOST)} ({rate(_of(_CPU_TIME, _IDLE))})"
    every = f"sum by {by(_HOST)} ({rate(_of(_CPU_TIME))})"
    yield panel.row("CPU and memory")
    yield panel.timeseries("CPU in use", ask(f"1 - {idle} / {every}", _LEGEND), unit="percentunit")
    yield panel.timeseries(
        "Load",
        ask(f"max by {by(_HOST)} ({_of(_LOAD)})", _LEGEND),
        description="What runs or waits to run, the average of a minute.",
    )
    yield panel.timeseries(
        "Memory in use",
        ask(_share(_MEMORY, "free|cached|buffered|slab_reclaimable"), _LEGEND),
        description="Without what the system gives back when it is needed.",
        unit="percentunit",
    )


def _disks() -> Iterator[Json]:
    mount = f"{_LEGEND} {{{{mountpoint}}}}"
    yield panel.row("Disks")
    yield panel.timeseries(
        "File systems in use",
        ask(_share(_FILE_SYSTEM, "free", "mountpoint", among=_WRITTEN), mount),
        description="What is kept for root is in use. Without what is only read.",
        unit="percentunit",
    )
    yield panel.timeseries(
        "Inodes in use",
        ask(_share(_INODES, "free", "mountpoint", among=_WRITTEN), mount),
        unit="percentunit",
    )
    yield panel.timeseries(
        "Free in 24 hours, as it goes now",
        ask(
            f"sum by {by(_HOST, 'mountpoint')} (predict_linear("
            f"{_of(_FILE_SYSTEM, _WRITTEN, _FREE)}[6h], 86400))",
            mount,
        ),
        description="Reckoned from the last six hours. Below 0 the disk is full before tomorrow.",
        unit="bytes",
    )


def _disk_work() -> Iterator[Json]:
    device = f"{_LEGEND} {{{{device}}}} {{{{direction}}}}"
    yield panel.timeseries(
        "Read and written",
        ask(f"sum by {by(_HOST, 'device', 'direction')} ({rate(_of(_DISK_BYTES))})", device),
        unit="Bps",
        width=12,
    )
    yield panel.timeseries(
        "Disks at work",
        ask(
            f"sum by {by(_HOST, 'device')} ({rate(_of(_DISK_TIME))})",
            f"{_LEGEND} {{{{device}}}}",
        ),
        description="The share of the time in which a disk has something to do.",
        unit="percentunit",
        width=12,
    )


def _network() -> Iterator[Json]:
    legend = f"{_LEGEND} {{{{device}}}} {{{{direction}}}}"

    def summed(name: str) -> str:
        return f"sum by {by(_HOST, 'device', 'direction')} ({rate(_of(name))})"

    yield panel.row("Network")
    yield panel.timeseries("Bytes", ask(summed(_NETWORK_BYTES), legend), unit="Bps", width=12)
    yield panel.timeseries("Errors", ask(summed(_NETWORK_ERRORS), legend), unit="cps", width=12)
