"""A check that begins to fail is an issue in Sentry, where that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.checks.given import PATIENCE, check

from obskit import CheckResult, Registry, Status
from obskit.checks import sentry
from obskit.checks.results import Standing
from obskit.config import load
from obskit.declaration import Check
from obskit.runtime import Runtime

pytest.importorskip("sentry_sdk", reason="sentry-sdk is not installed")

from tests.telemetry.envelopes import Receiver, receiving


def standing(status: str, *, changed: bool = True, **facts: Any) -> Standing:
    return Standing(CheckResult(Status(status), **facts), 0.0, None, 0.0, changed)


def test_an_event_says_what_fails_who_acts_and_what_was_seen() -> None:
    rows = check(severity="sev1", owner="data", runbook="https://w")
    found = standing("critical", message="2 rows", value=2, evidence=["row 7"], trace_id="ab" * 16)
    assert sentry.event(rows, found) == {
        "level": "fatal",
        "logger": "obskit.check",
        "message": "rows is critical: 2 rows",
        "fingerprint": ["obskit.check", "rows"],
        "tags": {
            "obskit.check.name": "rows",
            "obskit.check.state": "critical",
            "obskit.check.severity": "sev1",
            "obskit.check.owner": "data",
            "trace_id": "abababababababababababababababab",
        },
        "extra": {"evidence": ["row 7"], "value": 2.0, "runbook": "https://w"},
    }


@pytest.mark.parametrize(
    ("severity", "level"), [("sev1", "fatal"), ("sev2", "error"), ("sev3", "warning")]
)
def test_the_severity_is_the_level(severity: str, level: str) -> None:
    event = sentry.event(check(severity=severity), standing("warning"))
    assert event is not None
    assert event["level"] == level


@pytest.mark.parametrize(
    ("status", "changed", "told"),
    [
        ("warning", True, True),
        ("critical", True, True),
        ("unknown", True, True),
        ("critical", False, False),
        ("ok", True, False),
        ("skipped", True, False),
    ],
)
def test_only_what_has_just_begun_to_fail_is_told(status: str, changed: bool, told: bool) -> None:
    assert (sentry.event(check(), standing(status, changed=changed)) is not None) is told


@contextmanager
def running(receiver: Receiver, **given: Any) -> Iterator[Runtime]:
    given = {"log_format": "none", "sentry_dsn": receiver.dsn, **given}
    runtime = Runtime(load(given, environ={}, folder=Path("/nowhere")))
    runtime.start()
    try:
        yield runtime
    finally:
        runtime.forget()


def told(runtime: Runtime, outcomes: list[object], **options: Any) -> None:
    """Run a check once for each outcome: returned, or raised."""
    left = iter(outcomes)

    def rows() -> object:
        outcome = next(left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    registry = Registry()
    made: Check = registry.add("rows", rows, every="1m", scope="process", **options)
    for _ in outcomes:
        runtime.watch(registry).runner.run(made)
    assert runtime.flush(PATIENCE)


def test_each_change_for_the_worse_arrives_once() -> None:
    outcomes: list[object] = [
        CheckResult.ok(),
        CheckResult.critical("first"),
        CheckResult.critical("again"),
        CheckResult.warning("better"),
        CheckResult.ok(),
        CheckResult.critical("back"),
    ]
    with receiving() as receiver, running(receiver, sentry_checks=True) as runtime:
        told(runtime, outcomes)
        events = receiver.wait_for("event", 3)
        assert [event["message"] for event in events] == [
            "rows is critical: first",
            "rows is warning: better",
            "rows is critical: back",
        ]
        assert {tuple(event["fingerprint"]) for event in events} == {("obskit.check", "rows")}
        assert {event["tags"]["obskit.check.severity"] for event in events} == {"sev2"}
        account = runtime.ledger.snapshot()["errors"]
        assert (account["accepted"], account["exported"]) == (3, 3)
    assert len(receiver.items("event")) == 3


def test_a_failure_that_damping_holds_back_is_no_issue_yet() -> None:
    outcomes: list[object] = [CheckResult.critical(f"number {count}") for count in range(1, 4)]
    with receiving() as receiver, running(receiver, sentry_checks=True) as runtime:
        told(runtime, outcomes, failures_before_alert=2)
        events = receiver.wait_for("event", 1)
    assert [event["message"] for event in events] == ["rows is critical: number 2"]


def test_without_the_option_a_failing_check_is_no_issue() -> None:
    with receiving() as receiver, running(receiver) as runtime:
        told(runtime, [CheckResult.critical("no")])
        assert runtime.ledger.snapshot()["errors"]["accepted"] == 0
    assert receiver.items("event") == []


def test_secrets_stay_here() -> None:
    outcomes: list[object] = [ConnectionError("postgres://app:hunter2@db refused")]
    with receiving() as receiver, running(receiver, sentry_checks=True) as runtime:
        told(runtime, outcomes)
        (event,) = receiver.wait_for("event", 1)
    assert event["message"].startswith("rows is critical: ")
    assert "hunter2" not in str(event)


def _raises(*_: object) -> None:
    raise RuntimeError


@pytest.mark.parametrize("before_send", [lambda *_: None, _raises])
def test_an_event_that_the_host_refuses_is_counted(before_send: Callable[..., None]) -> None:
    sentry_options = {"before_send": before_send}
    with receiving() as receiver:
        with running(receiver, sentry_checks=True, sentry=sentry_options) as runtime:
            told(runtime, [CheckResult.critical("no")])
            dropped = runtime.ledger.snapshot()["errors"]["dropped"]
    assert dropped == {"refused_by_sentry_options": 1}
    assert receiver.items("event") == []
