"""The health endpoints of an app: they read results, and never run a check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.checks.given import eventually

from obskit import CheckResult, Registry
from obskit.checks.health import Answer
from obskit.config import load
from obskit.probes import Probe, Probes
from obskit.runtime import Runtime

SECRET = "postgres://app:hunter2@db"


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    given = {"service": "shop", "log_format": "none", "run_dir": str(tmp_path)}
    given["spool_dir"] = str(tmp_path / "spool")
    config = load(given, environ={}, folder=Path("/nowhere"))
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


def test_strangers_are_told_the_status_and_nothing_else(runtime: Runtime) -> None:
    registry = Registry()
    registry.add("database", lambda: None, every="1m", readiness=True)
    registry.add("mail", lambda: None, every="1m")
    probes = Probes(registry, "/-")
    answers = [
        probes.answer(runtime, Probe(f"/-/{kind}")) for kind in ("livez", "readyz", "health")
    ]
    assert answers == [
        (200, {"status": "alive"}),
        (503, {"status": "not_ready"}),
        (200, {"status": "degraded"}),
    ]


def answer(probes: Probes, runtime: Runtime, probe: Probe) -> Answer:
    """A reply that is JSON."""
    code, body = probes.answer(runtime, probe)
    assert isinstance(body, dict)
    return code, body


def bearer(token: str) -> Callable[[str], str | None]:
    return {"authorization": f"Bearer {token}"}.get


def test_who_brings_the_token_sees_what_the_checks_say(runtime: Runtime) -> None:
    registry = Registry()
    registry.add("database", lambda: None, every="1m", readiness=True)
    object.__setattr__(runtime.config, "health_token", "s3cret")
    probes = Probes(registry)
    code, body = answer(probes, runtime, Probe("/readyz", header=bearer("s3cret")))
    timestamp = body.pop("timestamp")
    assert timestamp.endswith("Z")
    assert (code, body) == (
        503,
        {
            "status": "not_ready",
            "service": "shop",
            "version": None,
            "environment": None,
            "checks": {"database": {"status": "not_run"}},
        },
    )
    for wrong in ("s3cre", "S3cret", "", "é"):
        assert answer(probes, runtime, Probe("/readyz", header=bearer(wrong)))[1].keys() == {
            "status"
        }
    basic = {"authorization": "Basic s3cret"}.get
    assert answer(probes, runtime, Probe("/readyz", header=basic))[1].keys() == {"status"}


@pytest.mark.parametrize(
    ("peer", "headers", "sees"),
    [
        ("10.1.2.3", {}, True),
        ("::ffff:10.1.2.3", {}, True),
        ("11.1.2.3", {}, False),
        ("unix:", {}, False),
        ("10.1.2.3", {"x-forwarded-for": "1.2.3.4"}, False),
        ("10.1.2.3", {"forwarded": "for=1.2.3.4"}, False),
    ],
)
def test_who_comes_straight_from_an_allowed_network_sees_it_too(
    runtime: Runtime, peer: str, headers: dict[str, str], sees: bool
) -> None:
    object.__setattr__(runtime.config, "health_networks", ("10.0.0.0/8",))
    probe = Probe("/health", header=headers.get, peer=peer)
    assert ("checks" in Probes(Registry()).answer(runtime, probe)[1]) is sees


def _raises(_request: Any) -> bool:
    raise PermissionError


@pytest.mark.parametrize(
    ("access", "sees"),
    [
        (lambda request: request == {"user": "ann"}, True),
        (lambda _: "yes", False),
        (_raises, False),
    ],
)
def test_the_hosts_own_login_decides_where_there_is_one(
    runtime: Runtime, access: Callable[[Any], bool], sees: bool
) -> None:
    probes = Probes(Registry(), access=access)
    answer = probes.answer(runtime, Probe("/health", request={"user": "ann"}))
    assert ("checks" in answer[1]) is sees


def full(registry: Registry, runtime: Runtime, path: str, query: str = "") -> Answer:
    probes = Probes(registry, access=lambda _: True)
    return answer(probes, runtime, Probe(path, query))


def test_a_group_is_asked_for_by_its_name(runtime: Runtime) -> None:
    registry = Registry()
    registry.add("rows", lambda: None, every="1m", group="database")
    registry.add("mail", lambda: None, every="1m")
    runtime.watch(registry).results.record(registry.checks["rows"], CheckResult.critical("no"))
    code, body = full(registry, runtime, "/health/database")
    assert (code, body["status"], list(body["checks"])) == (503, "unhealthy", ["rows"])
    assert full(registry, runtime, "/health/database/")[0] == 503
    assert full(registry, runtime, "/health/nothing")[0] == 404
    assert Probes(registry).answer(runtime, Probe("/health/nothing")) == (
        404,
        {"status": "unknown_group"},
    )


def test_what_is_told_on_demand_only_makes_nothing_unhealthy(runtime: Runtime) -> None:
    registry = Registry()
    registry.add("rows", lambda: None, every="1m")
    registry.add("payment-provider", lambda: None, every="1m", tags=["full"])
    results = runtime.watch(registry).results
    results.record(registry.checks["rows"], CheckResult.ok())
    results.record(registry.checks["payment-provider"], CheckResult.critical("no answer"))
    code, body = full(registry, runtime, "/health")
    assert (code, body["status"], list(body["checks"])) == (200, "healthy", ["rows"])
    code, body = full(registry, runtime, "/health", "full=true")
    assert (code, body["status"]) == (200, "healthy")
    assert body["checks"]["payment-provider"]["message"] == "no answer"


def test_a_degraded_service_answers_as_the_configuration_says(runtime: Runtime) -> None:
    registry = Registry()
    registry.add("rows", lambda: None, every="1m")
    assert full(registry, runtime, "/health")[0] == 200
    object.__setattr__(runtime.config, "health_degraded_status", 503)
    assert full(registry, runtime, "/health")[0] == 503


def test_scores_are_told_by_group_and_overall(runtime: Runtime) -> None:
    registry = Registry()
    for name, group in (("a", "event"), ("b", "event"), ("c", "teacher")):
        registry.add(name, lambda: 1.0, every="1m", score=True, group=group)
    results = runtime.watch(registry).results
    for name, value in (("a", 1.0), ("b", 0.5), ("c", 0.25)):
        results.record(registry.checks[name], CheckResult.ok(value=value))
    body = full(registry, runtime, "/health")[1]
    assert body["scores"] == {"overall": 0.5, "event": 0.75, "teacher": 0.25}


def test_an_alias_stands_for_what_it_names(runtime: Runtime) -> None:
    registry = Registry()
    aliases = {"/api/health": "health", "/health/quick/": "readyz", "/up": "livez"}
    probes = Probes(registry, aliases=aliases)
    assert all(path in probes for path in aliases)
    said = [answer(probes, runtime, Probe(path))[1]["status"] for path in aliases]
    assert said == ["healthy", "ready", "alive"]


@pytest.mark.parametrize(
    ("aliases", "message"),
    [
        ({"up": "livez"}, "the alias 'up' has no slash first"),
        (
            {"/up": "liveness"},
            "the alias '/up' stands for 'liveness': use livez, readyz, health, metrics or health/ and a group",
        ),
    ],
)
def test_a_wrong_alias_is_refused(aliases: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError) as told:  # the message is compared whole
        Probes(Registry(), aliases=aliases)
    assert str(told.value) == message


def test_a_process_that_ends_is_not_ready_and_still_alive(runtime: Runtime) -> None:
    registry = Registry()
    probes = Probes(registry)
    assert probes.answer(runtime, Probe("/readyz")) == (200, {"status": "ready"})
    runtime.shutdown()
    assert probes.answer(runtime, Probe("/readyz")) == (503, {"status": "not_ready"})
    assert probes.answer(runtime, Probe("/livez")) == (200, {"status": "alive"})


def test_probes_run_no_check(runtime: Runtime) -> None:
    registry, runs = Registry(), []

    def broken() -> None:
        runs.append(1)
        raise ConnectionError(SECRET)

    registry.add("database", broken, every="1h", readiness=True)
    probes = Probes(registry, access=lambda _: True)
    probes.start(runtime)
    results = runtime.watch(registry).results
    eventually(lambda: results.standing("database"))
    paths = ("/livez", "/readyz", "/health")
    answers = [answer(probes, runtime, Probe(paths[turn % 3])) for turn in range(1_000)]
    assert runs == [1]
    assert [code for code, _ in answers[:3]] == [200, 503, 503]
    assert answers[1][1]["checks"]["database"]["status"] == "critical"
    assert "hunter2" not in str(answers)


def test_before_an_app_serves_nothing_runs(runtime: Runtime) -> None:
    registry, runs = Registry(), []
    registry.add("database", lambda: runs.append(1), every="1h")
    probes = Probes(registry)
    probes.answer(runtime, Probe("/health"))
    assert runtime.watch(registry).schedule._thread is None
    probes.start(runtime)
    eventually(lambda: runs)
    assert runtime.watch(registry).schedule._thread is not None


@pytest.fixture
def scraped() -> Iterator[Runtime]:
    """A runtime whose metrics can be asked for with a token."""
    pytest.importorskip("opentelemetry.exporter.prometheus", reason="the extra is not installed")
    given = {"service": "shop", "log_format": "none", "prometheus": True, "health_token": "s3cret"}
    runtime = Runtime(load(given, environ={}, folder=Path("/nowhere")))
    runtime.start()
    yield runtime
    runtime.forget()


def test_metrics_are_told_as_text_to_who_may_see_details(scraped: Runtime) -> None:
    probes = Probes(Registry(), "/-", aliases={"/prom": "metrics"})
    for path in ("/-/metrics", "/prom"):
        assert probes.takes(scraped, path)
        code, text = probes.answer(scraped, Probe(path, header=bearer("s3cret")))
        assert (code, str(text).splitlines()[1]) == (200, "# TYPE target_info gauge")


def test_strangers_are_told_no_metrics(scraped: Runtime) -> None:
    probes = Probes(Registry())
    nothing: dict[str, str] = {}
    for header in (nothing.get, bearer("wrong")):
        assert probes.answer(scraped, Probe("/metrics", header=header)) == (
            403,
            {"status": "forbidden"},
        )


def test_where_metrics_are_off_their_path_is_the_apps(runtime: Runtime) -> None:
    probes = Probes(Registry(), aliases={"/prom": "metrics"}, access=lambda _: True)
    for path in ("/metrics", "/prom"):
        assert not probes.takes(runtime, path)
        assert probes.answer(runtime, Probe(path)) == (404, {"status": "off"})
    assert probes.takes(runtime, "/livez")
    assert probes.takes(runtime, "/health/database")
    assert not probes.takes(runtime, "/products")


def test_metrics_that_cannot_be_told_are_an_answer_and_no_exception(
    scraped: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> str:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("obskit.telemetry.prometheus.Scraped.text", broken)
    probes = Probes(Registry(), access=lambda _: True)
    assert probes.answer(scraped, Probe("/metrics")) == (500, {"status": "failed"})
