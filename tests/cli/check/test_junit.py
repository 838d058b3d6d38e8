"""`obskit check run --junit`."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tests.cli.host import Host

ONE_OF_EACH = r"""
    checks.add("ok", lambda: None, every="1m")
    checks.add("warning", lambda: 3, every="1m", judge=obskit.above(warning=1), unit="{row}")
    checks.add(
        "critical",
        lambda: obskit.CheckResult.critical("<no> & \x00\ud800\x1b]0;x", evidence=["row 7", "row 9"]),
        every="1m",
        group="data & co",
    )
    checks.add("unknown", lambda: "what", every="1m")
    checks.add("skipped", lambda: True, every="1m", depends_on=["critical"])
"""


def test_each_check_is_a_test_case(host: Host) -> None:
    host.write(ONE_OF_EACH)
    result = host.run("--junit")
    suite = ET.fromstring(result.stdout)[0]
    counted = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counted == {"tests": "5", "failures": "1", "errors": "1", "skipped": "1"}
    outcomes = {case.get("name"): [child.tag for child in case] for case in suite}
    assert outcomes == {
        "ok": [],
        "warning": ["system-out"],
        "critical": ["failure"],
        "unknown": ["error"],
        "skipped": ["skipped"],
    }
    assert result.exit_code == 2


def test_a_test_case_tells_why_and_shows_the_evidence(host: Host) -> None:
    host.write(ONE_OF_EACH)
    root = ET.fromstring(host.run("--junit").stdout)
    case = root.find(".//testcase[@name='critical']")
    assert case is not None
    failure = case.find("failure")
    assert failure is not None
    assert case.get("classname") == "data & co"
    assert failure.get("type") == "critical"
    assert str(failure.get("message")).startswith("<no> & ")
    assert failure.text == "- row 7\n- row 9"
    warning = root.find(".//testcase[@name='warning']/system-out")
    assert warning is not None
    assert warning.text == "warning: 3 row: warning from 1 upward\nvalue: 3 {row}"


def test_what_a_process_writes_is_a_document(host: Host) -> None:
    host.write(ONE_OF_EACH)
    done = host.process("check", "run", "--junit")
    assert ET.fromstring(done.stdout).tag == "testsuites"
    assert done.returncode == 2
