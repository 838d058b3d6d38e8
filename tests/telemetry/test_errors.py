"""Which exception is reported, when, and that it is reported once."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import pytest
from tests.monsters import FrozenError, HostileError, SlottedError
from tests.telemetry.accounts import settled
from tests.telemetry.envelopes import Reported
from tests.telemetry.lines import Installed
from tests.telemetry.served import Served

import obskit
from obskit import context
from obskit.context import Scope


@pytest.fixture
def reported() -> Reported:
    made = Reported()
    Installed(on_exception=lambda error, logger: made.errors.capture(error, handled=True, logger=logger))  # fmt: skip
    return made


def log_of(layer: str) -> Any:
    return obskit.get_logger(f"shop.{layer}")


def adds_up(reported: Reported) -> bool:
    account = reported.account
    return bool(account["queued"] == 0 and account["exported"] == len(reported.events))


def handled(event: dict[str, Any]) -> list[bool]:
    return [value["mechanism"]["handled"] for value in event["exception"]["values"]]


def test_an_unhandled_exception_is_one_event_however_many_layers_log_it(reported: Reported) -> None:
    with Served(reported.errors):
        try:
            try:
                raise KeyError("row")
            except KeyError:
                log_of("rows").exception("inner")
                raise
        except KeyError:
            log_of("view").exception("outer")
            raise
    (event,) = reported.events
    assert handled(event) == [False]
    assert event["logger"] == "shop.rows"
    assert reported.account == settled(1)


def test_an_exception_that_nobody_logged_is_an_event(reported: Reported) -> None:
    with Served(reported.errors):
        raise KeyError("row")
    assert reported.values == ["'row'"]
    assert handled(reported.events[0]) == [False]
    assert reported.events[0]["logger"] == "obskit"


def test_an_exception_that_was_logged_and_handled_is_an_event(reported: Reported) -> None:
    with Served(reported.errors):
        try:
            raise KeyError("row")
        except KeyError:
            log_of("rows").exception("handled")
        assert reported.events == []
        assert reported.account["queued"] == 1
    assert reported.values == ["'row'"]
    assert handled(reported.events[0]) == [True]


def test_below_error_an_exception_is_no_event(reported: Reported) -> None:
    with Served(reported.errors):
        log_of("rows").warning("only this", exc_info=KeyError("row"))
        log_of("rows").error("no exception")
    assert reported.events == []
    assert reported.account["accepted"] == 0


@pytest.mark.parametrize("explicit", [True, False])
def test_a_wrapped_exception_is_one_event_with_both(reported: Reported, explicit: bool) -> None:
    with Served(reported.errors):
        try:
            raise KeyError("row")
        except KeyError as error:
            log_of("rows").exception("inner")
            if explicit:
                raise ValueError("no such order") from error
            raise ValueError("no such order")  # noqa: B904
    (event,) = reported.events
    assert [value["value"] for value in event["exception"]["values"]] == ["'row'", "no such order"]
    assert handled(event) == [False, False]
    assert reported.account["dropped"] == {"part_of_another": 1}
    assert adds_up(reported)


def test_a_cause_that_is_logged_after_what_it_caused_is_no_second_event(reported: Reported) -> None:
    error, cause = ValueError("outer"), KeyError("inner")
    error.__cause__ = cause
    with Served(reported.errors):
        log_of("view").error("x", exc_info=error)
        log_of("view").error("y", exc_info=cause)
    assert reported.values == ["outer"]
    assert reported.account["dropped"] == {"part_of_another": 1}
    assert adds_up(reported)


def test_what_is_raised_from_none_contains_nothing(reported: Reported) -> None:
    with Served(reported.errors):
        try:
            raise KeyError("row")
        except KeyError:
            log_of("rows").exception("inner")
            raise ValueError("no such order") from None
    assert reported.values == ["'row'", "no such order"]


def test_unrelated_exceptions_are_events_of_their_own(reported: Reported) -> None:
    with Served(reported.errors):
        for number in range(2):
            try:
                raise KeyError(number)
            except KeyError:
                log_of("rows").exception("handled")
    assert reported.values == ["0", "1"]
    assert adds_up(reported)


def test_one_exception_in_two_requests_is_two_events(reported: Reported) -> None:
    error = ValueError("always the same object")
    for _ in range(2):
        with Served(reported.errors, "sent twice by the caller"):
            raise error
    assert reported.values == ["always the same object"] * 2


def test_outside_requests_an_exception_is_sent_once_and_at_once(reported: Reported) -> None:
    error = ValueError("job")
    log_of("job").error("x", exc_info=error)
    assert reported.values == ["job"]
    reported.errors.capture(error, handled=False)
    assert reported.values == ["job"]
    assert adds_up(reported)


def test_in_a_scope_without_a_request_it_is_sent_at_once(reported: Reported) -> None:
    with context.entered(Scope()):
        reported.errors.capture(ValueError("check"), handled=True)
        assert reported.values == ["check"]


def test_what_is_raised_after_the_end_of_its_request_is_sent_at_once(reported: Reported) -> None:
    with Served(reported.errors) as scope:
        pass
    with context.entered(scope):
        log_of("background").error("x", exc_info=ValueError("late"))
    assert reported.values == ["late"]
    assert reported.events[0]["tags"]["request_id"] == "request-1"
    assert adds_up(reported)


def test_the_end_of_a_request_may_be_told_twice(reported: Reported) -> None:
    with Served(reported.errors) as scope:
        log_of("rows").error("x", exc_info=ValueError("once"))
    reported.errors.finish(scope)
    assert reported.values == ["once"]


def test_no_more_than_ten_reports_wait(reported: Reported) -> None:
    with Served(reported.errors) as scope:
        for number in range(15):
            log_of("rows").error("x", exc_info=ValueError(number))
        assert len(scope.errors or ()) == 10
        assert reported.values == ["0", "1", "2", "3", "4"]
    assert reported.values == [str(number) for number in range(15)]
    assert adds_up(reported)


def test_a_repeated_error_stays_one_group_for_sentry(reported: Reported) -> None:
    for _ in range(100):
        with Served(reported.errors):
            raise KeyError("row")
    stacks = {
        tuple((frame["function"], frame["lineno"]) for frame in value["stacktrace"]["frames"])
        for event in reported.events
        for value in event["exception"]["values"]
    }
    assert len(reported.events) == 100
    assert len(stacks) == 1
    assert not any("fingerprint" in event for event in reported.events)


if sys.version_info >= (3, 11):

    def test_a_group_is_one_event_with_its_members(reported: Reported) -> None:
        member = KeyError("member")
        with Served(reported.errors):
            log_of("rows").error("x", exc_info=member)
            raise builtins.ExceptionGroup("several", [member, ValueError("other")])
        (event,) = reported.events
        told = {value["value"] for value in event["exception"]["values"]}
        assert {value.removesuffix(" (2 sub-exceptions)") for value in told} == {
            "several",
            "'member'",
            "other",
        }
        assert handled(event) == [False] * 3


@pytest.mark.parametrize("kind", [HostileError, SlottedError, FrozenError])
def test_an_exception_of_any_make_is_reported_once(reported: Reported, kind: Any) -> None:
    error = kind(3)
    with Served(reported.errors):
        try:
            raise error
        except kind:
            log_of("rows").exception("handled")
            reported.errors.capture(error, handled=False)
    (event,) = reported.events
    (value,) = event["exception"]["values"]
    assert value["type"] == kind.__name__
    assert value["module"] == "tests.monsters"
    assert value["stacktrace"]["frames"][-1]["function"].startswith("test_an_exception_of_any_make")
    assert value["mechanism"]["handled"] is False
    assert adds_up(reported)


def test_what_the_hosts_options_refuse_is_counted() -> None:
    reported = Reported(before_send=lambda event, hint: None)
    with Served(reported.errors):
        raise ValueError
    assert reported.account == {
        "accepted": 1,
        "exported": 0,
        "dropped": {"refused_by_sentry_options": 1},
        "sampled_out": 0,
        "spooled": 0,
        "queued": 0,
    }


def test_who_wants_to_know_is_told_what_sentry_calls_the_report(reported: Reported) -> None:
    told: list[tuple[BaseException, str | None, str]] = []
    reported.errors.sent = lambda *report: told.append(report)
    with Served(reported.errors):
        raise KeyError("row")
    (event,) = reported.events
    ((error, request_id, event_id),) = told
    assert (repr(error), event_id) == ("KeyError('row')", event["event_id"])
    assert request_id == event["tags"]["request_id"]
