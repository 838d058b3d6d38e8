"""What a process watches: its checks and jobs, and the one store under them."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.running import running

from obskit import Registry
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
