"""Simulated time for a schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from obskit import CheckResult, Registry
from obskit.capture import StillClock
from obskit.checks.runner import Attempt, Runner
from obskit.checks.schedule import Schedule
from obskit.declaration import Check


class HostClock(StillClock):
    """A clock that an administrator sets."""

    def __init__(self) -> None:
        super().__init__()
        self._set = 0.0

    def now(self) -> float:
        return super().now() + self._set

    def set(self, seconds: float) -> None:
        """Move what the clock shows. So it looks, too, when the host has slept for so long."""
        self._set += seconds


class Simulation:
    """A schedule in simulated time: sleeping moves the clock."""

    def __init__(self, registry: Registry) -> None:
        self.clock = HostClock()
        self.starts: list[tuple[float, str]] = []
        self.shown: list[tuple[float, str]] = []
        self.expired: list[tuple[float, str]] = []
        self.sleeps: list[float] = []
        self.hanging: set[str] = set()
        self.attempts: dict[str, Attempt] = {}
        self.meanwhile: Callable[[], object] = lambda: None
        self.held = True
        self.began: dict[str, float] = {}
        self.schedule = Schedule(
            registry,
            cast("Runner", self),
            self.clock,
            holds=lambda check: self.held or check.scope == "process",
            began=lambda check: self.began.get(check.name),
        )

    def run(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            pause = self.schedule.tick()
            self.sleeps.append(pause)
            self.clock.advance(min(pause, end - self.clock.monotonic()))
            self.meanwhile()

    # What the schedule asks of its runner:
    def start(self, check: Check, on_end: Callable[[], object]) -> Attempt:
        now = self.clock.monotonic()
        self.starts.append((now, check.name))
        self.shown.append((self.clock.now(), check.name))
        attempt = Attempt(check, self.clock.now(), now + check.timeout)
        if check.name not in self.hanging:
            attempt.decide(CheckResult.ok(), hangs=False)
            on_end()
        self.attempts[check.name] = attempt
        return attempt

    def expire(self, attempt: Attempt) -> CheckResult:
        self.expired.append((self.clock.monotonic(), attempt.check.name))
        return attempt.decide(CheckResult.critical("late"), hangs=True)

    def of(self, name: str) -> list[float]:
        return [at for at, each in self.starts if each == name]
