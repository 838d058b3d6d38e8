"""Variables of health endpoints, and of who runs checks and watches jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from .child import serve
from .receiver import Receiver
from .variables import shows

_ASK = """
from obskit import Registry, default_runtime
from obskit.probes import Probe, Probes
registry = Registry()
registry.add("rows", lambda: None, every="1h")
runtime = default_runtime.current()
code, body = Probes(registry).answer(
    runtime, Probe("/health", header={{"authorization": "Bearer {token}"}}.get, peer="{peer}")
)
print(json.dumps([code, "checks" in body]))
"""


@shows("OBSKIT_HEALTH_TOKEN")
@pytest.mark.parametrize(("token", "sees"), [("s3cret", True), ("secret", False)])
def test_the_token_opens_what_the_checks_say(token: str, sees: bool, tmp_path: Path) -> None:
    """A wrong one does not."""
    script = _ASK.format(token=token, peer="192.0.2.1")
    assert serve(script, {"OBSKIT_HEALTH_TOKEN": "s3cret"}, tmp_path) == [200, sees]


@shows("OBSKIT_HEALTH_NETWORKS")
@pytest.mark.parametrize(("peer", "sees"), [("10.1.2.3", True), ("192.0.2.1", False)])
def test_allowed_networks_see_what_the_checks_say(peer: str, sees: bool, tmp_path: Path) -> None:
    """Others do not."""
    script = _ASK.format(token="", peer=peer)
    given = {"OBSKIT_HEALTH_NETWORKS": "10.0.0.0/8,fd00::/8"}
    assert serve(script, given, tmp_path) == [200, sees]


@shows("OBSKIT_HEALTH_DEGRADED_STATUS")
def test_a_degraded_service_answers_as_chosen(tmp_path: Path) -> None:
    """A check that has not run makes it so."""
    script = _ASK.format(token="", peer="192.0.2.1")
    given = {"OBSKIT_HEALTH_DEGRADED_STATUS": "503"}
    assert serve(script, given, tmp_path) == [503, False]


@shows("OBSKIT_CHECKS_IN")
@pytest.mark.parametrize(("given", "runs"), [("web", True), ("worker", False)])
def test_who_runs_the_checks_of_a_host_is_chosen(given: str, runs: bool, tmp_path: Path) -> None:
    """A process that serves, or none of them."""
    script = """
import time
from obskit import Registry, default_runtime
registry = Registry()
host = registry.add("rows", lambda: None, every="1h")
own = registry.add("memory", lambda: None, every="1h", scope="process")
watch = default_runtime.current().watch(registry)
watch.ensure_started()
deadline = time.monotonic() + 60
while watch.results.standing("memory") is None or watch.holds(host) is not RUNS:
    assert time.monotonic() < deadline
    time.sleep(0.01)
print(json.dumps([watch.holds(host), watch.holds(own)]))
""".replace("RUNS", str(runs))
    environ = {"OBSKIT_CHECKS_IN": given, "OBSKIT_RUN_DIR": str(tmp_path)}
    assert serve(script, environ, tmp_path) == [runs, True]


@shows("OBSKIT_SENTRY_CRONS")
@pytest.mark.parametrize(("given", "check_ins"), [("true", 2), ("false", 0)])
def test_jobs_check_in_where_that_is_chosen(
    given: str, check_ins: int, receiver: Receiver, tmp_path: Path
) -> None:
    """At the begin and at the end of a run."""
    script = """
with obskit.job("nightly-import", expect_every="24h"):
    pass
print(json.dumps(0))
"""
    environ = {
        "SENTRY_DSN": receiver.dsn,
        "OBSKIT_SENTRY_CRONS": given,
        "OBSKIT_SPOOL_DIR": str(tmp_path),
    }
    assert serve(script, environ, tmp_path) == 0
    assert len(receiver.envelope_items("check_in")) == check_ins
