"""Celery: `init_app` makes an app's tasks observable.

>>> from celery import Celery
>>> app = init_app(Celery("shop"))
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from obskit import default_runtime, names
from obskit.celery import attempt, lost, sending, telling
from obskit.celery.attempt import Attempt
from obskit.celery.beat import Schedule, name_entries
from obskit.celery.lost import Lost
from obskit.declare import caller
from obskit.exceptions import MissingExtra
from obskit.registry import Registry, default_registry
from obskit.runtime import Runtime
from obskit.telemetry.histogram import KeyedHistogram
from obskit.telemetry.instruments import instrument

if TYPE_CHECKING:
    from celery import Celery  # type: ignore[import-untyped]

# Celery's words to itself, which it raises as exceptions.
_NO_FAILURES = frozenset(("Ignore", "Reject", "Retry"))


class _Observed(NamedTuple):
    registry: Registry
    schedule: Schedule


_apps: WeakKeyDictionary[Any, _Observed] = WeakKeyDictionary()
_durations: WeakKeyDictionary[Runtime, KeyedHistogram] = WeakKeyDictionary()


def init_app(app: Celery, *, registry: Registry | None = None) -> Celery:
    """Make a Celery app observable: spans, metrics, request ids and errors of its tasks, beat as jobs.

    Call it where the app is made, so that senders, workers and beat all do. Order does not matter:
    it may be called before `obskit.init` or after. A second call for the same app does nothing.

    Args:
        app: The app.
        registry: Where the entries of its beat schedule are declared as jobs, and whose checks its
            workers and its beat run; that of the module-level decorators by default.

    Returns:
        The same app.

    Raises:
        MissingExtra: Celery is not installed.
    """
    try:
        from celery import signals
    except ModuleNotFoundError as error:
        raise MissingExtra("celery", "obskit.celery") from error
    # `current_app` stands for the app that is current.
    app = getattr(app, "_get_current_object", lambda: app)()
    if app in _apps:
        return app
    checks = default_registry if registry is None else registry
    _apps[app] = _Observed(checks, Schedule(checks, caller()))
    app.send_task = sending.observed(app.send_task)
    for signal, receiver in (
        (signals.before_task_publish, sending.on_publish),
        (signals.task_prerun, _on_begin),
        (signals.task_postrun, _on_end),
        (signals.task_retry, _on_retry),
        (signals.task_failure, _on_failure),
        (signals.task_received, lost.on_received),
        (signals.task_revoked, _on_revoked),
        (signals.worker_ready, _on_worker_ready),
        (signals.worker_process_init, _on_child),
        (signals.beat_init, _on_beat),
    ):
        signal.connect(receiver, weak=False, dispatch_uid=f"obskit.{receiver.__name__}")
    return app


def declare_schedules() -> None:
    """Declare what the beat schedules of all observed apps hold now; for who reads declarations.

    Workers and beat do so as they start.
    """
    for app, observed in list(_apps.items()):
        _declare(app, observed)


def registry_of(app: object) -> Registry | None:
    """Where an observed app declares its schedule; None of anything else."""
    try:
        observed = _apps.get(app)
    except TypeError:  # nothing can refer weakly to it
        return None
    return observed.registry if observed else None


def _on_begin(task: Any = None, task_id: str = "", **_: Any) -> None:
    runtime, observed = default_runtime.current(), _apps.get(task.app)
    if runtime is None or runtime.server is None or observed is None:
        return
    headers = task.request.headers
    entry = headers.get(sending.ENTRY) if isinstance(headers, dict) else None
    try:
        job = None
        if isinstance(entry, str) and not task.request.is_eager:
            _declare(task.app, observed)
            job = observed.schedule.job(entry)
        run = job.run() if job else None
        Attempt(runtime.server, _histogram(runtime), task, task_id, run).begin()
    except Exception:  # a sampler of the host's own may raise, or hardly any stack be left
        runtime.ledger.refuse("traces", "not_begun")


def _on_end(task_id: str = "", state: str | None = None, **_: Any) -> None:
    found = attempt.at_hand(task_id)
    if found is not None:
        found.end(state)


def _on_retry(request: Any = None, reason: object = None, **_: Any) -> None:
    found = attempt.at_hand(request.id)
    if found is not None:
        found.retried(reason)


def _on_failure(
    sender: Any = None, task_id: str = "", exception: BaseException | None = None, **_: Any
) -> None:
    if exception is None or type(exception).__name__ in _NO_FAILURES:
        return
    found = attempt.at_hand(task_id)
    if found is not None:
        error = sys.exc_info()[1] or exception
        found.failed(error, exception, expected=isinstance(error, tuple(sender.throws or ())))
        return
    if lost.is_loss(exception):
        _tell_lost(lost.killed(sender, task_id, exception))
        return
    runtime = default_runtime.current()
    if runtime is not None and runtime.errors and sender.app in _apps:
        runtime.errors.capture(exception, handled=False, logger=telling.LOGGER)


def _on_revoked(
    sender: Any = None, request: Any = None, signum: object = None, expired: bool = False, **_: Any
) -> None:
    _tell_lost(lost.revoked(sender, request, signum=signum, expired=expired))


def _tell_lost(found: Lost | None) -> None:
    runtime = default_runtime.current()
    if found is None or runtime is None or runtime.server is None or found.task.app not in _apps:
        return
    try:
        lost.tell(runtime.server, _histogram(runtime), found)
    except Exception:  # a sampler of the host's own may raise
        runtime.ledger.refuse("traces", "not_begun")


def _on_worker_ready(sender: Any = None, **_: Any) -> None:
    # Where the pool forks, its children serve: a process that forks must not run threads of the host.
    if type(sender.pool).__module__ != "celery.concurrency.prefork":
        _serve()


def _on_child(**_: Any) -> None:
    _serve()


def _on_beat(sender: Any = None, **_: Any) -> None:
    observed = _apps.get(sender.app)
    if observed is not None:
        name_entries(sender.scheduler)
        observed.schedule.declare(sender.scheduler.schedule, sender.app.timezone)
    _serve()


def _serve() -> None:
    """This process does the work of the apps: checks run here, and jobs are judged."""
    runtime = default_runtime.current()
    if runtime is None or runtime.server is None:
        return
    declare_schedules()
    for observed in list(_apps.values()):
        if observed.registry.checks or observed.registry.jobs:
            runtime.watch(observed.registry).ensure_started()
    runtime.serving()


def _declare(app: Any, observed: _Observed) -> None:
    observed.schedule.declare(app.conf.beat_schedule or {}, app.timezone)


def _histogram(runtime: Runtime) -> KeyedHistogram:
    found = _durations.get(runtime)
    if found is None:
        made = KeyedHistogram(instrument(runtime.meter, names.TASK_DURATION))
        found = _durations.setdefault(runtime, made)
    return found
