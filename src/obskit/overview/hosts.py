"""The hosts of a service that share its store: what their processes tell over it, and how each is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from obskit.config import Config
from obskit.exceptions import StoreError
from obskit.overview import standing
from obskit.overview.model import CheckView, HostView
from obskit.overview.standing import Told
from obskit.state import text
from obskit.state.store import Run, Store

#: Seconds from one carrying to the next.
PERIOD = 10.0
#: A host of which nothing was heard for so long is gone, and nobody asks after it, seconds.
GONE = 86_400.0

# What was told longer ago tells of nothing that lives; clocks of hosts differ, seconds.
_OLDEST = 60.0
_MOST_BYTES = 1_024 * 1_024
_ORDER = ("critical", "unknown", "warning", "silent", "skipped", "ok")


def carry(config: Config, store: Store, host: str, now: float) -> None:
    """Put what the processes of this host tell into the store, where other hosts find it.

    Args:
        config: The configuration.
        store: What hosts share.
        host: What this one is called there.
        now: Seconds since the Unix epoch.

    Raises:
        StoreError: The store cannot be used now.
    """
    processes, left, size = [], 0, 0
    for each in standing.written(config, now)[0]:
        size += len(text.dump(each))
        if size > _MOST_BYTES:
            left += 1
        else:
            processes.append(each)
    told = {"environment": config.environment or "", "processes": processes, "left": left}
    store.hosts.tell(host, now, text.dump(told))


def read(config: Config, store: Store, now: float, but: str) -> tuple[list[Told], list[str]]:
    """What the processes of hosts tell over the store, and in words what is missing of it.

    Args:
        config: The configuration.
        store: What hosts share.
        now: Seconds since the Unix epoch.
        but: A host that is left out: what it tells is known.

    Raises:
        StoreError: The store cannot be read.
    """
    told: list[Told] = []
    problems: list[str] = []
    for host, body in store.hosts.told(now - _OLDEST).items():
        try:
            found = json.loads(body)
            if host == but or found["environment"] != (config.environment or ""):
                continue
            told += [standing.told(each, host) for each in found["processes"]]
            if found["left"]:
                problems.append(f"{found['left']} processes of {host} are too many to be told of")
        except (ValueError, TypeError, KeyError, AttributeError, StoreError) as error:
            problems.append(f"what {host} tells cannot be read: {error}: it will tell it again")
    return told, problems


def views(
    checks: Sequence[CheckView], runs: Iterable[Run], told: Iterable[Told]
) -> tuple[HostView, ...]:
    """How each host is, the worst first.

    Args:
        checks: The checks of all hosts, as they are shown.
        runs: The latest runs of each host.
        told: What processes tell.
    """
    heard: dict[str, float] = {}
    processes: dict[str, int] = {}
    for host, moment, one in _heard(runs, told):
        heard[host] = max(moment, heard.get(host, 0.0))
        processes[host] = processes.get(host, 0) + one
    own: dict[str, list[CheckView]] = {}
    for each in checks:
        own.setdefault(each.host, []).append(each)
    found = [
        _view(host, own.get(host, ()), processes[host], moment) for host, moment in heard.items()
    ]
    return tuple(sorted(found, key=lambda view: (_ORDER.index(view.status), view.name)))


def _heard(runs: Iterable[Run], told: Iterable[Told]) -> Iterator[tuple[str, float, int]]:
    yield from ((run.host, run.started + run.duration, 0) for run in runs if run.host)
    for each in told:
        if each.process.host:
            yield each.process.host, each.process.heard, 1


def _view(host: str, checks: Sequence[CheckView], processes: int, heard: float) -> HostView:
    states = {each.status for each in checks}
    if not states and not processes:
        states = {"silent"}
    return HostView(
        name=host,
        status=min(states, key=_ORDER.index, default="ok"),
        heard=heard,
        checks=len(checks),
        failing=sum(each.fails for each in checks),
        processes=processes,
    )
