"""`obskit check lint`; what it finds is in tests/checks/test_lint.py."""

from __future__ import annotations

import json

import pytest
from tests.cli.host import Host


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ('checks.add("a", lambda: 1, every="1m")', 0),
        ('checks.add("a", lambda: 1, every="1m", scope="fleet")', 1),
        ('checks.add("a", lambda: 1, every="1m", severity="sev1")', 2),
        ("", 4),
    ],
)
def test_the_exit_code_tells_the_gravest_finding(host: Host, code: str, ending: int) -> None:
    host.write(code)
    # Of the fleet: the store of the test is one host's, which would be refused.
    found = host.run(command="lint", environ={"OBSKIT_STATE_URL": ""})
    assert found.exit_code == ending


def test_findings_are_lines(host: Host) -> None:
    host.write('checks.add("a", lambda: 1, every="5s", timeout="1m")')
    place = f"{host.folder.resolve()}/{host.name}.py:4"
    too_long = "it may take 1m and runs every 5s: give it a timeout of less than its period"
    assert host.run(command="lint").stdout.splitlines() == [
        f"refusal  a  {too_long}  ({place})",
        "checks: 1, findings: 1",
    ]


def test_findings_are_json_too_and_no_check_runs(host: Host) -> None:
    host.write("""
        def never():
            raise AssertionError
        checks.add("a", never, every="1m", depends_on=["b"])
    """)
    done = host.process("check", "lint", "--json")
    (found,) = json.loads(done.stdout)["findings"]
    assert found["place"].endswith(f"{host.name}.py:7")
    del found["place"]
    assert found == {
        "level": "refusal",
        "check": "a",
        "message": "it depends on 'b', which is not declared: declare it, or remove it there",
    }
    assert done.returncode == 2
