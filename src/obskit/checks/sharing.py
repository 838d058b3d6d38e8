"""What the processes of a service know of each other's checks: who runs one, and what it came to."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic, sleep

from obskit.checks.fleet import Fleet
from obskit.checks.host import Host
from obskit.checks.kept import latest_here, to_run, to_standing
from obskit.checks.outbox import Outbox
from obskit.checks.results import Results, Standing
from obskit.clock import Clock
from obskit.declaration import Check
from obskit.exceptions import StoreError
from obskit.registry import Registry
from obskit.state.store import Store

_log = logging.getLogger("obskit.checks")
# How often others' results are read, a lease is taken again, and a free lock is tried, seconds.
_PERIOD = 2.0
_PURGE_PERIOD = 3_600.0
# How often it is looked whether what somebody waits for is written, seconds.
_GLANCE = 0.01


@dataclass(frozen=True)
class Sharing:
    """How the processes of a service share their checks.

    Attributes:
        open_store: Opens what they share; called on a thread of its own, when it is needed.
        open_leases: Opens what gives leases, where that is not the store.
        folder: What the processes of the host share.
        instance: The `service.instance.id` of this process.
        runs: Whether this process may run checks of a host or a fleet.
        history: Seconds that history is kept.
        max_bytes: Room that it may take.
        keep_house: Called in each round of whoever holds the host's checks.
        host: What this host is called where several share the store; else empty.
    """

    open_store: Callable[[], Store]
    folder: Path
    instance: Callable[[], str]
    runs: bool = True
    history: float = 30 * 86_400.0
    max_bytes: int = 64 * 2**20
    open_leases: Callable[[], Store] | None = None
    keep_house: Callable[[], object] = bool
    host: str = ""


class Peers:
    """One process among those that share a registry's checks.

    Checks of a host are run by whoever holds a lock of the host, those of a fleet by whoever holds a
    lease in the store. What the others run is read from the store.

    Args:
        sharing: How they share.
        registry: The checks.
        results: What is known in this process.
        clock: The time.
        on_gain: Called when this process runs more than before.

    Attributes:
        outbox: The results of this process, on their way to the others.
    """

    def __init__(
        self,
        sharing: Sharing,
        registry: Registry,
        results: Results,
        clock: Clock,
        on_gain: Callable[[], object] = bool,
    ) -> None:
        self._sharing = sharing
        self._registry = registry
        self._results = results
        self._clock = clock
        self._on_gain = on_gain
        self._host = Host(sharing.folder)
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: nothing is held."""
        self._host.give_back()  # the parent's lock lives on in the parent
        self._pid = os.getpid()
        self._lock = Lock()
        self._wake = Event()
        self._stopped = False
        self._thread: Thread | None = None
        self._store: Store | None = None
        self._leasing: Store | None = None
        self._fleet = Fleet(self._clock)
        self.outbox = Outbox()
        #: What is held, from when on others' results of it are known: it goes on from there.
        self._mine: frozenset[str] = frozenset()
        self._purged = 0.0
        self._failing = False

    @property
    def is_host(self) -> bool:
        """Whether this process runs the checks of its host."""
        return self._host.is_held

    def holds(self, check: Check) -> bool:
        """Whether this process runs a check."""
        return check.scope == "process" or (check.name in self._mine and self._may_run(check))

    def ensure_started(self) -> None:
        """Take part, unless it does or everything is of one process. Costs little: call it often."""
        if self._thread is not None and self._pid == os.getpid() and self._thread.is_alive():
            return
        shared = any(check.scope != "process" for check in self._registry.checks.values())
        if not shared and not self._registry.jobs:
            return
        if self._pid != os.getpid():  # forked in C, where Python's fork hooks do not run
            self.after_fork()
        with self._lock:
            if self._stopped or (self._thread is not None and self._thread.is_alive()):
                return
            self._take_host()
            thread = Thread(target=self._work, name="obskit-checks", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more threads; the request that calls this must not fail
                return
            self._thread = thread

    def stop(self, timeout: float = 1.0) -> None:
        """Write what waits, and let others run what this process ran.

        Args:
            timeout: Seconds to wait for it at most.
        """
        self._stopped = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(timeout)
        elif thread is None and (self._mine or self.is_host):
            self.leave()

    def keep(self, check: Check, standing: Standing) -> None:
        """Let a result be written: to history, and for the others. Never waits."""
        if check.scope == "process":
            return
        sharing, number = self._sharing, self._fleet.number(check.name)
        if self.outbox.put(to_run(check, standing, number, sharing.instance(), sharing.host)):
            self._wake.set()

    def hand_on(self, timeout: float) -> None:
        """Have what waits written now: somebody waits for it.

        Args:
            timeout: Seconds to wait for it at most.
        """
        self._wake.set()
        until = monotonic() + timeout
        while self.outbox.account()["waiting"] and not self._stopped and monotonic() < until:
            sleep(_GLANCE)

    def past(self, check: Check) -> Callable[[float, float], Sequence[tuple[float, float]]]:
        """What a check measured since a moment, from history; nothing where it cannot be read."""

        def since(moment: float, step: float) -> Sequence[tuple[float, float]]:
            if check.scope == "process":
                return ()
            try:
                own = self._sharing.host if check.scope == "host" else ""
                return self._opened().values(check.name, moment, step, own)
            except StoreError:
                return ()

        return since

    def _work(self) -> None:
        while not self._stopped:
            self._wake.clear()
            self.round()
            self._wake.wait(_PERIOD)
        self.round()
        self.leave()

    def round(self) -> None:
        """Do once what the thread does again and again: write, take, read, purge. Never raises."""
        try:
            self._take_host()
            self.outbox.write(self._opened(), self._fleet.lose)
            self._take_leases()
            self._adopt()
            if self.is_host:
                self._sharing.keep_house()
                self._purge()
        except Exception as error:
            if not self._failing:
                known = isinstance(error, StoreError)
                _log.warning(
                    "checks go on without history and without others' results: %s",
                    error,
                    exc_info=None if known else error,
                )
            self._failing = True
            self._fleet.forget()
        else:
            if self._failing:
                _log.info("history of checks is there again")
            self._failing = False
        before = self._mine
        self._mine = frozenset(check.name for check in self._shared() if self._may_run(check))
        if self._mine - before:
            self._on_gain()

    def _shared(self) -> list[Check]:
        checks = self._registry.checks.values()
        return [check for check in checks if check.scope != "process"]

    def _may_run(self, check: Check) -> bool:
        return self.is_host if check.scope == "host" else self._fleet.holds(check.name)

    def _opened(self) -> Store:
        with self._lock:
            if self._store is None:
                self._store = self._sharing.open_store()
            return self._store

    def _lessor(self) -> Store:
        if self._sharing.open_leases is None:
            return self._opened()
        if self._leasing is None:
            self._leasing = self._sharing.open_leases()
        return self._leasing

    def _take_host(self) -> None:
        if self._sharing.runs:
            self._host.take(self._registry.checks)

    def _take_leases(self) -> None:
        fleet = [check for check in self._shared() if check.scope == "fleet"]
        if fleet and self._sharing.runs:
            self._fleet.take(fleet, self._lessor(), self._sharing.instance())

    def _adopt(self) -> None:
        # Of what was gained just now too: it goes on from where the process before was.
        wanted = {check.name for check in self._shared() if not self.holds(check)}
        if wanted:
            for name, run in latest_here(self._opened(), self._sharing.host).items():
                if name in wanted:
                    self._results.adopt(name, to_standing(run, self._clock))

    def _purge(self) -> None:
        now = self._clock.now()
        if now - self._purged > _PURGE_PERIOD:
            self._purged = now
            self._opened().purge(now - self._sharing.history, self._sharing.max_bytes)

    def leave(self) -> None:
        """Let others run what this process ran."""
        self._host.give_back()
        self._mine = frozenset()
        self.outbox.give_up()
        with suppress(Exception):
            self._fleet.give_back(self._lessor())
        for used in (self._store, self._leasing):
            with suppress(Exception):
                if used is not None:
                    used.close()
        self._store = self._leasing = None
