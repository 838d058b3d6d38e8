"""A round as JUnit's XML, a test case a check, as CI servers read it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET  # nothing is parsed

from obskit.checks.model import CheckResult, Status
from obskit.cli.check.round import Found
from obskit.cli.check.table import particulars
from obskit.clock import to_rfc3339
from obskit.declaration import Check

# JUnit knows no warning: it passes, and says so in its output.
_KINDS = {Status.CRITICAL: "failure", Status.UNKNOWN: "error", Status.SKIPPED: "skipped"}
_NO_GROUP = "checks"
# What XML 1.0 cannot hold, however it is written.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(found: Found) -> str:
    """A round as XML.

    Args:
        found: The checks with their results.
    """
    kinds = [_KINDS.get(result.status) for _, result in found]
    suite = ET.Element(
        "testsuite",
        name="obskit",
        tests=str(len(found)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
        time=f"{sum(result.duration for _, result in found):.3f}",
        timestamp=to_rfc3339(min(result.started for _, result in found))[:19],
    )
    for check, result in found:
        suite.append(_case(check, result))
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, "unicode", xml_declaration=False)


def _case(check: Check, result: CheckResult) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=_valid(check.group or _NO_GROUP),
        name=check.name,
        time=f"{result.duration:.3f}",
    )
    told = _valid("\n".join(particulars(check, result)))
    message = _valid(result.message)
    kind = _KINDS.get(result.status)
    if kind is not None:
        outcome = ET.SubElement(case, kind, type=result.status.value, message=message)
        outcome.text = told or None
    elif message or told:
        output = ET.SubElement(case, "system-out")
        output.text = "\n".join(part for part in (f"{result.status}: {message}", told) if part)
    return case


def _valid(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
