"""How the service is, looked at once for all who want to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from time import monotonic

from obskit.overview.model import Overview

# Nobody needs to know sooner, seconds.
_LASTS = 2.0
# A look may take this share of the time at most: where it takes long, it is taken less often.
_SHARE = 0.01
# For a look of another thread's it is not waited longer, seconds.
_PATIENCE = 5.0
# What does not change by itself, as values and times do, is shown anew after so many seconds.
_ANEW = 60.0
_PERCENT = 100


@dataclass(frozen=True)
class Look:
    """What was seen.

    Attributes:
        overview: How the service is.
        digest: Is another one when a person would see something else.
    """

    overview: Overview
    digest: str


class Looking:
    """Looks no more often than is worth it, however many ask.

    Args:
        look: Gives how the service is.
    """

    def __init__(self, look: Callable[[], Overview]) -> None:
        self._look = look
        self._lock = Lock()
        self._seen: Look | None = None
        self._until = 0.0

    def seen(self) -> Look:
        """How the service is, at most so long ago as is told here.

        Raises:
            Exception: Whatever keeps it from being looked at.
        """
        if fresh := self.latest():
            return fresh
        seen = self._seen
        # While another thread looks, what was seen before does.
        if not self._lock.acquire(timeout=0.0 if seen is not None else _PATIENCE):
            return seen if seen is not None else self._again()
        try:
            return self.latest() or self._again()
        finally:
            self._lock.release()

    def latest(self) -> Look | None:
        """What was seen, where nobody has to look again to know it."""
        return self._seen if monotonic() < self._until else None

    def forget(self) -> None:
        """Look again when somebody asks next: something was changed."""
        self._until = 0.0

    def _again(self) -> Look:
        began = monotonic()
        overview = self._look()
        took = monotonic() - began
        self._seen = Look(overview, digest(overview))
        self._until = began + took + max(_LASTS, took / _SHARE)
        return self._seen


def digest(overview: Overview) -> str:
    """What changes when a person would see something else; no more than that.

    Values that are well and times that pass count each minute, not each second.

    Args:
        overview: How the service is.
    """
    made = blake2b(digest_size=12)
    for part in _parts(overview):
        made.update(repr(part).encode("utf-8", "replace"))
    return made.hexdigest()


def _parts(overview: Overview) -> Iterator[object]:
    yield overview.health, int(overview.now / _ANEW), tuple(overview.problems)
    for check in overview.checks:
        failing = check.latest.message if check.fails and check.latest else ""
        yield check.name, check.status, check.overdue, failing, check.silence is None
    for job in overview.jobs:
        last = job.standing.last
        yield job.name, job.standing.state
        if last is not None:
            yield last.run_id, last.outcome, _percent(last.done, last.total)
    for operation in overview.operations:
        yield operation.name, operation.fails
    for quota in overview.quotas:
        yield quota.name, quota.status
    for error in overview.errors:
        yield error.time, error.type
    for silence in overview.silences:
        yield silence.check, silence.until
    for process in overview.processes:
        yield process.instance
    for deploy in overview.deploys:
        yield deploy.release, deploy.began


def _percent(done: float, total: float | None) -> int:
    return int(_PERCENT * done / total) if total else int(done)
