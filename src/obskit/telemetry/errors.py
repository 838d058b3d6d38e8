"""Errors: which exception is reported, when, and that it is reported once.

In a request the report leaves when the request ends: an exception that is logged, wrapped and logged
again on its way up is one report in the end, the outermost, which contains the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from obskit import context
from obskit.context import Scope
from obskit.ledger import Ledger
from obskit.telemetry import failure

_MOST_PENDING = 10
_MOST_CHAINED = 50


class Reporter(Protocol):
    """Where errors go: Sentry, or what a test puts in its place."""

    def sees_itself(self, *, handled: bool) -> bool:
        """Whether the reporter learns of such an exception without us."""

    def event(self, error: BaseException, scope: Scope | None, *, handled: bool, logger: str) -> Any:
        """The report of an exception, with everything that may change before it is sent."""

    def mark_unhandled(self, event: Any) -> None:
        """What was logged turned out to be handled by nobody."""

    def send(self, event: Any, scope: Scope | None) -> bool:
        """Complete a report and send it. Whether the reporter took it."""

    def start_transaction(self, method: str, trace_id: str, span_id: str) -> Any:
        """A transaction for this request, or None."""

    def flush(self, timeout: float) -> None:
        """Wait for what was taken, at most so many seconds."""

    def close(self, timeout: float) -> None:
        """Flush, and take no more."""


class Pending(NamedTuple):
    """A report that waits for the end of its request."""

    error: BaseException
    event: Any


class Errors:
    """Decides what the reporter is told.

    Args:
        reporter: Where reports go.
        ledger: Where they are counted.
    """

    def __init__(self, reporter: Reporter, ledger: Ledger) -> None:
        self.reporter = reporter
        self._ledger = ledger

    def capture(self, error: BaseException, *, handled: bool, logger: str = "") -> None:
        """Capture one exception. Never raises, and never the same one twice in a request.

        Args:
            error: The exception.
            handled: Whether somebody caught it: logged it, say.
            logger: The logger that it was told to.
        """
        try:
            if self.reporter.sees_itself(handled=handled):
                return
            scope = context.current()
            if not failure.claim(error, "capture", scope.request_id if scope else None):
                if scope is not None and not handled:
                    self._mark_unhandled(error, scope)
                return
            self._ledger.accept("errors")
            event = self.reporter.event(error, scope, handled=handled, logger=logger)
            if scope is None or scope.request_id is None:
                self._send(event, scope)
            else:
                self._hold(Pending(error, event), scope)
        except Exception:
            self._ledger.drop("errors", "not_representable")

    def finish(self, scope: Scope) -> None:
        """Send what waits for the end of a request. Called once, when it ends."""
        waiting, scope.errors = scope.errors, []
        for pending in waiting:
            self._send(pending.event, scope)

    def _mark_unhandled(self, error: BaseException, scope: Scope) -> None:
        for pending in scope.errors:
            if pending.error is error:
                self.reporter.mark_unhandled(pending.event)

    def _hold(self, pending: Pending, scope: Scope) -> None:
        contained = set(_chain(pending.error))
        for other in [other for other in scope.errors if id(other.error) in contained]:
            scope.errors.remove(other)
            self._ledger.drop("errors", "part_of_another")
        if len(scope.errors) >= _MOST_PENDING:
            self._send(scope.errors.pop(0).event, scope)
        scope.errors.append(pending)

    def _send(self, event: Any, scope: Scope | None) -> None:
        try:
            taken = self.reporter.send(event, scope)
        except Exception:
            self._ledger.drop("errors", "not_representable")
            return
        if taken:
            self._ledger.export("errors", 1)
        else:
            self._ledger.drop("errors", "refused_by_sentry_options")


def _chain(error: BaseException) -> Iterator[int]:
    """The exceptions that an event of this one contains."""
    seen = {id(error)}
    waiting = [error]
    while waiting and len(seen) < _MOST_CHAINED:
        one = waiting.pop()
        group = one.exceptions if hasattr(one, "exceptions") else ()
        for other in (one.__cause__, one.__context__, *group):
            if isinstance(other, BaseException) and id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)
                yield id(other)
