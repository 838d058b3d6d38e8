"""What the processes of a service know of each other's checks: who runs one, and what it came to."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Event, Lock, Thread

from obskit.checks.fleet import Fleet
from obskit.checks.kept import to_run, to_standing
from obskit.checks.results import Results, Standing
from obskit.clock import Clock
from obskit.declaration import Check
from obskit.exceptions import StoreError
from obskit.export import lock
from obskit.registry import Registry
from obskit.state.opening import Leases
from obskit.state.store import Run, Store

_log = logging.getLogger("obskit.checks")
# How often others' results are read, a lease is taken again, and a free lock is tried, seconds.
_PERIOD = 2.0
_MOST_WAITING = 1_000
# They are written at each look; so many are not waited for.
_MANY = 200
_PURGE_PERIOD = 3_600.0


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
    """

    open_store: Callable[[], Store]
    folder: Path
    instance: Callable[[], str]
    runs: bool = True
    history: float = 30 * 86_400.0
    max_bytes: int = 64 * 2**20
    open_leases: Callable[[], Leases] | None = None
    keep_house: Callable[[], object] = bool


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
        is_host: Whether this process runs the checks of its host.
        dropped: How many results came too fast to be written.
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
        self._host = ExitStack()
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: nothing is held."""
        self._host.close()  # the parent's lock lives on in the parent
        self._pid = os.getpid()
        self._lock = Lock()
        self._wake = Event()
        self._stopped = False
        self._thread: Thread | None = None
        self._store: Store | None = None
        self._leasing: Leases | None = None
        self.is_host = False
        self._fleet = Fleet(self._clock)
        self._waiting: deque[Run] = deque()
        #: What is held, from when on others' results of it are known: it goes on from there.
        self._mine: frozenset[str] = frozenset()
        self._purged = 0.0
        self._failing = False
        self.dropped = 0

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

    def keep(self, check: Check, standing: Standing) -> None:
        """Let a result be written: to history, and for the others. Never waits."""
        if check.scope == "process":
            return
        if len(self._waiting) >= _MOST_WAITING:
            self.dropped += 1
            return
        number = self._fleet.number(check.name)
        self._waiting.append(to_run(check, standing, number, self._sharing.instance()))
        if len(self._waiting) >= _MANY:
            self._wake.set()

    def past(self, check: Check) -> Callable[[float], Sequence[tuple[float, float]]]:
        """What a check measured since a moment, from history; nothing where it cannot be read."""

        def since(moment: float) -> Sequence[tuple[float, float]]:
            if check.scope == "process":
                return ()
            try:
                return self._opened().values(check.name, moment)
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
            self._write()
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

    def _lessor(self) -> Leases:
        if self._sharing.open_leases is None:
            return self._opened()
        if self._leasing is None:
            self._leasing = self._sharing.open_leases()
        return self._leasing

    def _take_host(self) -> None:
        if self.is_host or not self._sharing.runs:
            return
        folder = self._sharing.folder
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Another app of the service has checks of its own, and another lock.
        names = "\n".join(sorted(self._registry.checks))
        path = folder / f"checks-{sha256(names.encode()).hexdigest()[:16]}.lock"
        with ExitStack() as tried:
            held = tried.enter_context(lock.exclusive(path))
            if held:
                self._host = tried.pop_all()
        # Where there can be no lock, two that run are better than none.
        self.is_host = held or lock.fcntl is None or not _is_usable(folder)

    def _take_leases(self) -> None:
        fleet = [check for check in self._shared() if check.scope == "fleet"]
        if fleet and self._sharing.runs:
            self._fleet.take(fleet, self._lessor(), self._sharing.instance())

    def _write(self) -> None:
        store = self._opened()
        while self._waiting:
            run = self._waiting[0]
            if not store.keep(run):
                self._fleet.lose(run.check)  # a later holder runs it by now
            self._waiting.popleft()

    def _adopt(self) -> None:
        # Of what was gained just now too: it goes on from where the process before was.
        wanted = {check.name for check in self._shared() if not self.holds(check)}
        if wanted:
            for name, run in self._opened().latest().items():
                if name in wanted:
                    self._results.adopt(name, to_standing(run, self._clock))

    def _purge(self) -> None:
        now = self._clock.now()
        if now - self._purged > _PURGE_PERIOD:
            self._purged = now
            self._opened().purge(now - self._sharing.history, self._sharing.max_bytes)

    def leave(self) -> None:
        """Let others run what this process ran."""
        self.is_host = False
        self._host.close()
        self._mine = frozenset()
        with suppress(Exception):
            self._fleet.give_back(self._lessor())
        for used in (self._store, self._leasing):
            with suppress(Exception):
                if used is not None:
                    used.close()
        self._store = self._leasing = None


def _is_usable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK)
