"""What reaches a real receiver of Sentry's envelopes, from a real request."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Any

import pytest
import sentry_sdk
from tests.config.receiver import Receiver as OtlpReceiver
from tests.telemetry.envelopes import Receiver, receiving
from werkzeug.test import Client

import obskit
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/fails":
        obskit.bind(user_id=7)
        raise KeyError("row")
    if environ["PATH_INFO"] == "/works":
        work_until_sampled()
    if environ["PATH_INFO"] == "/chunk":
        work_until_seen()
    return [b"ok"]


def work_until_seen() -> None:
    """Long enough for some looks at it, of which there are a hundred a second."""
    end = thread_time() + 0.2
    while thread_time() < end:
        sum(range(1_000))


def work_until_sampled() -> None:
    """A profile of fewer than two samples is thrown away: keep at it, but not for ever."""
    transaction: Any = sentry_sdk.get_current_scope().transaction
    end = monotonic() + 20
    while transaction._profile.unique_samples < 5 and monotonic() < end:
        sum(range(1_000))


def serve(receiver: Receiver, paths: Iterable[str], **options: Any) -> list[str]:
    """The ids of requests, which the receiver has been sent everything of."""
    obskit.init("shop", log_format="none", sentry_dsn=receiver.dsn, sentry=options)
    client = Client(ObskitMiddleware(app, route=lambda environ: environ["PATH_INFO"]))
    ids = []
    for number, path in enumerate(paths):
        headers = {"X-Request-ID": f"request-{number}"}
        try:
            ids.append(client.get(path, headers=headers, buffered=True).headers["X-Request-ID"])
        except KeyError:
            ids.append(f"request-{number}")
    assert obskit.flush(10)
    return ids


def test_a_failed_request_arrives_once_under_its_ids() -> None:
    with receiving() as receiver:
        serve(receiver, ["/", "/fails", "/"])
        (event,) = receiver.wait_for("event", 1)
        assert obskit.shutdown(10)
    assert event["tags"]["request_id"] == "request-1"
    assert event["tags"]["trace_id"] == event["contexts"]["trace"]["trace_id"]
    assert event["transaction"] == "GET /fails"
    assert event["user"] == {"id": "7"}
    assert event["request"]["headers"]["X-Request-Id"] == "request-1"
    assert event["exception"]["values"][0]["mechanism"]["handled"] is False
    messages = [crumb["message"] for crumb in event["breadcrumbs"]["values"]]
    assert "GET /fails 500" not in messages
    assert receiver.items("transaction") == []
    assert obskit.status()["ledger"]["errors"] == {
        "accepted": 1,
        "exported": 1,
        "dropped": {},
        "sampled_out": 0,
        "spooled": 0,
        "queued": 0,
    }


def test_requests_of_the_share_are_transactions_under_their_trace() -> None:
    with receiving() as receiver:
        serve(receiver, ["/", "/fails", "/"], traces_sample_rate=1.0)
        transactions = receiver.wait_for("transaction", 3)
        (event,) = receiver.wait_for("event", 1)
        assert obskit.shutdown(10)
    assert [each["transaction"] for each in transactions] == ["GET /", "GET /fails", "GET /"]
    traces = [each["contexts"]["trace"] for each in transactions]
    assert len({trace["trace_id"] for trace in traces}) == 3
    assert traces[1]["trace_id"] == event["contexts"]["trace"]["trace_id"]
    assert {trace["op"] for trace in traces} == {"http.server"}
    assert [trace["status"] for trace in traces] == ["ok", "internal_error", "ok"]


def test_without_a_share_no_request_is_a_transaction() -> None:
    with receiving() as receiver:
        serve(receiver, ["/"] * 3, traces_sample_rate=0.0)
        assert obskit.shutdown(10)
    assert receiver.envelopes == []


def test_half_of_the_requests_are_about_half_the_transactions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("obskit.telemetry.sentry.random", iter([0.49, 0.5, 0.0, 0.99]).__next__)
    with receiving() as receiver:
        serve(receiver, ["/"] * 4, traces_sample_rate=0.5)
        assert len(receiver.wait_for("transaction", 2)) == 2
        assert obskit.shutdown(10)


def test_profiles_of_the_share_arrive_with_their_transactions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENTRY_TRACES_SAMPLE_RATE", "1")
    monkeypatch.setenv("SENTRY_PROFILES_SAMPLE_RATE", "1")
    with receiving() as receiver:
        serve(receiver, ["/works"])
        (transaction,) = receiver.wait_for("transaction", 1)
        (profile,) = receiver.wait_for("profile", 1)
        assert obskit.shutdown(10)
    assert profile["transactions"][0]["trace_id"] == transaction["contexts"]["trace"]["trace_id"]
    functions = {frame["function"] for frame in profile["profile"]["frames"]}
    assert "work_until_sampled" in functions


def test_profiles_of_sentrys_newer_way_arrive_with_their_transactions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENTRY_TRACES_SAMPLE_RATE", "1")
    monkeypatch.setenv("SENTRY_PROFILE_SESSION_SAMPLE_RATE", "1")
    with receiving() as receiver:
        serve(receiver, ["/chunk"])
        (transaction,) = receiver.wait_for("transaction", 1)
        (chunk, *_) = receiver.wait_for("profile_chunk", 1)
        assert obskit.shutdown(10)
    assert chunk["profiler_id"] == transaction["contexts"]["profile"]["profiler_id"]
    functions = {frame["function"] for frame in chunk["profile"]["frames"]}
    assert "work_until_seen" in functions


def test_requests_to_sentry_are_no_spans_of_the_service() -> None:
    """A slow exit once traced them: whether it did depended on what was first."""
    with receiving() as receiver, OtlpReceiver() as spans:
        obskit.init("shop", endpoint=spans.url, sentry_dsn=receiver.dsn, log_format="none")
        with obskit.span("work"):
            obskit.get_logger("shop").error("failed", exc_info=ValueError("no"))
        receiver.wait_for("event", 1)
        assert obskit.flush(10)
        assert list(spans.spans()) == ["work"]
