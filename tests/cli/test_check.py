"""`obskit check` as monitoring and people run it."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from tests.cli.host import Host, lines

from obskit.cli.check import check

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
            " a number or a CheckResult  (TIME)"
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
                "runbook": "https://w/s",
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


def test_list_shows_each_check_after_what_it_depends_on_and_runs_none(host: Host) -> None:
    host.write("""
        def never():
            '''Says \x1b[31mred.'''
            raise AssertionError
        checks.add("rows", never, every="90s", severity="sev1", depends_on=["database"])
        checks.add("database", never, every="1h", description="")
    """)
    result = host.run(command="list")
    assert result.stdout.splitlines() == [
        "database  sev2  every 1h",
        r"rows      sev1  every 1m30s   Says \x1b[31mred.",
    ]
    assert result.exit_code == 0


def test_list_as_json_holds_all_of_a_declaration(host: Host) -> None:
    host.write("""
        checks.add("crm", lambda: None, every="90s", critical_after="2h", owner="data",
                   description="Last sync.", readiness=True, timeout="2s")
    """)
    assert json.loads(host.run("--json", command="list").stdout) == {
        "checks": [
            {
                "name": "crm",
                "kind": "freshness",
                "description": "Last sync.",
                "every_seconds": 90.0,
                "timeout_seconds": 2.0,
                "severity": "sev2",
                "owner": "data",
                "runbook": None,
                "readiness": True,
                "unit": "s",
                "depends_on": [],
                "declared": f"{host.folder.resolve()}/{host.name}.py:5",
            }
        ]
    }
