"""A sender whose receiver answers by a script, so that every order of faults can be tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

from obskit.capture import StillClock
from obskit.export.answer import Answer
from obskit.export.encoding import Scope
from obskit.export.outage import ExportError, Outage
from obskit.export.queue import Queue
from obskit.export.sender import Sender
from obskit.export.spool import Spool
from obskit.export.transport import Transport
from obskit.ledger import Ledger

SCOPE = Scope(b"", b"", b"", b"")
TAKEN = Answer("accepted")
AWAY = Answer("retry", reason="connection_refused", message="no connection")
REFUSED = Answer("refused", reason="http_400", message="bad data")
TOO_LARGE = Answer("too_large", reason="http_413", message="too large")


class Scripted:
    """Stands where a transport stands. After its script it takes everything."""

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []
        self.aborted = self.closed = False
        self.meanwhile: Callable[[], object] = lambda: None

    def post(self, body: bytes, timeout: float) -> Answer:
        assert timeout > 0
        self.meanwhile()
        answer = self.answers.pop(0) if self.answers else TAKEN
        if answer.kind == "accepted":
            self.bodies.append(body)
        return answer

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.closed = True


class Line:
    """A sender with everything around it, in simulated time."""

    def __init__(
        self,
        *answers: Answer,
        spool: Path | None = None,
        batch: int = 4,
        most: int = 10,
        **options: Any,
    ) -> None:
        self.clock = StillClock()
        self.ledger = Ledger()
        self.transport = Scripted(answers)
        self.wakes = 0
        self.errors: list[ExportError] = []
        self.spool = Spool(spool, clock=self.clock) if spool else None
        self.queue = Queue(
            "logs",
            self.ledger,
            max_records=most,
            max_bytes=10_000,
            wake_at=batch,
            wake=self._wake,
        )
        self.outage = Outage("http://there", self.ledger, self.clock, self.errors.append)
        self.sender = Sender(
            "logs",
            self.queue,
            cast("Transport", self.transport),
            self.ledger,
            self.outage,
            self.spool,
            self.clock,
            batch=batch,
            delay=1.0,
            timeout=10.0,
            **options,
        )

    def _wake(self) -> None:
        self.wakes += 1

    def put(self, *records: bytes) -> None:
        for record in records:
            self.queue.put(SCOPE, record)

    def run(self, seconds: float = 1.0) -> None:
        """Let time pass, and a round of the worker be."""
        self.clock.advance(seconds)
        self.sender.run()

    @property
    def account(self) -> dict[str, Any]:
        account: dict[str, Any] = self.ledger.snapshot()["logs"]
        return account

    @property
    def balanced(self) -> bool:
        account = self.account
        left = account["exported"] + account["sampled_out"] + account["spooled"]
        return bool(
            account["accepted"] == left + account["queued"] + sum(account["dropped"].values())
        )
