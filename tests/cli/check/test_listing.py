"""`obskit check list`."""

from __future__ import annotations

import json

from tests.cli.host import Host


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
        r"rows      sev1  every 1m30s  Says \x1b[31mred.",
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
                "scope": "process",
                "group": None,
                "tags": [],
                "cron": None,
                "on": None,
                "silence": None,
                "unit": "s",
                "depends_on": [],
                "declared": f"{host.folder.resolve()}/{host.name}.py:5",
            }
        ]
    }


def test_list_says_when_each_check_runs(host: Host) -> None:
    host.write("""
        checks.add("a", lambda: 1, cron="0 3 * * *", timezone="Europe/Berlin")
        checks.add("b", lambda: 1, on="job:nightly")
    """)
    assert host.run(command="list").stdout.splitlines() == [
        "a  sev2  at 0 3 * * * Europe/Berlin",
        "b  sev2  after job:nightly",
    ]
    shown = json.loads(host.run("--json", command="list").stdout)["checks"]
    assert [(each["every_seconds"], each["cron"], each["on"]) for each in shown] == [
        (86_400.0 + 3_600.0, "0 3 * * *", None),
        (None, None, "job:nightly"),
    ]
