"""The client that reports errors: made from the configuration, or the host's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import sentry_sdk
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext
from tests.telemetry.envelopes import DSN, Memory, Reported, reporter
from tests.telemetry.served import Served

from obskit.config import load
from obskit.exceptions import ConfigError
from obskit.telemetry.sentry import build


def test_without_a_dsn_there_is_no_client() -> None:
    assert build(load(environ={})) is None
    sentry_sdk.init(dsn="", default_integrations=False)
    assert build(load(environ={})) is None


def test_a_client_has_no_integrations_and_adds_no_headers() -> None:
    made = reporter(Memory())
    client = sentry_sdk.get_client()
    assert made._client is client
    assert client.integrations == {}
    assert client.options["trace_propagation_targets"] == []
    assert client.options["shutdown_timeout"] == 3.0
    assert client.options["release"] == "1.2.3"
    assert client.options["environment"] == "test"
    assert client.options["traces_sample_rate"] is None


def test_sentrys_own_release_and_environment_come_first_and_options_before_all() -> None:
    environ = {
        "SENTRY_DSN": DSN,
        "SENTRY_RELEASE": "r",
        "SENTRY_ENVIRONMENT": "e",
        "SENTRY_TRACES_SAMPLE_RATE": "0.25",
        "SENTRY_PROFILES_SAMPLE_RATE": "0.5",
    }
    options = {"server_name": "web1", "environment": "of the options", "transport": Memory()}
    build(load({"version": "1", "environment": "x", "sentry": options}, environ=environ))
    found = sentry_sdk.get_client().options
    assert (found["release"], found["environment"]) == ("r", "of the options")
    assert found["server_name"] == "web1"
    assert (found["traces_sample_rate"], found["profiles_sample_rate"]) == (0.25, 0.5)


@pytest.mark.parametrize(
    "dsn",
    [
        "nonsense-with-key",
        "https://host-without-key/1",
        "https://sekret@host/not-a-number",
        "ftp://sekret@host/1",
        "https://sekret@[broken/1",
        "https://sekret@host:port/1",
    ],
)
def test_a_dsn_that_is_refused_is_not_shown(dsn: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(load({"sentry_dsn": dsn}, environ={}))
    assert caught.value.problems == (
        "sentry_dsn is [masked] (refused by sentry-sdk): use a DSN of the project",
    )


@pytest.mark.parametrize("options", [{"no_such_option": 1}, {"integrations": 5}])
def test_an_option_that_is_refused_is_told(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="sentry holds an option that sentry-sdk refuses: "):
        build(load({"sentry_dsn": DSN, "sentry": options}, environ={}))


def current_span(number: int) -> Any:
    span = NonRecordingSpan(SpanContext(number, number, is_remote=False))
    return otel_context.attach(trace.set_span_in_context(span))


def test_what_sentry_itself_captures_is_under_the_trace_at_hand() -> None:
    memory = Memory()
    reporter(memory)
    token = current_span(0xABC)
    sentry_sdk.capture_message("x")
    otel_context.detach(token)
    sentry_sdk.capture_message("y")
    traced, untraced = (event["contexts"]["trace"]["trace_id"] for event in memory.events)
    assert traced == "00000000000000000000000000000abc"
    assert untraced != traced


def test_a_propagation_context_of_the_hosts_is_kept() -> None:
    from sentry_sdk.scope import (
        get_external_propagation_context,
        register_external_propagation_context,
    )

    register_external_propagation_context(lambda: ("a", "b"))
    reporter(Memory())
    assert get_external_propagation_context() == ("a", "b")


def hosts_own(**options: Any) -> Memory:
    memory = Memory()
    sentry_sdk.init(
        dsn=DSN,
        transport=memory,
        default_integrations=False,
        auto_enabling_integrations=False,
        release="host-1",
        environment="host",
        **options,
    )
    return memory


def test_a_host_that_has_sentry_keeps_its_client_and_its_settings() -> None:
    seen: list[str] = []

    def before_send(event: Any, _hint: Any) -> Any:
        seen.append(event["exception"]["values"][0]["type"])
        return event

    memory = hosts_own(before_send=before_send, ignore_errors=[KeyError], traces_sample_rate=1.0)
    sentry_sdk.set_tag("host", "tag")
    client = sentry_sdk.get_client()
    reported = Reported()
    assert sentry_sdk.get_client() is client
    token = current_span(0xABC)
    with Served(reported.errors):
        raise ValueError("x")
    with Served(reported.errors):
        raise KeyError("ignored")
    otel_context.detach(token)
    (event,) = memory.events
    assert (event["release"], event["environment"]) == ("host-1", "host")
    assert event["tags"] == {
        "host": "tag",
        "request_id": "request-1",
        "trace_id": "00000000000000000000000000000abc",
    }
    assert seen == ["ValueError"]
    assert reported.account["dropped"] == {"refused_by_sentry_options": 1}
    assert (
        reported.errors.reporter.start_transaction("GET", SpanContext(10, 11, is_remote=False))
        is None
    )
    reported.errors.reporter.close(1.0)
    assert client.transport is not None


def test_what_the_host_captures_itself_gets_our_ids_once() -> None:
    memory = hosts_own()
    Reported()
    reported = Reported()
    token = current_span(0xABC)
    with Served(reported.errors):
        sentry_sdk.capture_message("x")
        sentry_sdk.set_tag("request_id", "the host's own")
        sentry_sdk.capture_message("y")
    otel_context.detach(token)
    sentry_sdk.get_isolation_scope().clear()
    sentry_sdk.capture_message("z")
    assert [event.get("tags", {}) for event in memory.events] == [
        {"request_id": "request-1", "trace_id": "00000000000000000000000000000abc"},
        {"request_id": "the host's own", "trace_id": "00000000000000000000000000000abc"},
        {},
    ]


@pytest.mark.parametrize("host_first", [True, False])
@pytest.mark.parametrize("in_request", [True, False])
def test_what_the_host_captures_too_is_one_event(host_first: bool, in_request: bool) -> None:
    memory, error = hosts_own(), ValueError("x")
    reported = Reported()
    calls: list[Callable[[], object]] = [
        lambda: sentry_sdk.capture_exception(error),
        lambda: reported.errors.capture(error, handled=True),
    ]
    calls = calls if host_first else calls[::-1]
    if in_request:
        with Served(reported.errors):
            for call in calls:
                call()
    else:
        for call in calls:
            call()
    assert len(memory.events) == 1
    assert reported.account["queued"] == 0
    by_us = memory.events[0]["exception"]["values"][0]["mechanism"]["type"] == "obskit"
    assert by_us is (not host_first and not in_request)
    assert reported.account["dropped"] == ({} if by_us else {"sent_by_host": 1})


def test_the_client_is_closed_with_us_and_a_new_one_can_be_made() -> None:
    first = reporter(Memory())
    client = sentry_sdk.get_client()
    first.flush(1.0)
    assert sentry_sdk.get_client().transport is not None
    first.close(1.0)
    assert sentry_sdk.get_client().transport is None
    memory = Memory()
    second = reporter(memory)
    assert second._client is not client
    assert not second._hosts_own


HOST = """
import sentry_sdk
from flask import Flask
from tests.telemetry.envelopes import DSN, Memory

memory = Memory()
sentry_sdk.init(dsn=DSN, transport=memory)
import obskit, obskit.flask
obskit.init("shop", log_format="none")
app = Flask(__name__)
obskit.flask.init_app(app)

@app.get("/raise")
def raises():
    try:
        raise KeyError("inner")
    except KeyError as error:
        app.logger.exception("logged by the host")
        obskit.get_logger("shop").exception("logged by ours")
        raise

@app.get("/ours")
def ours():
    try:
        raise ValueError("told to our logger alone")
    except ValueError:
        obskit.get_logger("shop").exception("x")
    return "ok"

client = app.test_client()
app.config["PROPAGATE_EXCEPTIONS"] = False
client.get("/raise", headers={"X-Request-ID": "one"})
client.get("/ours", headers={"X-Request-ID": "two"})
for event in memory.events:
    print(event["exception"]["values"][-1]["value"], event["tags"].get("request_id"))
"""


def test_the_integrations_of_a_host_do_not_double_what_we_see() -> None:
    pytest.importorskip("flask")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", HOST],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("'inner' one\ntold to our logger alone two\n", "")
