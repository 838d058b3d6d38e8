"""How a declaration is read, and what a wrong value is told."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.monsters import RaisingRepr

from obskit import CheckResult, above, changed
from obskit.cron import Cron
from obskit.declaration import Bands, Check, Damping, Freshness, Place
from obskit.declare import caller, declare
from obskit.exceptions import DeclarationError

PLACE = Place("shop.py", 7)
LIMIT = above(critical=5)


def nothing() -> None:
    """Look at nothing.

    And more.
    """


def declared(name: str = "rows", subject: Any = nothing, **options: Any) -> Check:
    return declare(name, subject, PLACE, **{"every": "1m", **options})


def test_what_is_not_said_has_a_default() -> None:
    assert declared() == Check(
        name="rows",
        subject=nothing,
        every=60.0,
        cron=None,
        on=None,
        timeout=10.0,
        judge=None,
        freshness=None,
        severity="sev2",
        owner=None,
        runbook=None,
        description="Look at nothing.",
        readiness=False,
        unit="",
        alert_above={"critical": 0, "error": 0},
        bands=None,
        group=None,
        dimension=None,
        tags=frozenset(),
        damping=Damping(1, 1, 0.0),
        scope="host",
        isolate=False,
        depends_on=(),
        on_timeout="critical",
        unknown_on=(),
        place=PLACE,
    )


def test_everything_that_is_said_is_held() -> None:
    assert declared(
        every=timedelta(hours=1),
        timeout=0.5,
        judge=LIMIT,
        severity="sev1",
        owner="data",
        runbook="https://wiki/rows",
        description="Rows.",
        readiness=True,
        unit="{row}",
        alert_above={"error": 5},
        group="database",
        dimension="completeness",
        tags=["daily", "full", "daily"],
        failures_before_alert=3,
        successes_before_recovery=2,
        quiet_at_start="5m",
        scope="fleet",
        isolate=True,
        depends_on=["database", "cache", "database"],
        on_timeout="unknown",
        unknown_on=OSError,
    ) == Check(
        name="rows",
        subject=nothing,
        every=3600.0,
        cron=None,
        on=None,
        timeout=0.5,
        judge=LIMIT,
        freshness=None,
        severity="sev1",
        owner="data",
        runbook="https://wiki/rows",
        description="Rows.",
        readiness=True,
        unit="{row}",
        alert_above={"error": 5},
        bands=None,
        group="database",
        dimension="completeness",
        tags=frozenset({"daily", "full"}),
        damping=Damping(3, 2, 300.0),
        scope="fleet",
        isolate=True,
        depends_on=("database", "cache"),
        on_timeout="unknown",
        unknown_on=(OSError,),
        place=PLACE,
    )


def test_freshness_has_seconds_for_a_unit() -> None:
    check = declared(warning_after="1h", critical_after="2h", timezone="Europe/Berlin")
    assert check.freshness == Freshness(3600.0, 7200.0, ZoneInfo("Europe/Berlin"))
    assert (check.kind, check.unit) == ("freshness", "s")
    assert declared(critical_after="2h", unit="d").unit == "d"
    assert declared().kind == "check"


def test_freshness_may_have_one_limit_or_two_that_are_equal() -> None:
    assert declared(warning_after="1h").freshness == Freshness(3600.0, None, None)
    assert declared(critical_after="1h").freshness == Freshness(None, 3600.0, None)
    both = declared(warning_after="1h", critical_after=3600, timezone=timezone.utc)
    assert both.freshness == Freshness(3600.0, 3600.0, timezone.utc)


@pytest.mark.parametrize("name", ["a", "0", "a.b-c_d", "a" * 63])
def test_names_are_short_and_plain(name: str) -> None:
    assert declared(name).name == name


@pytest.mark.parametrize(
    ("options", "scope"),
    [
        ({}, "host"),
        ({"readiness": True}, "process"),
        ({"readiness": True, "scope": "host"}, "host"),
        ({"scope": "fleet"}, "fleet"),
    ],
)
def test_readiness_is_of_each_process_and_all_else_of_the_host_unless_it_is_said(
    options: dict[str, Any], scope: str
) -> None:
    assert declared(**options).scope == scope


def test_a_cron_expression_stands_in_place_of_a_period() -> None:
    check = declared(every=None, cron="0 3 * * 1", timezone="UTC")
    assert check.cron == Cron("0 3 * * 1", ZoneInfo("UTC"))
    assert check.every == 604_800.0
    assert check.freshness is None


def test_what_runs_after_a_job_needs_no_period() -> None:
    check = declared(every=None, on="job:nightly-import")
    assert (check.on, check.every) == ("job:nightly-import", math.inf)
    assert declared(every="1h", on="job:nightly-import").every == 3600.0


@pytest.mark.parametrize(
    ("score", "bands"),
    [
        (False, None),
        (True, Bands(0.95, 0.85, 0.7)),
        (Bands(0.5, 0.5, 0), Bands(0.5, 0.5, 0)),
    ],
)
def test_a_score_has_bands(score: bool | Bands, bands: Bands | None) -> None:
    assert declared(score=score).bands == bands


def test_numbers_of_issues_that_are_still_well_cannot_be_changed_later() -> None:
    given = {"critical": 0, "warning": 7}
    check = declared(alert_above=given)
    given["warning"] = 9
    assert check.alert_above == {"critical": 0, "warning": 7}
    with pytest.raises(TypeError):
        check.alert_above["warning"] = 9  # type: ignore[index]


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


@dataclass
class Size:
    path: str

    def __call__(self) -> int:
        return 3


class Documented(Size):
    """How large a file is."""


def optional(limit: int = 5, *rest: int, more: int = 1, **others: int) -> None: ...


@pytest.mark.parametrize(
    ("subject", "description"),
    [
        (optional, ""),
        (partial(nothing), "Look at nothing."),
        (partial(partial(divmod, 1), 2), divmod.__doc__.split("\n")[0] if divmod.__doc__ else ""),
        (Size("x"), ""),
        (Documented("x"), "How large a file is."),
        (lambda: None, ""),
    ],
)
def test_what_can_be_called_without_arguments_is_checked(
    subject: Callable[[], object], description: str
) -> None:
    check = declared(subject=subject)
    assert check.subject is subject
    assert check.description == description


def test_a_function_without_a_signature_is_taken_as_it_is() -> None:
    assert declared(subject=type("", (), {"__call__": print, "__signature__": 5})()).name == "rows"


def test_a_result_type_is_no_default_of_a_description() -> None:
    assert declared(subject=CheckResult.ok, description="").description == ""


def test_the_place_is_the_line_that_declares() -> None:
    place = caller()
    assert place == Place(str(Path(__file__).resolve()), place.line)
    lines = Path(__file__).read_text().splitlines()
    assert lines[place.line - 1].strip() == "place = caller()"
    assert re.fullmatch(r"/.*test_declare\.py:\d+", str(place))


def test_the_place_of_typed_code_has_no_path() -> None:
    found: dict[str, Any] = {"caller": caller}
    exec(compile("place = caller()", "<stdin>", "exec"), found)
    assert found["place"] == Place("<stdin>", 1)


def test_the_place_is_the_file_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.py").touch()
    link = tmp_path / "link.py"
    link.symlink_to(tmp_path / "real.py")
    found: dict[str, Any] = {"caller": caller}
    exec(compile("place = caller()", str(link), "exec"), found)
    assert found["place"].file == str((tmp_path / "real.py").resolve())


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
