"""Tells people that telemetry cannot be sent: once when it begins, once when it ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from obskit.clock import Clock
from obskit.duration import format_duration
from obskit.export import notice
from obskit.export.answer import Answer
from obskit.ledger import Ledger
from obskit.redaction import kind_of

# A receiver that refuses everything is told of no more often, seconds.
_BETWEEN_REFUSALS = 3_600.0
_NOW = "now"


@dataclass(frozen=True)
class ExportError:
    """Why a batch was not taken. The hook `on_export_error` is given one for each attempt.

    Attributes:
        signal: `traces`, `metrics` or `logs`.
        endpoint: Where it was sent.
        reason: In a word, as in the ledger: `connection_refused`, `http_400`, ….
        message: In a sentence.
        records: How many records the batch has.
        kept: Whether it will be sent again.
    """

    signal: str
    endpoint: str
    reason: str
    message: str
    records: int
    kept: bool


class _Beginning(NamedTuple):
    moment: float
    ledger: dict[str, Any]


class Outage:
    """What is known of one receiver.

    Args:
        endpoint: Where it is, as it may be shown.
        ledger: What was kept and lost.
        clock: The time.
        hook: Told of every batch that was not taken.
    """

    def __init__(
        self,
        endpoint: str,
        ledger: Ledger,
        clock: Clock,
        hook: Callable[[ExportError], object] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._ledger = ledger
        self._clock = clock
        self._hook = hook
        self._spool_told = False
        self._refusals: dict[tuple[str, str], float] = {}
        self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: nothing has failed yet."""
        self._away: set[str] = set()
        # Whose `setdefault` puts something in tells of it: signals fail and arrive on many threads.
        self._began: dict[str, _Beginning] = {}

    def failed(self, signal: str, answer: Answer, records: int) -> None:
        """A batch could not be sent, and will be sent again."""
        self._away.add(signal)
        beginning = _Beginning(self._clock.monotonic(), self._ledger.snapshot())
        if self._began.setdefault(_NOW, beginning) is beginning:
            notice.say(
                logging.WARNING,
                "telemetry cannot be sent to %s: %s; it is kept, as far as there is room",
                self._endpoint,
                answer.message or answer.reason,
            )
        self._tell(signal, answer, records, kept=True)

    def refused(self, signal: str, answer: Answer, records: int) -> None:
        """A batch was dropped because sending it again would not help."""
        now = self._clock.monotonic()
        last = self._refusals.get((signal, answer.reason))
        if last is None or now - last >= _BETWEEN_REFUSALS:
            self._refusals[signal, answer.reason] = now
            notice.say(
                logging.WARNING,
                "%s refuses %s: %s; what it refuses is dropped, and counted as %s",
                self._endpoint,
                signal,
                answer.message or answer.reason,
                answer.reason,
            )
        self._tell(signal, answer, records, kept=False)

    def spool_is_off(self, why: str) -> None:
        """Nothing can be kept on disk."""
        if not self._spool_told:
            self._spool_told = True
            notice.say(
                logging.WARNING, "telemetry that cannot be sent is not kept on disk: %s", why
            )

    def ended(self, signal: str) -> None:
        """A batch arrived."""
        self._away.discard(signal)
        if self._away:
            return
        beginning = self._began.pop(_NOW, None)
        if beginning is not None:
            notice.say(
                logging.INFO,
                "telemetry is sent to %s again, after %s; %s",
                self._endpoint,
                format_duration(round(self._clock.monotonic() - beginning.moment, 1)),
                self._balance(beginning.ledger),
            )

    def _balance(self, ledger: dict[str, Any]) -> str:
        spooled, lost = 0, 0
        for signal, now in self._ledger.snapshot().items():
            before = ledger[signal]
            spooled += now["spooled"] - before["spooled"]
            lost += sum(now["dropped"].values()) - sum(before["dropped"].values())
        return f"{max(0, spooled)} records wait on disk, {lost} were lost"

    def _tell(self, signal: str, answer: Answer, records: int, *, kept: bool) -> None:
        if self._hook is None:
            return
        told = ExportError(signal, self._endpoint, answer.reason, answer.message, records, kept)
        try:
            with notice.staying():
                self._hook(told)
        except Exception as error:  # the host's own code
            notice.say(logging.DEBUG, "on_export_error raised: %s", kind_of(error))
