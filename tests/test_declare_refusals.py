"""What a wrong declaration is told."""

from __future__ import annotations

from typing import Any

import pytest
from tests.declaring import LIMIT, declared
from tests.monsters import RaisingRepr

from obskit import changed
from obskit.declaration import Bands, Place
from obskit.declare import declare
from obskit.exceptions import DeclarationError

NAMES = "use 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first"


@pytest.mark.parametrize("name", ["", "A", "-a", ".a", "a b", "a/b", "ä", "a\n", "a" * 64, None, 5])
def test_other_names_are_refused(name: Any) -> None:
    with pytest.raises(DeclarationError) as told:
        declared(name)
    assert str(told.value) == f"the check {name!r} (shop.py:7): the name is {name!r}: {NAMES}"


ZONES = "use a name such as Europe/Berlin, or a tzinfo"
SPAN = "is no span of time: write numbers with units, such as 90s, 5m, 1h30m or 7d"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": "often"}, f"every: 'often' {SPAN}"),
        ({"every": 0.9}, "every: 0.9 is out of range: use 1s to 366d"),
        ({"timeout": 0}, "timeout: 0 is out of range: use 1ms to 366d"),
        ({"timeout": None}, f"timeout: None {SPAN}"),
        ({"every": None}, "nothing says when it runs: give every, cron or on"),
        (
            {"cron": "0 3 * * *", "timezone": "UTC"},
            "it has every and cron: use one or the other",
        ),
        (
            {"every": None, "cron": "0 3 * * *"},
            "cron is '0 3 * * *' and it has no time zone: give timezone, such as 'Europe/Berlin'",
        ),
        (
            {"every": None, "cron": "0 25 * * *", "timezone": "UTC"},
            (
                "cron: '0 25 * * *' is no cron expression (Bad hour):"
                " write five fields, such as '0 3 * * *'"
            ),
        ),
        (
            {"every": None, "cron": "0 0 30 2 *", "timezone": "UTC"},
            (
                "cron: '0 0 30 2 *' is no cron expression (Bad day-of-month):"
                " write five fields, such as '0 3 * * *'"
            ),
        ),
        (
            {"every": None, "cron": 3, "timezone": "UTC"},
            "cron is 3: use five fields, such as '0 3 * * *'",
        ),
        *(
            (
                {"every": None, "on": on},
                (f"on is {on!r}: use job: and the name of a job, such as 'job:nightly-import'"),
            )
            for on in ("nightly", "check:rows", "job:", "job:A", 7, "")
        ),
        (
            {"alert_above": 5},
            "alert_above is 5: use numbers by level, such as {'critical': 0, 'error': 5}",
        ),
        (
            {"alert_above": {"errors": 5}},
            "a level in alert_above is 'errors': use critical, error, warning, info",
        ),
        *(
            (
                {"alert_above": {"error": most}},
                f"alert_above for error is {most!r}: use a whole number from 0",
            )
            for most in (-1, 0.5, True, None, "5")
        ),
        *(
            (
                {"score": score},
                (f"score is {score!r}: use True, or Bands(excellent=0.95, good=0.85, warning=0.7)"),
            )
            for score in (0.9, None, (0.9, 0.8, 0.7))
        ),
        *(
            (
                {"score": bands},
                (
                    f"score is {bands!r}: its limits lie between 0 and 1,"
                    " that of excellent the highest"
                ),
            )
            for bands in (Bands(0.8, 0.9, 0.7), Bands(1.1), Bands(warning=-0.1))
        ),
        (
            {"score": True, "judge": LIMIT},
            "it has a judge and a score, which its bands judge: use one or the other",
        ),
        ({"group": 5}, "group is 5: use text"),
        ({"dimension": 5}, "dimension is 5: use text"),
        ({"tags": "daily"}, "tags is 'daily': use a list of names, such as ['daily']"),
        ({"tags": 5}, "tags is 5: use a list of names, such as ['daily']"),
        ({"tags": ["A"]}, f"a tag is 'A': {NAMES}"),
        *(
            ({name: given}, f"{name} is {given!r}: use a whole number from 1 to 100")
            for name in ("failures_before_alert", "successes_before_recovery")
            for given in (0, 101, 1.0, True, None, "3")
        ),
        ({"quiet_at_start": "soon"}, f"quiet_at_start: 'soon' {SPAN}"),
        ({"quiet_at_start": -1}, "quiet_at_start: -1 is out of range: use 0ms to 366d"),
        ({"scope": "cluster"}, "scope is 'cluster': use process, host or fleet"),
        ({"isolate": 1}, "isolate is 1: use True or False"),
        ({"severity": "high"}, "severity is 'high': use sev1, sev2 or sev3"),
        ({"severity": None}, "severity is None: use sev1, sev2 or sev3"),
        ({"on_timeout": "ok"}, "on_timeout is 'ok': use critical or unknown"),
        ({"owner": 5}, "owner is 5: use text"),
        ({"runbook": b"x"}, "runbook is b'x': use text"),
        ({"description": ["x"]}, "description is ['x']: use text"),
        ({"unit": 5}, "unit is 5: use text"),
        ({"readiness": 1}, "readiness is 1: use True or False"),
        ({"readiness": None}, "readiness is None: use True or False"),
        ({"judge": 5}, "judge is 5: use above(…), below(…) or outside(…)"),
        (
            {"judge": int},
            "judge is <class 'int'>: use above(…), below(…) or outside(…)",
        ),
        (
            {"judge": LIMIT, "warning_after": "1h"},
            "it has a judge and warning_after or critical_after: use one or the other",
        ),
        ({"timezone": "UTC"}, "timezone is 'UTC': only a check of freshness or with cron has one"),
        ({"warning_after": "1h", "timezone": "Mars"}, f"timezone is 'Mars': {ZONES}"),
        ({"warning_after": "1h", "timezone": "../x"}, f"timezone is '../x': {ZONES}"),
        ({"warning_after": "1h", "timezone": 5}, f"timezone is 5: {ZONES}"),
        ({"warning_after": "soon"}, f"warning_after: 'soon' {SPAN}"),
        ({"critical_after": "late"}, f"critical_after: 'late' {SPAN}"),
        (
            {"warning_after": "2h", "critical_after": "90m"},
            "warning_after is '2h': use less than critical_after, 1h30m",
        ),
        (
            {"depends_on": "database"},
            "depends_on is 'database': use a list of names, such as ['database']",
        ),
        ({"depends_on": 5}, "depends_on is 5: use a list of names, such as ['database']"),
        ({"depends_on": ["A"]}, f"a name in depends_on is 'A': {NAMES}"),
        ({"depends_on": ["rows"]}, "depends_on is ['rows']: a check cannot depend on itself"),
        (
            {"unknown_on": "OSError"},
            "unknown_on is 'OSError': use an exception type or a tuple of them",
        ),
        (
            {"unknown_on": (OSError, int)},
            (
                "unknown_on is (<class 'OSError'>, <class 'int'>):"
                " use an exception type or a tuple of them"
            ),
        ),
        ({"subject": 5}, "what is checked is 5: use a function or an object that can be called"),
        (
            {"subject": lambda session, limit=5: None},
            "its function takes the argument 'session': a check is called without any",
        ),
        ({"owner": RaisingRepr()}, "owner is a RaisingRepr: use text"),
        ({"owner": [1] * 40}, f"owner is [{'1, ' * 26}1…: use text"),
    ],
)
def test_a_wrong_value_is_told_with_its_place_and_what_is_allowed(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeclarationError) as told:
        declared(**options)
    assert str(told.value) == f"the check 'rows' (shop.py:7): {message}"
    assert told.value.__suppress_context__


@pytest.mark.parametrize("options", [{"scope": "process"}, {"readiness": True}])
def test_a_judge_of_the_past_needs_a_scope_that_keeps_one(options: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError) as told:  # the message is compared whole
        declare(
            "users",
            lambda: 7,
            Place("shop.py", 7),
            every="1h",
            judge=changed("7d", critical=2),
            **options,
        )
    assert str(told.value) == (
        "the check 'users' (shop.py:7): its judge looks at the past, which is not kept of a check that"
        " runs in each process: use scope='host', and another check for readiness"
    )
