"""Errors: which exception is reported, when, and that it is reported once.

In a request the report leaves when the request ends: an exception that is logged, wrapped and logged
again on its way up is one report in the end, the outermost, which contains the others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from opentelemetry.trace import SpanContext

from obskit import context
from obskit.config import Config
from obskit.context import Scope
from obskit.exceptions import MissingExtra
from obskit.ledger import Ledger
from obskit.telemetry import failure

_MOST_PENDING = 10


class Reporter(Protocol):
    """Where errors go: Sentry, or what a test puts in its place."""

    def event(
        self, error: BaseException, scope: Scope | None, *, handled: bool, logger: str
    ) -> Any:
        """The report of an exception, with everything that may change before it is sent."""

    def mark_unhandled(self, event: Any) -> None:
        """What was logged turned out to be handled by nobody."""

    def send(self, event: Any, scope: Scope | None) -> bool:
        """Complete a report and send it. Whether the reporter took it."""

    def start_transaction(self, method: str, span: SpanContext) -> Any:
        """A transaction for this request, or None."""

    def flush(self, timeout: float) -> None:
        """Wait for what was taken, at most so many seconds."""

    def close(self, timeout: float) -> None:
        """Flush, and take no more."""


class Pending:
    """A report that waits for the end of its request."""

    __slots__ = ("error", "event", "number")

    def __init__(self, error: BaseException, event: Any, number: int | None) -> None:
        self.error = error
        self.event = event
        self.number = number


class Errors:
    """Decides what the reporter is told.

    Threads and tasks of one request share its list of reports. It is changed by single steps that
    the interpreter does not divide, so that nothing here takes a lock.

    Args:
        reporter: Where reports go.
        ledger: Where they are counted.

    Attributes:
        sent: Told of each exception whose report was taken: it, its request's id, and what the
            reporter calls the report. Must not raise.
    """

    def __init__(self, reporter: Reporter, ledger: Ledger) -> None:
        self.reporter = reporter
        self.sent: Callable[[BaseException, str | None, str], object] | None = None
        self._ledger = ledger

    def capture(self, error: BaseException, *, handled: bool, logger: str = "") -> None:
        """Capture one exception. Never raises, and never the same one twice in a request.

        Args:
            error: The exception.
            handled: Whether somebody caught it: logged it, say.
            logger: The logger that it was told to.
        """
        scope, number = context.current(), context.number()
        if not failure.claim(error, "capture", number):
            if scope is not None and not handled:
                self._mark_unhandled(error, scope)
            return
        self._ledger.accept("errors")
        try:
            event = self.reporter.event(error, scope, handled=handled, logger=logger)
        except Exception:
            self._ledger.drop("errors", "not_representable")
            return
        pending = Pending(error, event, number)
        if scope is None or number is None or scope.errors is None:
            self._send(pending, scope)
        else:
            self._hold(pending, scope, scope.errors)

    def report(self, event: dict[str, Any]) -> None:
        """Report what is no exception, at once. Never raises.

        Args:
            event: As Sentry has it.
        """
        self._ledger.accept("errors")
        self._hand_over((event, {}), None)

    def finish(self, scope: Scope) -> None:
        """Send what waits for the end of a request. What comes later is sent at once."""
        waiting, scope.errors = scope.errors or [], None
        while waiting:
            with suppress(IndexError):  # another thread has just taken the last one
                self._send(waiting.pop(0), scope)

    def _mark_unhandled(self, error: BaseException, scope: Scope) -> None:
        for pending in scope.errors or ():
            if pending.error is error:
                with suppress(Exception):  # what a host put in its place may raise
                    self.reporter.mark_unhandled(pending.event)

    def _hold(self, pending: Pending, scope: Scope, waiting: list[Pending]) -> None:
        inner = {id(one) for one in failure.contained(pending.error)}
        for other in list(waiting):
            if id(other.error) in inner and _take(other, waiting):
                self._ledger.drop("errors", "part_of_another")
            elif any(one is pending.error for one in failure.contained(other.error)):
                self._ledger.drop("errors", "part_of_another")
                return
        waiting.append(pending)
        if scope.errors is None and _take(pending, waiting):  # the request has ended meanwhile
            self._send(pending, scope)
        elif len(waiting) > _MOST_PENDING:
            self._send(waiting.pop(0), scope)

    def _send(self, pending: Pending, scope: Scope | None) -> None:
        if not failure.claim(pending.error, "send", pending.number):
            # An integration of the host's own Sentry was faster.
            self._ledger.drop("errors", "sent_by_host")
            return
        taken = self._hand_over(pending.event, scope)
        if taken and self.sent is not None:
            request_id = scope.request_id if scope else None
            self.sent(pending.error, request_id, _id_of(pending.event))

    def _hand_over(self, event: Any, scope: Scope | None) -> bool:
        try:
            taken = self.reporter.send(event, scope)
        except Exception:
            self._ledger.drop("errors", "not_representable")
            return False
        if taken:
            self._ledger.export("errors", 1)
        else:
            self._ledger.drop("errors", "refused_by_sentry_options")
        return taken


def _take(pending: Pending, waiting: list[Pending]) -> bool:
    try:
        waiting.remove(pending)
    except ValueError:
        return False
    return True


def _id_of(event: Any) -> str:
    """The id that Sentry gives an event as it takes it; a reporter of a test's own gives none."""
    try:
        return str(event[0].get("event_id") or "")
    except Exception:
        return ""


def reporter_of(config: Config) -> Reporter | None:
    """What reports errors by the configuration, or None where neither it nor the host has Sentry.

    Args:
        config: The configuration.

    Raises:
        ConfigError: sentry-sdk refuses the DSN or an option.
        MissingExtra: There is a DSN, and no sentry-sdk.
    """
    # Importing sentry-sdk takes longer than the rest of `init`: only where there is a use for it.
    if not config.sentry_dsn and "sentry_sdk" not in sys.modules:
        return None
    try:
        from obskit.telemetry import sentry
    except ModuleNotFoundError as error:
        raise MissingExtra("sentry", "A Sentry DSN") from error
    return sentry.build(config)
