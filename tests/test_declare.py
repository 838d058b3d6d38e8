"""How a declaration is read."""

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
from tests.declaring import LIMIT, PLACE, declared, nothing

from obskit import CheckResult
from obskit.cron import Cron
from obskit.declaration import Bands, Check, Damping, Freshness, Place
from obskit.declare import caller


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
