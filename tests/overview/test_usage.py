"""Operations and quotas, over all processes that tell of them."""

from __future__ import annotations

import os

from tests.overview.given import NOW

from obskit.operations.operation import operation
from obskit.operations.quota import quota
from obskit.operations.tally import Tally
from obskit.overview import usage
from obskit.overview.model import ProcessView
from obskit.overview.standing import Told
from obskit.registry import Registry

PROCESS = ProcessView(os.getpid(), "i-1", NOW, NOW)


def tally(*runs: tuple[float, str | None]) -> Tally:
    """What was counted of some runs: how long each took, and why it failed."""
    made = Tally()
    for seconds, reason in runs:
        made.add(seconds, reason)
    return made


def test_what_processes_have_counted_of_an_operation_is_added_up() -> None:
    registry = Registry()
    operation("payment", max_error_ratio=0.1, max_p95="2s", min_runs=4, registry=registry)
    first = tally((0.02, None), (0.02, "declined"))
    second = tally((0.02, "declined"), (0.02, "Timeout"), (4.0, None))
    told = [Told(PROCESS, {"payment": first}), Told(PROCESS, {"payment": second})]
    (payment,) = usage.operations(registry.operations, told)
    assert (payment.runs, payment.failed, payment.error_ratio) == (5, 3, 0.6)
    assert payment.reasons == {"declined": 2, "Timeout": 1}
    # Of five runs the fifth: between 3 s and 5 s, three quarters of the way.
    assert payment.p95 == 4.5
    assert (payment.max_error_ratio, payment.max_p95, payment.min_runs) == (0.1, 2.0, 4)
    assert payment.fails


def test_an_operation_that_nobody_ran_is_told_of_with_nothing() -> None:
    registry = Registry()
    operation("payment", max_error_ratio=0.1, registry=registry)
    (payment,) = usage.operations(registry.operations, [])
    assert (payment.runs, payment.error_ratio, payment.p95, payment.fails) == (0, None, None, False)


def test_an_operation_that_is_declared_elsewhere_is_told_of_too() -> None:
    (other,) = usage.operations({}, [Told(PROCESS, {"payment": tally((0.02, "declined"))})])
    assert (other.name, other.runs, other.failed) == ("payment", 1, 1)


def test_the_operation_that_fails_comes_first() -> None:
    registry = Registry()
    for name in ("browse", "payment"):
        operation(name, max_error_ratio=0.1, min_runs=1, registry=registry)
    told = [Told(PROCESS, {"payment": tally((0.1, "declined")), "browse": tally((0.1, None))})]
    assert [each.name for each in usage.operations(registry.operations, told)] == [
        "payment",
        "browse",
    ]


def test_what_processes_have_used_of_a_quota_is_added_up() -> None:
    registry = Registry()
    quota("maps", limit=100, per="1h", owner="web", registry=registry)
    quota("crm", limit=100, per="1h", registry=registry)
    told = [Told(PROCESS, quotas={"crm": (30, 5)}), Told(PROCESS, quotas={"crm": (50, 5)})]
    crm, maps = usage.quotas(registry.quotas, told)
    assert (crm.name, crm.used, crm.limit, crm.per, crm.status) == (
        "crm",
        80,
        100,
        3600.0,
        "warning",
    )
    # Ten in six minutes: the other twenty last twelve.
    assert crm.seconds_until_empty == 720.0
    assert (maps.name, maps.used, maps.seconds_until_empty, maps.owner) == ("maps", 0, None, "web")


def test_a_quota_that_is_used_up_lasts_no_longer() -> None:
    registry = Registry()
    quota("crm", limit=10, per="1h", registry=registry)
    (crm,) = usage.quotas(registry.quotas, [Told(PROCESS, quotas={"crm": (12, 0)})])
    assert (crm.seconds_until_empty, crm.status) == (0.0, "critical")


def test_a_quota_that_is_declared_nowhere_here_is_left_out() -> None:
    assert usage.quotas({}, [Told(PROCESS, quotas={"crm": (12, 0)})]) == ()
