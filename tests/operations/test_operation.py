"""Operations: counted over a window, judged, measured."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from obskit import Status
from obskit.capture import Capture
from obskit.declared import Declarations
from obskit.exceptions import DeclarationError
from obskit.operations.operation import DeclaredOperation, operation
from obskit.operations.surroundings import Surroundings

Install = Callable[..., Surroundings]


@pytest.fixture
def payment(install: Install, registry: Declarations) -> DeclaredOperation:
    install()
    return operation(
        "payment",
        max_error_ratio=0.1,
        max_p95="2s",
        window="10m",
        min_runs=5,
        expected=LookupError,
        registry=registry,
    )


def runs(
    payment: DeclaredOperation, capture: Capture, count: int, seconds: float = 0.02, why: str = ""
) -> None:
    for _ in range(count):
        with payment.run() as run:
            capture.clock.advance(seconds)
            if why:
                run.fail(why)


def test_a_decorated_function_is_unchanged_for_its_callers(payment: DeclaredOperation) -> None:
    @payment
    def charge(amount: int, *, tax: int = 0) -> int:
        """Takes money."""
        return amount + tax

    assert charge(3, tax=1) == 4
    assert (charge.__name__, payment.description) == ("charge", "Takes money.")
    assert payment.health().details == {"runs": 1}


def test_a_coroutine_function_stays_one(payment: DeclaredOperation) -> None:
    @payment
    async def charge(amount: int) -> int:
        await asyncio.sleep(0)
        return amount

    assert asyncio.run(charge(3)) == 3
    assert payment.health().details == {"runs": 1}


def test_a_generator_is_refused(payment: DeclaredOperation) -> None:
    def rows() -> Iterator[int]:
        yield 1

    with pytest.raises(DeclarationError, match=r"the operation 'payment' .* is a generator"):
        payment(rows)


def test_few_runs_are_not_judged(payment: DeclaredOperation, obskit_capture: Capture) -> None:
    runs(payment, obskit_capture, 4, why="declined")
    found = payment.health()
    assert (found.status, found.value) == (Status.OK, None)
    assert found.message == "not judged: 4 of at least 5 runs in 10m"


def test_as_many_failures_as_allowed_are_well(
    payment: DeclaredOperation, obskit_capture: Capture
) -> None:
    runs(payment, obskit_capture, 9)
    runs(payment, obskit_capture, 1, why="declined")
    found = payment.health()
    assert (found.status, found.value) == (Status.OK, 0.1)
    assert found.message == "10 runs in 10m, 1 of them failed"
    assert found.evidence == ("declined: 1",)


def test_more_failures_are_critical(payment: DeclaredOperation, obskit_capture: Capture) -> None:
    runs(payment, obskit_capture, 8)
    runs(payment, obskit_capture, 2, why="declined")
    found = payment.health()
    assert (found.status, found.value) == (Status.CRITICAL, 0.2)
    assert found.message == "20.00% of the runs failed; 10.00% may"


def test_failures_leave_the_window(payment: DeclaredOperation, obskit_capture: Capture) -> None:
    runs(payment, obskit_capture, 5, why="declined")
    obskit_capture.clock.advance(620)
    runs(payment, obskit_capture, 5)
    assert payment.health().value == 0.0


def test_slow_runs_are_critical(payment: DeclaredOperation, obskit_capture: Capture) -> None:
    runs(payment, obskit_capture, 90)
    runs(payment, obskit_capture, 10, seconds=2.5)
    found = payment.health()
    assert found.status is Status.CRITICAL
    assert found.message == "the p95 is 2.5 s; 2 s is allowed"
    assert found.details["p95"] == 2.5


def test_a_run_as_long_as_the_limit_is_well(
    payment: DeclaredOperation, obskit_capture: Capture
) -> None:
    runs(payment, obskit_capture, 20, seconds=2.0)
    assert payment.health().status is Status.OK


def test_an_exception_is_a_failure_and_goes_on(payment: DeclaredOperation) -> None:
    for _ in range(5):
        with pytest.raises(ValueError, match="no"), payment.run():
            raise ValueError("no")
    assert payment.health().evidence == ("ValueError: 5",)


def test_an_expected_exception_is_no_failure(payment: DeclaredOperation) -> None:
    for _ in range(5):
        with pytest.raises(KeyError), payment.run():
            raise KeyError("unknown voucher")
    assert payment.health().value == 0.0


def test_a_block_that_is_closed_early_is_no_failure(payment: DeclaredOperation) -> None:
    def paid() -> Iterator[int]:
        with payment.run():
            yield 1
            yield 2

    for _ in range(5):
        rows = paid()
        next(rows)
        rows.close()  # type: ignore[attr-defined]
    assert (payment.health().value, payment.health().details["runs"]) == (0.0, 5)


def test_reasons_are_bounded(payment: DeclaredOperation, obskit_capture: Capture) -> None:
    for number in range(25):
        runs(payment, obskit_capture, 1, why=f"order {number} declined")
    runs(payment, obskit_capture, 1, why="x" * 1_000)
    points = obskit_capture.metrics()["obskit.operation.duration"]
    reasons = {point["attributes"]["error.type"] for point in points}
    assert len(reasons) == 21
    assert "other" in reasons
    assert payment.health().details["failed"] == 26


def test_a_reason_is_cut_and_holds_no_secret(
    payment: DeclaredOperation, obskit_capture: Capture
) -> None:
    runs(payment, obskit_capture, 1, why="x" * 1_000)
    runs(payment, obskit_capture, 1, why="redis://:hunter2@cache/0")
    points = obskit_capture.metrics()["obskit.operation.duration"]
    assert {point["attributes"]["error.type"] for point in points} == {
        "x" * 64,
        "redis://:[redacted]@cache/0",
    }


def test_the_histogram_has_a_series_for_each_outcome(
    payment: DeclaredOperation, obskit_capture: Capture
) -> None:
    runs(payment, obskit_capture, 2, seconds=0.25)
    runs(payment, obskit_capture, 1, seconds=0.5, why="declined")
    named = {"obskit.operation.name": "payment"}
    assert obskit_capture.metrics()["obskit.operation.duration"] == [
        {"attributes": {**named, "obskit.operation.outcome": "ok"}, "count": 2, "sum": 0.5},
        {
            "attributes": {
                **named,
                "obskit.operation.outcome": "failed",
                "error.type": "declined",
            },
            "count": 1,
            "sum": 0.5,
        },
    ]


def test_each_slow_run_is_told_in_a_line(
    install: Install, registry: Declarations, obskit_capture: Capture
) -> None:
    install()
    export = operation("export", slow_after="5s", registry=registry)
    runs(export, obskit_capture, 1, seconds=5.0)
    runs(export, obskit_capture, 1, seconds=6.25)
    slow = [line for line in obskit_capture.lines if line["event"] == "operation.slow"]
    assert [(line["level"], line["obskit.operation.name"], line["seconds"]) for line in slow] == [
        ("warning", "export", 6.25)
    ]


def test_without_a_limit_no_run_is_told(
    payment: DeclaredOperation, obskit_capture: Capture
) -> None:
    runs(payment, obskit_capture, 1, seconds=300.0)
    assert [line["event"] for line in obskit_capture.lines] == []


def test_threads_lose_no_run(payment: DeclaredOperation) -> None:
    def many() -> None:
        for _ in range(200):
            with payment.run():
                pass

    threads = [Thread(target=many) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert payment.health().details["runs"] == 1_000


def test_before_init_runs_are_judged_all_the_same(registry: Declarations) -> None:
    quick = operation("search", max_error_ratio=0, min_runs=1, registry=registry)
    with quick.run() as run:
        run.fail("no index")
    assert quick.health().status is Status.CRITICAL


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_error_ratio": 1.5}, "max_error_ratio is 1.5: use a share of 1, such as 0.01"),
        ({"max_error_ratio": True}, "max_error_ratio is True: use a share of 1, such as 0.01"),
        ({"max_p95": "1h"}, "max_p95 is '1h': use at most 5m"),
        ({"slow_after": "soon"}, "slow_after: 'soon' is no span of time"),
        ({"min_runs": 0}, "min_runs is 0: use a whole number from 1"),
        ({"window": "10ms"}, "window: '10ms' is out of range"),
        ({"expected": "KeyError"}, "use an exception type or a tuple of them"),
    ],
)
def test_a_wrong_declaration_is_told(
    registry: Declarations, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        operation("payment", registry=registry, **options)
    assert message in str(caught.value)
