"""The run at hand: what a job's own code says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isfinite
from threading import RLock
from typing import Literal
from uuid import uuid4

from obskit.checks.model import number
from obskit.operations.forks import renew_after_fork
from obskit.redaction import CUT, describe, name_of, plain
from obskit.state.store import JobRun

Outcome = Literal["ok", "nothing_to_do", "failed"]

_MOST_NAMES = 20
_MAX_NAME = 64
_OTHER = "other"
_MAX_TEXT = 1_000


class Run:
    """One run of a job. Nothing here raises; where no run is at hand nothing happens.

    Attributes:
        run_id: Its id, unique; empty where no run is at hand.
    """

    run_id = ""

    def progress(self, done: float, total: float | None = None) -> None:
        """Say how far the run is.

        Args:
            done: How much is done.
            total: How much there is to do; what was said before by default.
        """

    def count(self, **amounts: float) -> None:
        """Count what the run deals with.

        Args:
            **amounts: How many more, by name; of at most 20 names, what is beyond is `other`.

        >>> Run().count(rows=10, skipped=1)
        """

    def fail(self, reason: object) -> None:
        """The run has failed, though nothing was raised. It goes on until its end.

        Args:
            reason: Why; a line.
        """

    def nothing_to_do(self, message: object = "") -> None:
        """There was nothing to do: the run is well, and told apart.

        Args:
            message: Why there was nothing.
        """


class LivingRun(Run):
    """A run that goes on. Threads may share it.

    Args:
        job: The job's name.
        started: When it began, seconds since the Unix epoch.
        deadline: Until when the next run must have begun, or None.
        instance: The `service.instance.id` of this process.
        on_progress: Called when it has got further. Must not raise.
        on_count: Told what was counted: the name, how many more; None where that is no amount. Must
            not raise.

    Attributes:
        trace_id: Its trace, or None.
        evidence: The last lines of its output.
    """

    def __init__(
        self,
        job: str,
        started: float,
        deadline: float | None,
        instance: str,
        on_progress: Callable[[], object],
        on_count: Callable[[str, float | None], object],
    ) -> None:
        self.run_id = uuid4().hex
        self.trace_id: str | None = None
        self.evidence: tuple[str, ...] = ()
        self._begun = JobRun(self.run_id, job, started, deadline=deadline, instance=instance)
        self._on_progress = on_progress
        self._on_count = on_count
        self._said: tuple[Outcome, str] = ("ok", "")
        self._done: tuple[float, float | None] = (0.0, None)
        self._counts: dict[str, float] = {}
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child nobody holds the lock."""
        self._lock = RLock()

    def progress(self, done: float, total: float | None = None) -> None:
        """Say how far the run is."""
        reached, whole = _amount(done), _amount(total)
        if reached is not None:
            self._done = reached, self._done[1] if whole is None else whole
            self._on_progress()

    def count(self, **amounts: float) -> None:
        """Count what the run deals with."""
        for given, more in amounts.items():
            amount = _amount(more)
            self._on_count("" if amount is None else self._add(given, amount), amount)

    def _add(self, given: str, amount: float) -> str:
        with self._lock:
            known = given in self._counts or len(self._counts) < _MOST_NAMES
            name = name_of(given)[:_MAX_NAME] if known else _OTHER
            self._counts[name] = self._counts.get(name, 0.0) + amount
        return name

    def fail(self, reason: object) -> None:
        """The run has failed, though nothing was raised."""
        self._said = "failed", _line(reason)

    def nothing_to_do(self, message: object = "") -> None:
        """There was nothing to do."""
        if self._said[0] != "failed":
            self._said = "nothing_to_do", _line(message)

    def as_it_is(self, now: float) -> JobRun:
        """The run while it goes on.

        Args:
            now: Seconds since the Unix epoch.
        """
        done, total = self._done
        with self._lock:
            counts = dict(self._counts)
        return replace(
            self._begun,
            done=done,
            total=total,
            counts=counts,
            trace_id=self.trace_id,
            evidence=self.evidence,
            beat=now,
        )

    def as_it_ended(self, now: float, error: BaseException | None) -> JobRun:
        """The run when it has ended.

        Args:
            now: Seconds since the Unix epoch.
            error: The exception that ended it, or None.
        """
        outcome, message = self._said if error is None else ("failed", _line(describe(error)))
        return replace(self.as_it_is(now), outcome=outcome, finished=now, message=message)


def _amount(given: object) -> float | None:
    value = number(given)
    return value if value is not None and isfinite(value) and value >= 0 else None


def _line(given: object) -> str:
    said = str(plain(given))
    return said if len(said) <= _MAX_TEXT else said[: _MAX_TEXT - len(CUT)] + CUT
