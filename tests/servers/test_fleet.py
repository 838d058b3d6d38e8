"""Checks of a fleet under real Gunicorn on two hosts, over real leases, with holders that are killed."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.config.receiver import Receiver
from tests.processes import arrivals
from tests.processes.server import Server, free_port, running

from obskit.state.opening import open_store
from obskit.state.store import Store

pytest.importorskip("gunicorn")
pytest.importorskip("flask")

WORKERS = 4
PATIENCE = 90.0


class Ran(NamedTuple):
    """One run of a check."""

    at: float
    pid: int


class Host:
    """Gunicorn with its workers, all of them serving, and what it sends."""

    def __init__(self, server: Server, receiver: Receiver) -> None:
        self.server = server
        self.receiver = receiver
        self.pids: set[int] = set()

    def answers(self) -> dict[int, dict[str, Any]]:
        """What each worker says that answers one of some requests at once."""
        with ThreadPoolExecutor(2 * WORKERS) as pool:
            got = pool.map(lambda _: self.server.get(), range(2 * WORKERS))
            told = [json.loads(answer) for answer in got if answer]
        return {each["pid"]: each for each in told}

    def serve(self) -> None:
        """Have each worker answer once: it takes part from then on."""
        eventually(lambda: len(self.pids) == WORKERS, lambda: self.pids.update(self.answers()))

    def exporters(self) -> set[int]:
        """The processes whose metrics tell how a check stands."""
        found = arrivals.all_points(self.receiver)
        return {point.process for point in found if point.metric == "obskit.check.status"}


def eventually(holds: Callable[[], object], do: Callable[[], object] = bool) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never held"
        do()
        time.sleep(0.05)


class Fleet:
    """The hosts that share a state."""

    def __init__(self, folder: Path, stack: ExitStack, **variables: str) -> None:
        self.folder = folder
        self._stack = stack
        self._variables = variables

    def start(self, name: str) -> Host:
        """One more host: nothing but the state and the leases is what another has, and its name."""
        receiver = self._stack.enter_context(Receiver())
        port = free_port()
        command = [
            *(sys.executable, "-m", "gunicorn", "--workers", str(WORKERS), "--timeout", "0"),
            *("--bind", f"127.0.0.1:{port}", "--no-control-socket", "tests.servers.fleet:app"),
        ]
        variables = {
            "FLEET_SEEN": str(self.folder),
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
            **self._variables,
        }
        host = Host(
            self._stack.enter_context(
                running(command, port, receiver, self.folder / name, **variables)
            ),
            receiver,
        )
        host.serve()
        return host

    def runs(self, check: str) -> list[Ran]:
        """All runs of a check on all hosts, in their order."""
        file = self.folder / check
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        found = (line.split() for line in lines if line.endswith("\n"))
        return sorted(Ran(float(at), int(pid)) for at, pid in found)

    def after(self, moment: float, check: str) -> list[Ran]:
        return [ran for ran in self.runs(check) if ran.at > moment]


@pytest.fixture(params=["postgresql", "redis for leases", "redis"])
def variables(request: pytest.FixtureRequest, empty_postgresql: str) -> dict[str, str]:
    """Where the state is, and the leases; nothing of another test is there."""
    given = {"OBSKIT_STATE_URL": empty_postgresql}
    if request.param != "postgresql":
        kind = "STATE" if request.param == "redis" else "LEASE"
        given[f"OBSKIT_{kind}_URL"] = request.getfixturevalue("empty_redis")
    return given


@pytest.fixture
def fleet(tmp_path: Path, variables: dict[str, str]) -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield Fleet(tmp_path, stack, **variables)


@pytest.fixture
def store(variables: dict[str, str]) -> Iterator[Store]:
    with closing(open_store(variables["OBSKIT_STATE_URL"], "fleet")) as opened:
        yield opened


def test_a_check_runs_once_a_period_in_a_fleet_and_goes_on_where_its_host_is_killed(
    fleet: Fleet, store: Store
) -> None:
    first = fleet.start("first")
    eventually(lambda: fleet.runs("fast") and fleet.runs("slow"))
    second = fleet.start("second")
    both_serve = time.time()
    eventually(lambda: len(fleet.after(both_serve, "fast")) >= 8)
    eventually(first.exporters)
    for name in ("fast", "slow"):
        (holder,) = {ran.pid for ran in fleet.runs(name)}
        assert holder in first.pids
    runs = fleet.runs("fast")
    # Two that run it would come to twice as many; one run may be late, and the next one not.
    assert len(runs) <= runs[-1].at - runs[0].at + 4
    assert first.exporters() <= {ran.pid for name in ("fast", "slow") for ran in fleet.runs(name)}
    assert second.exporters() == set()

    first.server.kill()
    killed = time.time()
    eventually(lambda: fleet.after(killed, "slow") and len(fleet.after(killed, "fast")) >= 4)
    eventually(second.exporters)
    assert fleet.after(killed, "slow")[0].at - killed <= 2 * 10
    followers = set()
    for name in ("fast", "slow"):
        (follower,) = {ran.pid for ran in fleet.after(killed, name)}
        followers.add(follower)
    assert followers <= second.pids
    assert second.exporters() <= followers
    leases = [run.lease for run in store.runs("fast")]
    assert leases == sorted(leases, reverse=True)
    assert len(set(leases)) == 2


def test_a_holder_that_stood_still_past_its_lease_is_refused(fleet: Fleet, store: Store) -> None:
    host = fleet.start("only")
    eventually(lambda: len(store.latest()) == 2)
    stale = fleet.runs("fast")[-1].pid
    (fleet.folder / f"stop-{stale}").touch()
    eventually(lambda: {ran.pid for ran in fleet.runs("fast")} != {stale})
    (follower,) = {ran.pid for ran in fleet.runs("fast")} - {stale}
    eventually(lambda: store.latest()["fast"].message == f"by {follower}")
    os.kill(stale, signal.SIGCONT)
    woken = time.time()
    told: dict[int, dict[str, Any]] = {}
    eventually(
        lambda: told.get(stale, {}).get("refused", 0) == 1, lambda: told.update(host.answers())
    )
    eventually(lambda: len(fleet.after(woken, "fast")) >= 3)
    assert {ran.pid for ran in fleet.after(woken, "fast")} == {follower}
    runs = store.runs("fast")
    assert {run.status for run in runs} == {"ok"}
    assert {run.message for run in runs} == {f"by {stale}", f"by {follower}"}
    numbers = {run.message: run.lease for run in runs}
    assert numbers[f"by {stale}"] < numbers[f"by {follower}"]
    assert [run.lease for run in runs] == sorted((run.lease for run in runs), reverse=True)
