"""What a process watches: its checks and jobs, and the one store under them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.running import running
from tests.state.contract import RUN, noise

from obskit import Registry, job
from obskit.operations import surroundings
from obskit.runtime import Runtime
from obskit.state.opening import open_store
from obskit.state.store import Store


def store() -> Store:
    """That of the jobs."""
    found = surroundings.active().store
    assert found is not None
    return found


def run_once(runtime: Runtime, name: str) -> None:
    """A check of its own registry runs, and what it finds is kept."""
    registry = Registry()
    made = registry.add(name, lambda: 3, every="1m", scope="host")
    watch = runtime.watch(registry)
    with watch.one_round():
        watch.runner.run(made)


def test_checks_are_kept_where_jobs_are(tmp_path: Path) -> None:
    with running(run_dir=str(tmp_path), state_url="memory:") as runtime:
        run_once(runtime, "rows")
        assert [run.value for run in store().runs("rows")] == [3.0]


def test_a_registry_that_ends_takes_the_store_from_no_other(tmp_path: Path) -> None:
    with running(run_dir=str(tmp_path), state_url=f"sqlite:///{tmp_path}/state.sqlite3") as runtime:
        run_once(runtime, "rows")  # it has let go of the store
        run_once(runtime, "mail")
        assert sorted(store().latest()) == ["mail", "rows"]


def test_a_registry_is_watched_once(tmp_path: Path) -> None:
    registry = Registry()
    with running(run_dir=str(tmp_path)) as runtime:
        assert runtime.watch(registry) is runtime.watch(registry)
        assert runtime.watch(Registry()) is not runtime.watch(registry)


FORKING = """
import os
import obskit
from obskit import default_runtime
obskit.init("shop", log_format="none")
def once(name):
    obskit.default_registry.add(name, lambda: os.getpid(), every="1m", scope="host")
    watch = default_runtime.current().watch(obskit.default_registry)
    with watch.one_round():
        watch.runner.run(obskit.default_registry.checks[name])
@obskit.job("import")
def work():
    pass
once("before")
work()
child = os.fork()
if child == 0:
    once("child")
    work()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
once("parent")
work()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_forked_child_and_its_parent_both_go_on_with_the_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite3"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING],
        env={**os.environ, "OBSKIT_RUN_DIR": str(tmp_path), "OBSKIT_STATE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    with closing(open_store(url, "shop")) as kept:
        assert sorted(kept.latest()) == ["before", "child", "parent"]
        assert [run.outcome for run in kept.job_runs("import")] == ["ok", "ok", "ok"]


def test_the_status_tells_what_became_of_the_results_of_checks(tmp_path: Path) -> None:
    with running(run_dir=str(tmp_path), state_url="memory:") as runtime:
        nothing = {"kept": 0, "waiting": 0, "refused": 0, "dropped": 0}
        assert runtime.status()["checks"] == nothing
        run_once(runtime, "rows")
        run_once(runtime, "mail")
        assert runtime.status()["checks"] == {**nothing, "kept": 2}


def test_results_that_no_store_took_are_counted_in_the_status(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with running(
        run_dir=str(tmp_path), state_url=f"sqlite:///{tmp_path}/file/state.sqlite3"
    ) as runtime:
        run_once(runtime, "rows")
        lost = {"kept": 0, "waiting": 0, "refused": 0, "dropped": 1}
        assert runtime.status()["checks"] == lost


def test_history_is_kept_for_so_many_days_and_no_longer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite3"
    now = time.time()
    with closing(open_store(url, "shop")) as kept:
        for hours in (13, 11):
            kept.keep(replace(RUN, check="old", started=now - hours * 3_600))
        assert len(kept.runs("old")) == 2
    with running(run_dir=str(tmp_path), state_url=url, history_days=0.5) as runtime:
        run_once(runtime, "rows")
        assert [round((now - run.started) / 3_600) for run in store().runs("old")] == [11]


def test_history_takes_no_more_room_than_it_may(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite3"
    now = time.time()
    with closing(open_store(url, "shop")) as kept:
        for number in range(30):
            kept.keep(
                replace(RUN, check="old", started=now - number, message=noise(number, 50_000))
            )
        assert len(kept.runs("old")) == 30
    with running(run_dir=str(tmp_path), state_url=url, history_max_bytes=1_000_000) as runtime:
        run_once(runtime, "rows")
        assert 0 < len(store().runs("old")) < 30


def test_leases_are_given_where_they_are_configured(tmp_path: Path) -> None:
    registry = Registry()
    made = registry.add("rows", lambda: 3, every="1m", scope="fleet")
    url = f"sqlite:///{tmp_path}/leases.sqlite3"
    with running(run_dir=str(tmp_path), state_url="memory:", lease_url=url) as runtime:
        watch = runtime.watch(registry)
        with watch.one_round():
            assert watch.holds(made)
            with closing(open_store(url, "shop")) as leases:
                assert leases.lease("check:rows", "another", 30.0) is None


@pytest.mark.parametrize(("checks_in", "holds"), [("web", True), ("worker", False)])
def test_a_process_that_serves_leaves_checks_to_the_worker(
    tmp_path: Path, checks_in: str, holds: bool
) -> None:
    registry = Registry()
    made = registry.add("rows", lambda: 3, every="1m", scope="host")
    with running(run_dir=str(tmp_path), state_url="memory:", checks_in=checks_in) as runtime:
        watch = runtime.watch(registry)
        with watch.one_round():
            assert watch.holds(made) is holds


def test_environments_on_one_host_do_not_share_its_lock(tmp_path: Path) -> None:
    with running(run_dir=str(tmp_path), state_url="memory:", environment="test") as runtime:
        run_once(runtime, "rows")
    with running(run_dir=str(tmp_path), state_url="memory:") as runtime:
        run_once(runtime, "rows")
    locks = {path.parent.name for path in tmp_path.rglob("checks-*.lock")}
    assert locks == {"test", "any"}


IMPORTING = """
import obskit
from obskit import job

obskit.init("shop")
with job("import").run() as run:
    run.count(rows=5)
"""


@pytest.mark.parametrize("scraped", ["true", "false"])
def test_what_a_script_has_counted_is_told_by_the_process_that_prometheus_scrapes(
    tmp_path: Path, scraped: str
) -> None:
    """The script ends before anybody could ask it, whether or not it would answer."""
    pytest.importorskip("prometheus_client")
    url = f"sqlite:///{tmp_path}/state.sqlite3"
    environ = {"OBSKIT_STATE_URL": url, "OBSKIT_PROMETHEUS": scraped, "OBSKIT_RUN_DIR": ""}
    subprocess.run(
        [sys.executable, "-c", IMPORTING], env={**os.environ, **environ}, timeout=60, check=True
    )
    with running(run_dir=str(tmp_path), state_url=url, prometheus=True) as runtime:
        run_once(runtime, "rows")
        assert runtime.scraped is not None
        told = [each for each in runtime.scraped.samples() if each.name.startswith("obskit_job_")]
        found = {each.name: each.value for each in told if each.name.endswith("_total")}
    assert found == {"obskit_job_counted_total": 5.0, "obskit_job_runs_total": 1.0}


def test_a_process_that_serves_counts_at_once(tmp_path: Path) -> None:
    pytest.importorskip("prometheus_client")
    with running(run_dir=str(tmp_path), state_url="memory:", prometheus=True) as runtime:
        runtime.watch(Registry())
        with job("import", registry=Registry()):
            pass
        assert store().take_counts() == []
