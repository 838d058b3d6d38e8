"""The health endpoints of an app: they read results, and never run a check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.checks.given import eventually

from obskit import Registry
from obskit.config import load
from obskit.probes import Probes
from obskit.runtime import Runtime

SECRET = "postgres://app:hunter2@db"


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    config = load({"service": "shop", "log_format": "none"}, environ={}, folder=Path("/nowhere"))
    runtime = Runtime(config)
    runtime.start()
    yield runtime
    runtime.forget()


@pytest.mark.parametrize(
    ("prefix", "paths"),
    [
        ("", ["/livez", "/readyz", "/health"]),
        ("/", ["/livez", "/readyz", "/health"]),
        ("/-", ["/-/livez", "/-/readyz", "/-/health"]),
        ("/ops/", ["/ops/livez", "/ops/readyz", "/ops/health"]),
    ],
)
def test_the_paths_stand_under_the_prefix(prefix: str, paths: list[str]) -> None:
    probes = Probes(Registry(), prefix)
    assert all(path in probes for path in paths)
    for path in (
        "/",
        "",
        "/live",
        "/livez/",
        "/x/livez",
        "livez",
        *(f"/-{path}" for path in paths),
    ):
        assert path not in probes


def test_a_prefix_begins_with_a_slash() -> None:
    with pytest.raises(ValueError) as told:  # the message is compared whole
        Probes(Registry(), "ops")
    assert str(told.value) == "the prefix is 'ops': begin it with a slash, or leave it out"


def test_each_path_gets_its_own_answer(runtime: Runtime) -> None:
    registry = Registry()
    registry.add("database", lambda: None, every="1m", readiness=True)
    registry.add("mail", lambda: None, every="1m")
    probes = Probes(registry, "/-")
    assert probes.answer(runtime, "/-/livez") == (200, {"status": "alive"})
    assert probes.answer(runtime, "/-/readyz") == (
        503,
        {"status": "not_ready", "checks": {"database": {"status": "not_run"}}},
    )
    assert probes.answer(runtime, "/-/health") == (
        200,
        {
            "status": "degraded",
            "checks": {"database": {"status": "not_run"}, "mail": {"status": "not_run"}},
        },
    )


def test_probes_run_no_check_and_show_no_message(runtime: Runtime) -> None:
    registry, runs = Registry(), []

    def broken() -> None:
        runs.append(1)
        raise ConnectionError(SECRET)

    registry.add("database", broken, every="1h", readiness=True, runbook=SECRET, owner=SECRET)
    probes = Probes(registry)
    probes.start(runtime)
    results = runtime.watch(registry).results
    eventually(lambda: results.standing("database"))
    paths = ("/livez", "/readyz", "/health")
    answers = [probes.answer(runtime, paths[turn % 3]) for turn in range(1_000)]
    assert runs == [1]
    assert [code for code, _ in answers[:3]] == [200, 503, 503]
    assert answers[1][1]["checks"]["database"]["status"] == "critical"
    assert "hunter2" not in str(answers)


def test_before_an_app_serves_nothing_runs(runtime: Runtime) -> None:
    registry, runs = Registry(), []
    registry.add("database", lambda: runs.append(1), every="1h")
    probes = Probes(registry)
    probes.answer(runtime, "/health")
    assert runtime.watch(registry).schedule._thread is None
    probes.start(runtime)
    eventually(lambda: runs)
    assert runtime.watch(registry).schedule._thread is not None
