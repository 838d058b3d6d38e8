"""`obskit check run` as monitoring and people run it."""

from __future__ import annotations

import json
import re
import time

import pytest
from click.testing import CliRunner
from tests.cli.host import Host, kept, lines

from obskit.cli.check import check
from obskit.state.store import JobRun

ONE_OF_EACH = """
checks.add("ok", lambda: obskit.CheckResult.ok("fine"), every="1m")
checks.add("warning", lambda: 3, every="1m", judge=obskit.above(warning=1), unit="{row}")
checks.add("critical", lambda: False, every="1m")
checks.add("unknown", lambda: "what", every="1m")
checks.add("skipped", lambda: True, every="1m", depends_on=["critical"])
"""


def test_a_run_prints_a_line_for_each_check_and_the_state_of_the_whole(host: Host) -> None:
    host.write(ONE_OF_EACH)
    assert lines(host.run()) == [
        "NOW  OK        ok        fine  (TIME)",
        "NOW  WARNING   warning   3 row: warning from 1 upward  (TIME)",
        "NOW  CRITICAL  critical  it returned False  (TIME)",
        (
            "NOW  UNKNOWN   unknown   it returned 'what': return None, True, False,"
            " a number, issues or a CheckResult  (TIME)"
        ),
        "NOW  SKIPPED   skipped   not run: critical is critical  (TIME)",
        "UNHEALTHY",
    ]


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["ok"], 0),
        (["warning"], 1),
        (["critical"], 2),
        (["unknown"], 3),
        (["ok", "warning"], 1),
        (["warning", "unknown"], 3),
        (["unknown", "critical"], 2),
        (["skipped"], 2),
        ([], 2),
    ],
)
def test_the_exit_code_tells_the_worst_status(host: Host, names: list[str], code: int) -> None:
    host.write(ONE_OF_EACH)
    assert host.run(*names).exit_code == code


def test_a_skipped_check_counts_as_unknown(host: Host) -> None:
    host.write("""
        checks.add("database", lambda: "what", every="1m")
        checks.add("rows", lambda: True, every="1m", depends_on=["database"])
    """)
    result = host.run("rows")
    assert result.exit_code == 3
    assert lines(result)[-1] == "DEGRADED"


def test_named_checks_run_with_what_they_depend_on_and_nothing_else(host: Host) -> None:
    host.write("""
        checks.add("rows", lambda: None, every="1m", depends_on=["schema"])
        checks.add("schema", lambda: None, every="1m", depends_on=["database"])
        checks.add("other", lambda: None, every="1m")
        checks.add("database", lambda: None, every="1m")
    """)
    assert lines(host.run("rows")) == [
        "NOW  OK        database  (TIME)",
        "NOW  OK        schema    (TIME)",
        "NOW  OK        rows      (TIME)",
        "HEALTHY",
    ]


def test_json_holds_all_of_a_result(host: Host) -> None:
    host.write("""
        print("the app greets")
        def size():
            print("the check talks")
            return obskit.CheckResult.warning("big", value=7, details={"a": 1}, evidence=["row"])
        checks.add("size", size, every="1m", unit="By", owner="ops", runbook="https://w/s")
    """)
    result = host.run("--json")
    shown = json.loads(result.stdout)
    found = shown["checks"][0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{15}Z", found.pop("started"))
    assert 0 <= found.pop("duration_seconds") < 10
    assert shown == {
        "status": "degraded",
        "checks": [
            {
                "name": "size",
                "status": "warning",
                "message": "big",
                "value": 7.0,
                "unit": "By",
                "details": {"a": 1},
                "evidence": ["row"],
                "severity": "sev2",
                "owner": "ops",
                "group": None,
                "runbook": "https://w/s",
                "silence": None,
            }
        ],
    }
    assert "the app greets\nthe check talks\n" in result.stderr
    assert result.exit_code == 1


def test_checks_of_a_group_run_at_once(host: Host) -> None:
    host.write("""
        from threading import Barrier
        both = Barrier(2)
        checks.add("one", lambda: bool(both.wait(60) >= 0), every="1m", timeout="1m")
        checks.add("two", lambda: bool(both.wait(60) >= 0), every="1m", timeout="1m")
    """)
    assert host.run().exit_code == 0


def test_a_check_that_hangs_is_critical_after_its_time_out(host: Host) -> None:
    host.write("""
        from threading import Event
        checks.add("stuck", Event().wait, every="1m", timeout="10ms")
    """)
    result = host.run()
    assert lines(result)[0] == "NOW  CRITICAL  stuck  no answer within 10ms  (TIME)"
    assert result.exit_code == 2


def test_what_a_check_says_cannot_steer_the_terminal(host: Host) -> None:
    host.write(r"""
        checks.add("x", lambda: obskit.CheckResult.ok("a\nb\x1b[31mc\u202ed"), every="1m")
    """)
    assert lines(host.run())[0] == r"NOW  OK        x  a\nb\x1b[31mc\u202ed  (TIME)"


def test_statuses_are_coloured_on_a_terminal_only(host: Host) -> None:
    host.write(ONE_OF_EACH)
    arguments = ["run", "--app", f"{host.name}:checks"]
    shown = CliRunner().invoke(check, arguments, color=True).stdout
    assert re.findall(r"\x1b\[(\d+)m(\w+) *\x1b\[0m", shown) == [
        ("32", "OK"),
        ("33", "WARNING"),
        ("31", "CRITICAL"),
        ("35", "UNKNOWN"),
        ("35", "SKIPPED"),
    ]
    assert "\x1b" not in CliRunner().invoke(check, arguments).stdout


CHOSEN = """
    checks.add("one", lambda: None, every="1m", group="db", tags=["daily"])
    checks.add("two", lambda: None, every="1m", group="web", tags=["daily", "slow"])
    checks.add("three", lambda: None, every="1m", depends_on=["one"])
    checks.add("four", lambda: None, every="1m", tags=["full"])
"""


@pytest.mark.parametrize(
    ("arguments", "ran"),
    [
        ([], ["one", "two", "three"]),
        (["--full"], ["one", "two", "four", "three"]),
        (["four"], ["four"]),
        (["--tag", "full"], ["four"]),
        (["--group", "db"], ["one"]),
        (["--group", "db", "--group", "web"], ["one", "two"]),
        (["--tag", "slow"], ["two"]),
        (["--tag", "slow", "three"], ["one", "two", "three"]),
    ],
)
def test_checks_are_chosen_by_name_group_and_tag(
    host: Host, arguments: list[str], ran: list[str]
) -> None:
    host.write(CHOSEN)
    shown = json.loads(host.run("--json", *arguments).stdout)
    assert [each["name"] for each in shown["checks"]] == ran


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--group", "dbs"], "Error: no check is of the group 'dbs': did you mean 'db'?\n"),
        (["--tag", "x"], "Error: no check has the tag 'x': see obskit check list\n"),
        (["--json", "--junit"], "Error: give one of --json, --nagios and --junit\n"),
        (["--timeout", "soon"], "Error: Invalid value for '--timeout': 'soon' is no span of time"),
    ],
)
def test_a_wrong_choice_is_told(host: Host, arguments: list[str], message: str) -> None:
    host.write(CHOSEN)
    result = host.run(*arguments)
    assert message in result.stderr
    assert (result.exit_code, result.stdout) == (4, "")


