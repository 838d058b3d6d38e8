"""How a service is, read: from what is declared, from the store, and from its processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from obskit.checks import score
from obskit.checks.health import ON_DEMAND, overall_health
from obskit.checks.model import CheckResult
from obskit.checks.results import lasts
from obskit.config import Config
from obskit.declaration import Check, Job
from obskit.exceptions import StoreError
from obskit.overview import checks, hosts, jobs, standing, usage
from obskit.overview.model import ErrorView, JobView, Overview
from obskit.overview.standing import Told
from obskit.registry import Registry, default_registry
from obskit.state.deploys import Deploy
from obskit.state.opening import own_host
from obskit.state.store import JobRun, Run, Silence, Store

_T = TypeVar("_T")
_DEPLOYS = 20
_ERRORS = 50
# Of so many jobs it is told how long so many runs of each took.
_JOBS, _DURATIONS = 100, 40


def overview(
    registry: Registry,
    store: Store,
    config: Config,
    now: float,
    since: float = 86_400.0,
    most: int = 0,
) -> Overview:
    """How the service is now. Never raises because of what cannot be read: that is a problem of it.

    Args:
        registry: What is declared, beside the default registry.
        store: What is kept.
        config: The service's configuration.
        now: Seconds since the Unix epoch.
        since: How far back the history of checks goes, seconds.
        most: How many runs of each check it holds; without any nothing is asked for.
    """
    problems: list[str] = []
    declared = _declared(registry)
    told, unread = _told(store, config, now, problems)
    runs = _of_hosts(store, declared, config, now, problems)
    known = _known(store, told, runs, now, since, most, problems)
    found = list(checks.found(declared, known))
    judged = [(check, result) for check, _, result in found]
    shown = checks.views(found, known)
    environment = config.environment or ""
    ran = _jobs(registry, store, now, problems)
    deploys: list[Deploy] = []
    deploys = _read(lambda: store.deploys.recent(environment, _DEPLOYS), deploys, problems)
    return Overview(
        service=config.service,
        environment=environment,
        now=now,
        health=_health(judged, config, is_read=not problems),
        checks=shown,
        jobs=ran,
        operations=usage.operations(_both(registry, "operations"), told),
        quotas=usage.quotas(_both(registry, "quotas"), told),
        scores=score.overall(judged),
        errors=_errors(told),
        processes=tuple(each.process for each in told),
        hosts=hosts.views(shown, runs, told),
        silences=tuple(known.silences.values()),
        deploys=deploys,
        problems=(*problems, *unread, *_unheard(declared, told, config)),
    )


def _health(
    found: Iterable[tuple[Check, CheckResult | None]], config: Config, *, is_read: bool
) -> str:
    """How the whole is. What cannot be read is not well, however few checks there are to say so."""
    # What a process alone runs can be known only where processes tell of it.
    heard = [pair for pair in found if pair[0].scope != "process" or pair[1] or config.console]
    health = overall_health([pair for pair in heard if ON_DEMAND not in pair[0].tags])
    return health if is_read or health != "healthy" else "degraded"


def _both(registry: Registry, kind: str) -> dict[str, Any]:
    """What is declared of a kind, in the registry and in the default one."""
    return {**getattr(default_registry, kind), **getattr(registry, kind)}


def _declared(registry: Registry) -> list[Check]:
    return list(_both(registry, "checks").values())


def _read(read: Callable[[], _T], otherwise: _T, problems: list[str]) -> _T:
    try:
        return read()
    except StoreError as error:
        if str(error) not in problems:
            problems.append(str(error))
        return otherwise


def _known(
    store: Store,
    told: Iterable[Told],
    runs: Sequence[Run],
    now: float,
    since: float,
    most: int,
    problems: list[str],
) -> checks.Known:
    latest: dict[str, Run] = _read(store.latest, {}, problems)
    each = most * max(1, len({run.host for run in runs}))
    recent: dict[str, list[Run]] = _read(lambda: store.recent(now - since, each), {}, problems)
    silences: list[Silence] = _read(lambda: store.silences(now), [], problems)
    by_name = {each.check: each for each in silences}
    of_hosts: dict[str, list[Run]] = {}
    for run in (*runs, *_of_processes(told)):
        of_hosts.setdefault(run.check, []).append(run)
    worst = {run.check: run for run in reversed(_of_processes(told))}
    return checks.Known(now, {**latest, **worst}, recent, by_name, of_hosts)


def _told(
    store: Store, config: Config, now: float, problems: list[str]
) -> tuple[list[Told], list[str]]:
    """What processes tell: those of this host in files, those of others over the store."""
    told, unread = standing.read(config, now) if config.console else ([], [])
    host, nothing = own_host(config), (list[Told](), list[str]())
    if not host:
        return told, unread
    known = host if told else ""
    others, missing = _read(lambda: hosts.read(config, store, now, known), nothing, problems)
    return [*told, *others], [*unread, *missing]


def _of_hosts(
    store: Store, declared: Iterable[Check], config: Config, now: float, problems: list[str]
) -> list[Run]:
    """The latest runs of each host that was heard of in a day, or in the period of a rarer check."""
    if not own_host(config):
        return []
    longest = max((lasts(check) for check in declared), default=0.0)
    since = now - max(hosts.GONE, longest)
    nothing: list[Run] = []
    return _read(lambda: store.hosts.latest(since), nothing, problems)


def _of_processes(told: Iterable[Told]) -> list[Run]:
    """Of each check that every process runs for itself, the worst of what those of a host found."""
    worst: dict[tuple[str, str], Run] = {}
    for run in (run for each in told for run in each.checks):
        known = worst.setdefault((run.check, run.host), run)
        if _badness(run) < _badness(known):
            worst[run.check, run.host] = run
    return sorted(worst.values(), key=_badness)


def _badness(run: Run) -> int:
    return checks.WORST_FIRST.index(run.damped)


def _jobs(registry: Registry, store: Store, now: float, problems: list[str]) -> list[JobView]:
    declared: dict[str, Job] = _both(registry, "jobs")
    runs: dict[str, list[JobRun]] = _read(store.latest_jobs, {}, problems)
    known: dict[str, float] = {}
    if declared:
        known = _read(lambda: store.know_jobs(sorted(declared), now), known, problems)
    ran: dict[str, list[float]] = {}
    if runs:
        ran = _read(lambda: store.durations(sorted(runs)[:_JOBS], _DURATIONS), ran, problems)
    return jobs.views(declared, runs, ran, known, now)


def _errors(told: Iterable[Told]) -> tuple[ErrorView, ...]:
    found = [error for each in told for error in each.errors]
    return tuple(sorted(found, key=lambda error: error.time, reverse=True)[:_ERRORS])


def _unheard(declared: Iterable[Check], told: Iterable[Told], config: Config) -> list[str]:
    if told:
        return []
    if config.console:
        return [f"no process of {config.service} has told of itself on this host in the last 30 s"]
    alone = [check.name for check in declared if check.scope == "process"]
    if not alone:
        return []
    hint = "set OBSKIT_CONSOLE=true in the service to see them"
    return [f"{len(alone)} checks, {alone[0]} among them, are of each process: {hint}"]
