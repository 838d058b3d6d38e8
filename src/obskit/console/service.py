"""What the status page shows, and what it may do, of the service that it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from obskit import audit, default_runtime
from obskit.checks.watch import Watch
from obskit.clock import Clock
from obskit.config import Config
from obskit.declaration import Check
from obskit.operations import surroundings
from obskit.overview.model import Overview
from obskit.overview.reading import overview
from obskit.overview.story import find
from obskit.registry import Registry, default_registry
from obskit.runtime import Runtime
from obskit.state.store import Store
from obskit.stories.story import Story
from obskit.telemetry.loggers import get_logger

_log = get_logger("obskit.console")


class Record(Protocol):
    """Puts on record what somebody did. Must not raise."""

    def __call__(self, event: str, *, actor: str, target: str, **fields: Any) -> object:
        """What was done, by whom, to what."""


@dataclass(frozen=True)
class Service:
    """A service, as the status page needs it.

    Attributes:
        registry: What is declared.
        config: Its configuration.
        store: What its processes share.
        clock: The time.
        look: Gives how it is now.
        find: Gives what is known of a request by its id, or None.
        run: Runs a check now, once at a time, and waits for its end or its time-out.
        runs: Whether a check may be run here; not one that another host holds.
        record: Puts on record what somebody did.
    """

    registry: Registry
    config: Config
    store: Store
    clock: Clock
    look: Callable[[], Overview]
    find: Callable[[str], Story | None]
    run: Callable[[Check], object]
    runs: Callable[[Check], bool]
    record: Record

    def check(self, name: str) -> Check | None:
        """The declaration of a check; None where it is another app's."""
        return self.registry.checks.get(name) or default_registry.checks.get(name)


def in_process(registry: Registry) -> Callable[[], Service | None]:
    """Gives the service that this process is part of; None before `obskit.init`.

    Args:
        registry: What the app has declared.
    """
    known: list[tuple[Runtime, Service]] = []

    def service() -> Service | None:
        runtime = default_runtime.current()
        if runtime is None or runtime.server is None:
            return None
        if not known or known[0][0] is not runtime:
            made = _of(runtime, registry)
            if made is None:
                return None
            known[:] = [(runtime, made)]
        return known[0][1]

    return service


def _of(runtime: Runtime, registry: Registry) -> Service | None:
    store, config = surroundings.active().store, runtime.config
    if store is None:
        return None

    def watch_of(check: Check) -> Watch:
        return runtime.watch(registry if check.name in registry.checks else default_registry)

    return Service(
        registry=registry,
        config=config,
        store=store,
        clock=runtime.clock,
        look=lambda: overview(registry, store, config, runtime.clock.now()),
        find=partial(find, config),
        run=lambda check: watch_of(check).run_now(check),
        runs=lambda check: check.scope != "fleet" or watch_of(check).holds(check),
        record=record,
    )


def record(event: str, *, actor: str, target: str, **fields: Any) -> None:
    """Put on record what somebody did: in the audit where there is one, and as a line.

    Args:
        event: What was done.
        actor: Who did it.
        target: To what.
        **fields: What else there is to say.
    """
    config = default_runtime.configuration()
    if config is not None and config.log_folder:
        audit.record(event, actor, target, **fields)
    _log.info(event, actor=actor, target=target, **fields)
