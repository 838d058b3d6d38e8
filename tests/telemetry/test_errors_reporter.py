"""Errors whose reporter raises, or is used by many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from tests.telemetry.accounts import settled

from obskit import context
from obskit.context import Scope
from obskit.ledger import Ledger
from obskit.telemetry.errors import Errors


class Breaking:
    """A reporter that raises where it is told to."""

    def __init__(self, *where: str) -> None:
        self.where = where
        self.sent: list[Any] = []

    def _may_break(self, name: str) -> None:
        if name in self.where:
            raise RuntimeError(name)

    def event(self, error: BaseException, scope: Any, *, handled: bool, logger: str) -> Any:
        self._may_break("event")
        return error

    def mark_unhandled(self, event: Any) -> None:
        self._may_break("mark")

    def send(self, event: Any, scope: Any) -> bool:
        self._may_break("send")
        self.sent.append(event)
        return True

    def start_transaction(self, *_: object) -> None: ...
    def flush(self, timeout: float) -> None: ...
    def close(self, timeout: float) -> None: ...


@pytest.mark.parametrize(
    ("where", "account"),
    [
        ("event", {"exported": 0, "dropped": {"not_representable": 1}}),
        ("send", {"exported": 0, "dropped": {"not_representable": 1}}),
        ("mark", {"exported": 1, "dropped": {}}),
    ],
)
def test_a_reporter_that_raises_harms_no_host_and_is_counted(
    where: str, account: dict[str, Any]
) -> None:
    ledger = Ledger()
    errors = Errors(Breaking(where), ledger)
    error = ValueError()
    with context.entered(Scope("r")) as scope:
        errors.capture(error, handled=True)
        errors.capture(error, handled=False)
        errors.finish(scope)
    assert ledger.snapshot()["errors"] == {**settled(1), **account}


class EndsTheRequest(Exception):
    """Ends its request in the middle of being looked at, as another thread may."""

    end: Callable[[], None] | None = None

    @property
    def exceptions(self) -> tuple[()]:
        if self.end is not None:
            self.end()
        return ()


def test_a_report_made_while_its_request_ends_is_sent() -> None:
    reporter, ledger = Breaking(), Ledger()
    errors, error = Errors(reporter, ledger), EndsTheRequest()
    with context.entered(Scope("r")) as scope:
        error.end = partial(errors.finish, scope)
        errors.capture(error, handled=True)
    assert reporter.sent == [error]
    assert ledger.snapshot()["errors"] == settled(1)


def test_a_report_that_was_sent_meanwhile_is_not_dropped_as_well() -> None:
    reporter, ledger = Breaking(), Ledger()
    errors, first, inner, outer = Errors(reporter, ledger), EndsTheRequest(), KeyError(), OSError()
    outer.__cause__ = inner
    with context.entered(Scope("r")) as scope:
        errors.capture(first, handled=True)
        errors.capture(inner, handled=True)
        first.end = partial(errors.finish, scope)
        errors.capture(outer, handled=True)
    assert reporter.sent == [first, inner, outer]
    assert ledger.snapshot()["errors"] == settled(3)


def test_only_the_report_of_an_unhandled_exception_is_marked_so() -> None:
    marked: list[Any] = []

    class Marks(Breaking):
        def mark_unhandled(self, event: Any) -> None:
            marked.append(event)

    errors, handled, unhandled = Errors(Marks(), Ledger()), ValueError(1), ValueError(2)
    with context.entered(Scope("r")):
        for error in (handled, unhandled):
            errors.capture(error, handled=True)
        errors.capture(handled, handled=True)
        errors.capture(unhandled, handled=False)
    assert marked == [unhandled]


def test_threads_of_one_request_lose_no_report() -> None:
    reporter, ledger = Breaking(), Ledger()
    errors, scope = Errors(reporter, ledger), Scope("r")

    def work(name: int) -> None:
        with context.entered(scope):
            for number in range(50):
                errors.capture(ValueError(name, number), handled=True)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    errors.finish(scope)
    for thread in threads:
        thread.join()
    assert len({error.args for error in reporter.sent}) == 200
    assert ledger.snapshot()["errors"] == {
        "accepted": 200,
        "exported": 200,
        "dropped": {},
        "sampled_out": 0,
        "spooled": 0,
        "queued": 0,
    }