def test_where_every_check_is_on_demand_it_says_how_to_run_them(host: Host) -> None:
    host.write('checks.add("a", lambda: None, every="1m", tags=["full"])')
    assert host.run().stderr == (
        "Error: every check there has the tag 'full': give --full to run them\n"
    )


def test_what_is_not_done_when_the_whole_run_must_end_is_unknown(host: Host) -> None:
    host.write("""
        from threading import Event
        checks.add("stuck", Event().wait, every="1m", timeout="1m")
        checks.add("rows", lambda: None, every="1m", depends_on=["stuck"])
    """)
    result = host.run("--timeout", "50ms")
    stuck, rows, overall = lines(result)
    assert re.fullmatch(r"NOW  UNKNOWN   stuck  no answer within \d+ms  \(TIME\)", stuck)
    assert rows == "NOW  UNKNOWN   rows   not run: the 50ms of --timeout were over  (TIME)"
    assert (overall, result.exit_code) == ("DEGRADED", 3)


def test_details_and_evidence_are_shown_when_they_are_asked_for(host: Host) -> None:
    host.write("""
        result = obskit.CheckResult.critical("big", value=7_500_000, details={"a": 1}, evidence=["r\\n1"])
        checks.add("size", lambda: result, every="1m", unit="By", owner="ops", runbook="https://w/s")
    """)
    assert len(lines(host.run())) == 2
    assert lines(host.run("-v")) == [
        "NOW  CRITICAL  size  big  (TIME)",
        "    value: 7500000 By",
        "    a: 1",
        r"    - r\n1",
        "    owner: ops",
        "    runbook: https://w/s",
        "UNHEALTHY",
    ]


def test_a_change_is_judged_against_what_the_service_has_kept(host: Host) -> None:
    host.write("""
        from obskit.checks.changed import changed
        checks.add("rows", lambda: 9, every="1m", judge=changed("7d", critical=3.0))
    """)
    now = time.time()
    for hour in range(1, 150):
        host.store.keep(kept("rows", now - 3_600 * hour, value=2.0))
    result = host.run()
    assert "4.5 × 2 in the same hour of the day: critical from 3 × upward" in result.stdout
    assert result.exit_code == 2


def test_a_store_that_cannot_be_read_is_told_and_the_checks_run(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.write('checks.add("a", lambda: None, every="1m")')
    (host.folder / "state.sqlite3").mkdir()
    monkeypatch.setenv("OBSKIT_STATE_URL", f"sqlite:///{host.folder}/state.sqlite3")
    result = host.run()
    assert "silences cannot be read: " in result.stderr
    assert (lines(result)[-1], result.exit_code) == ("HEALTHY", 0)


def test_a_wrong_configuration_of_the_app_is_told(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.write('checks.add("a", lambda: None, every="1m")')
    monkeypatch.setenv("OBSKIT_STATE_URL", "mysql://root:hunter2@db/x")
    result = host.run()
    assert "state_url" in result.stderr
    assert "hunter2" not in result.output
    assert result.exit_code == 4


def test_running_checks_makes_no_store(host: Host) -> None:
    host.write('checks.add("a", lambda: None, every="1m")')
    host.run()
    assert not (host.folder / "state").exists()


def test_checks_find_the_runs_of_jobs_that_are_kept(host: Host) -> None:
    host.write("""
        from obskit.operations.history import SuccessRate
        refresh = obskit.job("refresh", expect_every="1h", registry=checks)
        checks.add("refresh", refresh.health, every="5m")
        checks.add("refreshes", SuccessRate(refresh), every="5m")
    """)
    now = time.time()
    run = JobRun("r1", "refresh", now - 60, outcome="failed", finished=now - 60, message="no disk")
    host.store.put_job(run)
    assert lines(host.run()) == [
        "NOW  CRITICAL  refresh    failed: no disk, 1m ago  (TIME)",
        (
            "NOW  CRITICAL  refreshes  0 %: critical from 99.99 downward; 0 of 1 runs in 7d ended well"
            "  (TIME)"
        ),
        "UNHEALTHY",
    ]
