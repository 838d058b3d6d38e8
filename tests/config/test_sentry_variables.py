"""Variables of Sentry, seen at a receiver of envelopes."""

from __future__ import annotations

from pathlib import Path

import pytest

from .child import serve
from .receiver import Receiver
from .variables import shows

_REQUEST = """
import time
from wsgiref.util import setup_testing_defaults
from obskit.wsgi import ObskitMiddleware
def app(environ, start_response):
    start_response("200 OK", [])
    until = time.monotonic() + 0.3
    while time.monotonic() < until:  # something for the profiler to see
        pass
    try:
        raise ValueError("no such row")
    except ValueError:
        obskit.get_logger("shop").exception("failed")
    return [b""]
environ = {}
setup_testing_defaults(environ)
answer = ObskitMiddleware(app)(environ, lambda *_: None)
b"".join(answer)
answer.close()
"""


@shows("SENTRY_DSN", "SENTRY_RELEASE", "SENTRY_ENVIRONMENT")
def test_errors_arrive_with_release_and_environment(receiver: Receiver, tmp_path: Path) -> None:
    """They beat those of the resource; without a rate there are errors only."""
    environ = {
        "SENTRY_DSN": receiver.dsn,
        "SENTRY_RELEASE": "shop@7",
        "SENTRY_ENVIRONMENT": "canary",
        "OTEL_RESOURCE_ATTRIBUTES": "service.version=1,deployment.environment.name=staging",
    }
    serve(_REQUEST, environ, tmp_path)
    (event,) = receiver.envelope_items("event")
    assert event["exception"]["values"][0]["value"] == "no such row"
    assert (event["release"], event["environment"]) == ("shop@7", "canary")
    assert receiver.envelope_items("transaction") == []


@shows("SENTRY_TRACES_SAMPLE_RATE", "SENTRY_PROFILES_SAMPLE_RATE")
@pytest.mark.parametrize(("profiles", "count"), [("0", 0), ("1", 1)])
def test_requests_are_transactions_and_profiles_when_a_rate_says_so(
    profiles: str, count: int, receiver: Receiver, tmp_path: Path
) -> None:
    """Release and environment are those of the resource where Sentry has none of its own."""
    environ = {
        "SENTRY_DSN": receiver.dsn,
        "SENTRY_TRACES_SAMPLE_RATE": "1.0",
        "SENTRY_PROFILES_SAMPLE_RATE": profiles,
        "OTEL_RESOURCE_ATTRIBUTES": "service.version=1,deployment.environment.name=staging",
    }
    serve(_REQUEST, environ, tmp_path)
    (transaction,) = receiver.envelope_items("transaction")
    assert transaction["contexts"]["trace"]["op"] == "http.server"
    assert (transaction["release"], transaction["environment"]) == ("1", "staging")
    assert len(receiver.envelope_items("profile")) == count


@shows("SENTRY_PROFILE_SESSION_SAMPLE_RATE")
@pytest.mark.parametrize(("given", "profiled"), [("1.0", True), ("0", False)])
def test_transactions_are_profiled_by_the_newer_way_when_a_rate_says_so(
    given: str, profiled: bool, receiver: Receiver, tmp_path: Path
) -> None:
    """Each names the profiler that looks at it."""
    environ = {
        "SENTRY_DSN": receiver.dsn,
        "SENTRY_TRACES_SAMPLE_RATE": "1.0",
        "SENTRY_PROFILE_SESSION_SAMPLE_RATE": given,
    }
    serve(_REQUEST, environ, tmp_path)
    (transaction,) = receiver.envelope_items("transaction")
    assert ("profile" in transaction["contexts"]) is profiled
