"""How a service is, from all that tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.overview.given import NOW, run, told, write

from obskit.config import Config
from obskit.exceptions import StoreError
from obskit.operations.job import job
from obskit.operations.quota import quota
from obskit.overview.reading import overview
from obskit.registry import Registry, default_registry
from obskit.state import text
from obskit.state.deploys import Deploy
from obskit.state.memory import MemoryStore
from obskit.state.opening import open_store
from obskit.state.store import JobRun, Silence, Store


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(service="shop", environment="production", run_dir=str(tmp_path))


@pytest.fixture
def page(config: Config, tmp_path: Path) -> Config:
    """The same, with a status page."""
    return Config(service="shop", environment="production", run_dir=str(tmp_path), console=True)


def test_of_a_service_that_declares_nothing_all_is_well(
    registry: Registry, store: Store, config: Config
) -> None:
    found = overview(registry, store, config, NOW)
    assert (found.service, found.environment, found.now) == ("shop", "production", NOW)
    assert (found.health, found.problems) == ("healthy", ())
    assert (found.checks, found.jobs, found.operations, found.processes) == ([], [], (), ())


def test_all_that_is_kept_is_told(registry: Registry, store: Store, config: Config) -> None:
    registry.add("rows", lambda: 3, every="1m")
    registry.add("names", lambda: 0.9, every="1m", score=True, group="participants")

    @job("import", expect_every="1h", registry=registry)
    def load() -> None: ...

    quota("crm", limit=10, per="1h", registry=registry)
    rows = [run("rows", ago=180), run("rows", ago=120), run("rows", "critical", ago=60)]
    for each in rows:
        store.keep(each)
    store.keep(run("names", value=0.9))
    store.put_job(JobRun("r1", "import", NOW - 60, "ok", finished=NOW - 30))
    silence = Silence("rows", NOW + 60, "we mend it", "ada", NOW)
    store.silence(silence)
    store.deploys.mark(Deploy("1.4.2", "production", NOW - 600), again=True)
    found = overview(registry, store, config, NOW, since=130, most=5)
    assert found.health == "unhealthy"
    assert [(each.name, each.status) for each in found.checks] == [
        ("rows", "critical"),
        ("names", "ok"),
    ]
    assert [each.started for each in found.checks[0].history] == [NOW - 120, NOW - 60]
    assert found.checks[0].latest == rows[2]
    assert found.checks[0].silence == silence
    assert [(each.name, each.standing.state) for each in found.jobs] == [("import", "ok")]
    assert [(each.name, each.used) for each in found.quotas] == [("crm", 0)]
    assert found.scores == {"": 0.9, "participants": 0.9}
    assert found.silences == (silence,)
    assert found.deploys == [Deploy("1.4.2", "production", NOW - 600)]


def test_a_job_is_told_with_how_long_its_runs_of_late_took(
    registry: Registry, store: Store, config: Config
) -> None:
    for number in range(50):
        began = NOW - 5_000 + 100 * number
        store.put_job(JobRun(f"r{number:02}", "import", began, "ok", finished=began + number))
    (imported,) = overview(registry, store, config, NOW).jobs
    assert imported.durations == [float(number) for number in range(10, 50)]


def test_of_a_hundred_jobs_it_is_told_how_long_their_runs_took(
    registry: Registry, store: Store, config: Config
) -> None:
    for number in range(102):
        name = f"job-{number:03}"
        store.put_job(JobRun(name, name, NOW - 100, "ok", finished=NOW - 90))
    found = overview(registry, store, config, NOW).jobs
    assert [len(each.durations) for each in found] == [1] * 100 + [0] * 2


def test_a_job_that_never_ran_is_late_from_when_anybody_knew_of_it(
    registry: Registry, store: Store, config: Config
) -> None:
    @job("import", expect_every="1h", registry=registry)
    def load() -> None: ...

    store.know_jobs(["import"], NOW - 9_000)
    (late,) = overview(registry, store, config, NOW).jobs
    assert (late.standing.state, late.standing.deadline) == ("late", NOW - 5_100)


def test_history_is_bounded(registry: Registry, store: Store, config: Config) -> None:
    registry.add("rows", lambda: 3, every="1m")
    for ago in range(600, 0, -60):
        store.keep(run("rows", ago=float(ago)))
    (rows,) = overview(registry, store, config, NOW, most=3).checks
    assert [each.started for each in rows.history] == [NOW - 180, NOW - 120, NOW - 60]


@pytest.fixture
def default_check() -> Iterator[None]:
    default_registry.add("of-all", lambda: None, every="1m")
    yield


@pytest.mark.usefixtures("default_check")
def test_what_the_default_registry_holds_is_told_beside_it(
    registry: Registry, store: Store, config: Config
) -> None:
    registry.add("rows", lambda: 3, every="1m")
    found = overview(registry, store, config, NOW)
    assert [each.name for each in found.checks] == ["of-all", "rows"]


def test_a_service_of_which_a_check_has_not_run_is_degraded(
    registry: Registry, store: Store, config: Config
) -> None:
    registry.add("rows", lambda: 3, every="1m")
    assert overview(registry, store, config, NOW).health == "degraded"


def test_a_result_that_is_too_old_degrades_the_service(
    registry: Registry, store: Store, config: Config
) -> None:
    registry.add("rows", lambda: 3, every="1m", timeout="10s")
    store.keep(run("rows", ago=131))
    found = overview(registry, store, config, NOW)
    assert (found.health, found.checks[0].overdue) == ("degraded", True)


def test_checks_that_are_asked_for_make_nothing_unhealthy(
    registry: Registry, store: Store, config: Config
) -> None:
    registry.add("deep", lambda: 3, every="1m", tags=["full"])
    store.keep(run("deep", "critical"))
    assert overview(registry, store, config, NOW).health == "healthy"


def test_checks_of_each_process_are_the_worst_of_what_processes_tell(
    registry: Registry, store: Store, page: Config
) -> None:
    registry.add("ready", lambda: None, every="1m", readiness=True, severity="sev1")
    well, broken = run("ready"), run("ready", "critical", message="no route")
    write(page, "a", told(instance="a", checks=[text.write(well)]))
    write(page, "b", told(instance="b", checks=[text.write(broken)]))
    write(page, "c", told(instance="c", checks=[text.write(well)]))
    found = overview(registry, store, page, NOW)
    assert (found.health, found.problems) == ("unhealthy", ())
    assert (found.checks[0].status, found.checks[0].latest) == ("critical", broken)


def test_where_processes_do_not_tell_their_own_checks_say_nothing_of_health(
    registry: Registry, store: Store, config: Config
) -> None:
    registry.add("ready", lambda: None, every="1m", readiness=True)
    found = overview(registry, store, config, NOW)
    assert (found.health, found.checks[0].status) == ("healthy", "unknown")
    (problem,) = found.problems
    assert problem == (
        "1 checks, ready among them, are of each process: set OBSKIT_CONSOLE=true in the service to"
        " see them"
    )


def test_that_no_process_tells_is_a_problem_where_they_should(
    registry: Registry, store: Store, page: Config
) -> None:
    assert overview(registry, store, page, NOW).problems == (
        "no process of shop has told of itself on this host in the last 30 s",
    )


def test_errors_of_all_processes_are_told_the_newest_first(
    registry: Registry, store: Store, page: Config
) -> None:
    def errors(*moments: float) -> list[dict[str, object]]:
        names = ("type", "message", "where", "request_id", "trace_id", "event_id")
        return [{"time": moment, **dict.fromkeys(names, "")} for moment in moments]

    write(page, "a", told(instance="a", errors=errors(NOW - 9, NOW - 1)))
    write(page, "b", told(instance="b", errors=errors(*(NOW - 100 + n for n in range(50)))))
    found = overview(registry, store, page, NOW)
    assert [error.time for error in found.errors][:3] == [NOW - 1, NOW - 9, NOW - 51]
    assert len(found.errors) == 50
    assert [each.instance for each in found.processes] == ["a", "b"]


class Broken(MemoryStore):
    """A store whose server is away."""

    def _held(self) -> object:  # type: ignore[override]
        raise StoreError("the state in db:5432 cannot be used: it does not answer")


def test_a_store_that_cannot_be_read_is_one_problem(registry: Registry, config: Config) -> None:
    registry.add("rows", lambda: 3, every="1m")

    @job("import", expect_every="1h", registry=registry)
    def load() -> None: ...

    found = overview(registry, Broken(), config, NOW)
    assert found.problems == ("the state in db:5432 cannot be used: it does not answer",)
    assert (found.health, found.checks[0].status, found.deploys) == ("degraded", "unknown", [])
    assert [each.name for each in found.jobs] == ["import"]


def test_a_store_that_cannot_be_read_degrades_a_service_without_checks(
    registry: Registry, config: Config, tmp_path: Path
) -> None:
    path = tmp_path / "state.db"
    path.mkdir()
    store = open_store(f"sqlite:///{path}", "shop")
    found = overview(registry, store, config, NOW)
    assert (found.health, found.checks) == ("degraded", [])
    (told,) = found.problems
    assert told.startswith(f"the state in {path} cannot be used: unable to open database file")


def test_what_cannot_be_read_makes_nothing_better(registry: Registry, config: Config) -> None:
    class Half(MemoryStore):
        def silences(self, now: float) -> list[Silence]:
            raise StoreError("the state in db:5432 cannot be used: it does not answer")

    registry.add("rows", lambda: 3, every="1m")
    store = Half()
    store.keep(run("rows", "critical"))
    found = overview(registry, store, config, NOW)
    assert (found.health, found.problems) == (
        "unhealthy",
        ("the state in db:5432 cannot be used: it does not answer",),
    )


def test_five_hundred_checks_are_a_handful_of_statements(
    registry: Registry, config: Config, tmp_path: Path
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/state.db", "shop")
    for number in range(500):
        registry.add(f"c{number}", lambda: 3, every="1m")
    store.keep(run("c7"))
    statements: list[str] = []
    store._database._connection.set_trace_callback(statements.append)  # type: ignore[attr-defined]
    found = overview(registry, store, config, NOW, most=10)
    assert len(found.checks) == 500
    assert len([one for one in statements if "history" in one]) == 1
    assert len(statements) < 30
    statements.clear()
    overview(registry, store, config, NOW)
    assert [one for one in statements if "history" in one] == []
    store.close()
