"""What every store does, whatever it is made of. Each kind's tests inherit this."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from string import ascii_letters, digits
from types import MappingProxyType
from typing import Any

import pytest
from tests.state.deploys_contract import DeploysContract
from tests.state.lease_contract import LeaseContract
from tests.state.notices_contract import NoticesContract

from obskit.exceptions import StoreError
from obskit.state.store import Count, JobRun, Run, Silence, Store

RUN = Run(
    check="database",
    status="ok",
    damped="ok",
    since=1_000.0,
    last_success=1_000.0,
    row=1,
    value=2.5,
    unit="{row}",
    message="2 rows — “quoted”",
    details={"rows": 2, "names": ["a", "b"]},
    evidence=("row 7", {"id": 31}),
    started=1_000.0,
    duration=0.25,
    trace_id="ab" * 16,
    instance="i-1",
)
JOB = JobRun(
    run_id="r1",
    job="import",
    started=100.0,
    deadline=400.0,
    done=3.0,
    total=10.0,
    counts={"rows": 7.0},
    message="on its way",
    evidence=("line 1", "line 2"),
    trace_id="cd" * 16,
    instance="i-1",
    beat=101.0,
)
SILENCE = Silence("database", 2_000.0, "moving house", "ann", 1_000.0)


def noise(number: int, length: int) -> str:
    """A text that cannot be compressed to much less."""
    return "".join(Random(number).choices(ascii_letters + digits, k=length))


class StoreContract(DeploysContract, LeaseContract, NoticesContract):
    """Of a store. The fixture `store` gives an empty one."""

    def test_a_new_store_holds_nothing(self, store: Store) -> None:
        assert store.latest() == {}
        assert store.runs("database") == []
        assert store.recent(0.0, 10) == {}
        assert store.values("database", 0.0, 1.0) == []
        assert store.silences(0.0) == []
        assert store.job_runs("import") == []
        assert store.latest_jobs() == {}
        assert store.take_counts() == []
        assert store.purge(5_000.0, 0) == 0

    def test_a_run_comes_back_as_it_was(self, store: Store) -> None:
        assert store.keep(RUN)
        assert store.latest() == {"database": RUN}
        assert store.runs("database") == [RUN]

    def test_the_latest_run_of_each_check_is_the_one_that_was_kept_last(self, store: Store) -> None:
        other = replace(RUN, check="queue")
        second = replace(RUN, status="critical", value=None, started=999.0)
        for run in (RUN, other, second):
            assert store.keep(run)
        assert store.latest() == {"database": second, "queue": other}

    def test_details_that_are_no_plain_values_are_kept_as_texts(self, store: Store) -> None:
        odd = {"set": MappingProxyType({"a": 1}), "kind": int, "big": 10**30, "lone": "\ud800\0"}
        store.keep(replace(RUN, message="\ud800\0", details=odd))
        run = store.latest()["database"]
        assert run.message == "\ud800\0"
        assert run.details == {
            "set": {"a": 1},
            "kind": "<class 'int'>",
            "big": 10**30,
            "lone": "\ud800\0",
        }

    def test_what_cannot_be_written_at_all_is_a_store_error(self, store: Store) -> None:
        circle: dict[str, Any] = {}
        circle["circle"] = circle
        with pytest.raises(StoreError, match="cannot be kept: ValueError"):
            store.keep(replace(RUN, details=circle))
        with pytest.raises(StoreError, match="cannot be kept: TypeError"):
            store.put_job(replace(JOB, counts={(1, 2): 3.0}))  # type: ignore[dict-item]
        assert store.latest() == {}

    def test_runs_are_those_of_a_span_of_time_the_newest_first(self, store: Store) -> None:
        for started in (3.0, 1.0, 4.0, 2.0):
            store.keep(replace(RUN, started=started))
        store.keep(replace(RUN, check="queue", started=3.0))
        assert [run.started for run in store.runs("database")] == [4.0, 3.0, 2.0, 1.0]
        found = store.runs("database", since=2.0, until=4.0)
        assert [run.started for run in found] == [3.0, 2.0]
        assert [run.started for run in store.runs("database", limit=2)] == [4.0, 3.0]

    def test_recent_runs_are_the_newest_of_each_check(self, store: Store) -> None:
        for started in (3.0, 1.0, 4.0, 2.0, 2.0):
            store.keep(replace(RUN, started=started))
        store.keep(replace(RUN, check="queue", started=1.5))
        store.keep(replace(RUN, check="disk", started=0.5))

        def moments(since: float, most_each: int) -> dict[str, list[float]]:
            found = store.recent(since, most_each)
            return {name: [run.started for run in runs] for name, runs in found.items()}

        assert moments(1.0, 2) == {"database": [4.0, 3.0], "queue": [1.5]}
        assert moments(1.0, 3) == {"database": [4.0, 3.0, 2.0], "queue": [1.5]}
        assert moments(2.0, 9) == {"database": [4.0, 3.0, 2.0, 2.0]}
        assert moments(0.0, 0) == {}
        assert moments(5.0, 9) == {}

    def test_recent_runs_are_those_of_the_checks_that_are_named(self, store: Store) -> None:
        for name in ("database", "queue", "disk"):
            store.keep(replace(RUN, check=name))
        found = store.recent(0.0, 2, ["disk", "database", "unheard-of"])
        assert sorted(found) == ["database", "disk"]
        assert store.recent(0.0, 2, []) == {}

    def test_recent_runs_come_back_without_details_and_evidence(self, store: Store) -> None:
        odd = replace(RUN, check="queue", message="\ud800\0", value=float("inf"))
        store.keep(RUN)
        store.keep(odd)
        bare: dict[str, Any] = {"details": {}, "evidence": ()}
        assert store.recent(0.0, 1) == {
            "database": [replace(RUN, **bare)],
            "queue": [replace(odd, **bare)],
        }

    def test_values_are_those_of_runs_that_did_not_fail_the_oldest_first(
        self, store: Store
    ) -> None:
        for started, status, value in (
            (4.0, "ok", 40.0),
            (1.0, "ok", 10.0),
            (2.0, "critical", 20.0),
            (2.5, "warning", 20.0),
            (3.0, "ok", None),
            (3.5, "unknown", 30.0),
            (5.0, "ok", float("inf")),
            (6.0, "ok", float("nan")),
            (7.0, "ok", 70),
        ):
            store.keep(replace(RUN, started=started, status=status, value=value))
        found = [(1.0, 10.0), (3.5, 30.0), (4.0, 40.0), (7.0, 70.0)]
        assert store.values("database", 1.0, 0.1) == found
        assert store.values("database", 1.5, 0.1) == found[1:]
        assert store.values("database", 8.0, 0.1) == []
        assert store.values("queue", 0.0, 0.1) == []

    def test_of_many_values_the_first_of_each_step_is_told(self, store: Store) -> None:
        for started in (1.0, 2.0, 3.0, 4.0, 9.0, 10.0, 12.0):
            store.keep(replace(RUN, started=started, value=started))
        store.keep(replace(RUN, started=4.0, value=40.0))
        assert [at for at, _ in store.values("database", 0.0, 3.0)] == [1.0, 4.0, 9.0, 12.0]
        assert store.values("database", 4.0, 3.0) == [(4.0, 4.0), (9.0, 9.0), (12.0, 12.0)]
        assert [at for at, _ in store.values("database", 9.0, 0.0)] == [9.0, 10.0, 12.0]

    def test_each_host_has_its_latest_run_and_the_fleet_has_none(self, store: Store) -> None:
        one, two = (replace(RUN, host=host) for host in ("web-1", "web-2"))
        newer = replace(one, started=2_000.0)
        for run in (one, two, newer, replace(RUN, check="of-fleet")):
            store.keep(run)
        assert store.hosts.latest(0.0) == [newer, two]
        assert store.hosts.latest(0.0, "web-2") == [two]
        assert store.hosts.latest(2_000.0) == [newer]
        assert store.hosts.latest(2_000.1) == []
        assert store.latest()["database"] == newer

    def test_runs_and_values_are_those_of_the_host_that_is_named(self, store: Store) -> None:
        one = replace(RUN, status="ok", value=1.0, host="web-1")
        two = replace(RUN, status="ok", value=2.0, host="web-2", started=1_010.0)
        store.keep(one)
        store.keep(two)
        assert store.runs("database", host="web-1") == [one]
        assert store.runs("database") == [two, one]
        assert store.values("database", 0.0, 1.0, "web-2") == [(1_010.0, 2.0)]
        assert store.values("database", 0.0, 1.0) == [(1_000.0, 1.0), (1_010.0, 2.0)]

    def test_what_a_host_tells_is_in_place_of_what_it_told_before(self, store: Store) -> None:
        for heard, told in ((10.0, "old"), (20.0, "new")):
            store.hosts.tell("web-1", heard, told)
        store.hosts.tell("web-2", 5.0, "gone")
        assert store.hosts.told(0.0) == {"web-1": "new", "web-2": "gone"}
        assert store.hosts.told(20.0) == {"web-1": "new"}
        assert store.hosts.told(20.1) == {}

    def test_hosts_that_were_not_heard_of_for_long_are_forgotten(self, store: Store) -> None:
        store.keep(replace(RUN, host="web-1"))
        store.keep(replace(RUN, host="web-2", started=3_000.0))
        store.hosts.tell("web-1", 1_000.0, "old")
        store.purge(1_000.0, 2**20)
        assert [run.host for run in store.hosts.latest(0.0)] == ["web-1", "web-2"]
        assert store.hosts.told(0.0) == {"web-1": "old"}
        store.purge(1_000.1, 2**20)
        assert [run.host for run in store.hosts.latest(0.0)] == ["web-2"]
        assert store.hosts.told(0.0) == {}

    def test_a_run_of_an_earlier_holder_is_refused(self, store: Store) -> None:
        later = replace(RUN, lease=8, started=1_001.0)
        assert store.keep(replace(RUN, lease=7))
        assert store.keep(later)
        assert store.keep(replace(RUN, check="queue", lease=1))
        assert not store.keep(replace(RUN, lease=7, started=9_000.0))
        assert store.latest()["database"] == later
        assert len(store.runs("database")) == 2
        assert store.keep(replace(later, started=1_002.0))

    def test_a_run_without_a_lease_is_refused_while_leases_are_in_use(self, store: Store) -> None:
        """A check that needs a lease no longer is taken from those that had one, in time."""
        assert store.keep(RUN)
        assert store.keep(replace(RUN, lease=7, started=2_000.0))
        assert not store.keep(replace(RUN, started=5_599.0))
        assert store.keep(replace(RUN, started=5_600.0))
        assert store.keep(replace(RUN, started=5_601.0))
        assert not store.keep(replace(RUN, lease=6, started=5_602.0))

    def test_a_silence_is_in_place_of_the_one_before(self, store: Store) -> None:
        longer = replace(SILENCE, until=3_000.0)
        first = replace(SILENCE, check="queue", until=2_500.0)
        for silence in (SILENCE, first, longer):
            store.silence(silence)
        assert store.silences(1_000.0) == [first, longer]
        assert store.silences(2_500.0) == [longer]
        assert store.silences(3_000.0) == []

    def test_a_silence_can_be_ended_once(self, store: Store) -> None:
        store.silence(SILENCE)
        assert store.unsilence("database")
        assert not store.unsilence("database")
        assert store.silences(0.0) == []

    def test_a_run_of_a_job_is_in_place_of_what_was_kept_of_it(self, store: Store) -> None:
        store.put_job(JOB)
        assert store.job_runs("import") == [JOB]
        done = replace(JOB, outcome="ok", finished=150.0, done=10.0)
        store.put_job(done)
        newer = replace(JOB, run_id="r0", started=200.0)
        store.put_job(newer)
        store.put_job(replace(JOB, run_id="r3", job="export"))
        assert store.job_runs("import") == [newer, done]
        assert store.job_runs("import", limit=1) == [newer]

    def test_the_latest_of_a_job_tell_how_it_stands(self, store: Store) -> None:
        def ran(run_id: str, started: float, outcome: str, finished: float | None) -> JobRun:
            run = replace(JOB, run_id=run_id, started=started, outcome=outcome, beat=started)
            return replace(run, finished=finished)

        older = ran("a", 1.0, "ok", 2.0)
        success = ran("b", 3.0, "nothing_to_do", 4.0)
        failed = ran("c", 5.0, "failed", 60.0)
        lost = ran("d", 10.0, "lost", None)
        goes_on = ran("e", 12.0, "running", None)
        also = ran("f", 13.0, "running", None)
        other = replace(JOB, run_id="g", job="export", outcome="ok", finished=2.0)
        for run in (success, older, failed, lost, goes_on, also, other):
            store.put_job(run)
        assert store.latest_jobs() == {
            "import": [also, goes_on, failed, success],
            "export": [other],
        }

    def test_durations_are_those_of_the_newest_runs_that_were_seen_to_end(
        self, store: Store
    ) -> None:
        for number, (job, outcome, finished) in enumerate(
            [
                ("import", "ok", 10.0),
                ("import", "failed", 21.0),
                ("import", "lost", None),
                ("import", "nothing_to_do", 33.5),
                ("import", "running", None),
                ("export", "ok", 55.0),
            ]
        ):
            started = 10.0 * number
            run = replace(JOB, run_id=f"r{number}", job=job, started=started, beat=started + 1)
            store.put_job(replace(run, outcome=outcome, finished=finished))
        wanted = ["import", "export", "unheard-of"]
        assert store.durations(wanted, 9) == {"import": [10.0, 11.0, 3.5], "export": [5.0]}
        assert store.durations(["import"], 2) == {"import": [11.0, 3.5]}

    def test_a_job_is_known_since_the_first_time_that_anybody_asked(self, store: Store) -> None:
        assert store.know_jobs([], 5.0) == {}
        assert store.know_jobs(["import"], 10.0) == {"import": 10.0}
        assert store.know_jobs(["import", "export"], 20.0) == {"import": 10.0, "export": 20.0}
        store.purge(1_000.0, 0)
        assert store.know_jobs(["export"], 30.0) == {"export": 20.0}

    def test_counts_are_added_and_given_once(self, store: Store) -> None:
        for amount in (1.0, 2.5):
            store.add(Count("runs", {"job": "import", "ok": True}, amount))
        store.add(Count("runs", {"job": "import", "ok": 1}, 4.0))
        store.add(Count("failures", {}, 1.0))
        taken = store.take_counts()
        assert taken == [
            Count("failures", {}, 1.0),
            Count("runs", {"job": "import", "ok": 1}, 4.0),
            Count("runs", {"job": "import", "ok": True}, 3.5),
        ]
        assert [type(one.attributes.get("ok")) for one in taken] == [type(None), int, bool]
        assert store.take_counts() == []

    def test_what_is_too_old_is_forgotten(self, store: Store) -> None:
        for started in (1.0, 2.0, 3.0):
            store.keep(replace(RUN, started=started))
            store.keep(replace(RUN, check="queue", started=started))
        assert store.purge(3.0, 2**30) == 4
        assert [run.started for run in store.runs("database")] == [3.0]
        assert [run.started for run in store.runs("queue")] == [3.0]
        assert store.purge(3.0, 2**30) == 0
        assert store.purge(4.0, 2**30) == 2
        assert set(store.latest()) == {"database", "queue"}

    def test_of_a_job_the_last_run_and_the_last_success_are_never_forgotten(
        self, store: Store
    ) -> None:
        for number, outcome in enumerate(("ok", "ok", "failed", "failed", "running")):
            finished = None if outcome == "running" else number + 0.5
            run = replace(JOB, run_id=str(number), started=float(number), outcome=outcome)
            store.put_job(replace(run, finished=finished))
        assert store.purge(100.0, 2**30) == 2
        assert [run.run_id for run in store.job_runs("import")] == ["4", "3", "1"]
        assert store.purge(100.0, 0) == 0

    def test_a_run_that_was_thought_lost_and_goes_on_is_not_forgotten(self, store: Store) -> None:
        lost = replace(JOB, outcome="lost")
        for run in (
            lost,
            replace(lost, outcome="running"),
            replace(JOB, run_id="r2", started=500.0),
        ):
            store.put_job(run)
        assert store.purge(9_000.0, 2**30) == 0
        assert [run.run_id for run in store.job_runs("import")] == ["r2", "r1"]
        assert [run.run_id for run in store.latest_jobs()["import"]] == ["r2", "r1"]

    def test_the_oldest_are_forgotten_where_there_is_too_much(self, store: Store) -> None:
        for number in range(300):
            store.keep(replace(RUN, started=float(number), message=noise(number, 5_000)))
        gone = store.purge(0.0, 1_000_000)
        assert 70 <= gone <= 230
        left = [run.started for run in store.runs("database")]
        assert left == [float(number) for number in range(299, gone - 1, -1)]
        assert store.purge(0.0, 1_000_000) <= 20
        assert store.purge(0.0, 2**30) == 0
        store.purge(0.0, 0)
        assert store.runs("database") == []

    def test_the_oldest_runs_of_jobs_are_forgotten_with_them(self, store: Store) -> None:
        for number in range(300):
            started = float(number)
            text = noise(number, 2_500)
            store.keep(replace(RUN, started=started, message=text))
            run = replace(JOB, run_id=str(number), outcome="ok", message=text)
            store.put_job(replace(run, started=started, finished=started))
        while store.purge(0.0, 1_000_000):
            pass
        runs = len(store.runs("database"))
        jobs = len(store.job_runs("import", limit=300))
        assert abs(runs - jobs) <= 1
        assert 50 <= runs <= 250
