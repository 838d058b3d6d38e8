"""A declaration is read once, where it stands, and a wrong value is told there."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import partial, wraps
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.checks.judge import above
from obskit.declaration import Check, Place
from obskit.declare import caller, declare
from obskit.exceptions import DeclarationError

PLACE = Place("/srv/shop/checks.py", 12)


def orphans() -> int:
    """Rows without a parent.

    And more that is not for a list.
    """
    return 0


def declared(
    name: Any = "orphans", subject: Any = orphans, every: Any = "1h", **rest: Any
) -> Check:
    return declare(name, subject, PLACE, every=every, **rest)


def refusal(**wrong: Any) -> str:
    with pytest.raises(DeclarationError) as refused:
        declared(**wrong)
    return str(refused.value)


def test_what_is_not_said_has_its_default() -> None:
    assert declared() == Check(
        name="orphans",
        subject=orphans,
        every=3600.0,
        timeout=10.0,
        judge=None,
        freshness=None,
        severity="sev2",
        owner=None,
        runbook=None,
        description="Rows without a parent.",
        readiness=False,
        unit="",
        depends_on=(),
        on_timeout="critical",
        unknown_on=(),
        place=PLACE,
    )


def test_what_is_said_is_held() -> None:
    judge = above(critical=1)
    check = declared(
        every=timedelta(minutes=5),
        timeout="250ms",
        judge=judge,
        severity="sev1",
        owner="data",
        runbook="https://wiki.example/orphans",
        description="Lost rows",
        readiness=True,
        unit="{row}",
        depends_on=["database", "cache", "database"],
        on_timeout="unknown",
        unknown_on=(OSError, LookupError),
    )
    assert check == Check(
        name="orphans",
        subject=orphans,
        every=300.0,
        timeout=0.25,
        judge=judge,
        freshness=None,
        severity="sev1",
        owner="data",
        runbook="https://wiki.example/orphans",
        description="Lost rows",
        readiness=True,
        unit="{row}",
        depends_on=("database", "cache"),
        on_timeout="unknown",
        unknown_on=(OSError, LookupError),
        place=PLACE,
    )
    assert check.kind == "check"


def test_a_limit_of_age_makes_it_a_check_of_freshness_in_seconds() -> None:
    check = declared(warning_after="90m", critical_after="2h", timezone="Europe/Berlin")
    assert check.kind == "freshness"
    assert check.unit == "s"
    assert check.freshness is not None
    assert (check.freshness.warning_after, check.freshness.critical_after) == (5400.0, 7200.0)
    assert check.freshness.timezone == ZoneInfo("Europe/Berlin")


def test_either_limit_of_age_is_enough_and_both_may_be_the_same() -> None:
    assert declared(warning_after="1h").kind == "freshness"
    assert declared(critical_after="1h", timezone=timezone.utc).kind == "freshness"
    assert declared(warning_after="1h", critical_after="1h").kind == "freshness"


def test_one_exception_type_does_for_a_tuple() -> None:
    assert declared(unknown_on=OSError).unknown_on == (OSError,)


def test_a_refusal_says_which_check_where_what_and_what_is_allowed() -> None:
    assert refusal(severity="high") == (
        "the check 'orphans' (/srv/shop/checks.py:12): severity is 'high': use sev1, sev2 or sev3"
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"every": "5 minutes"}, "every: '5 minutes' is no span of time"),
        ({"every": "999ms"}, "every: '999ms' is out of range: use 1s to 366d"),
        ({"every": 10**400}, "is out of range: use 1s to 366d"),
        ({"timeout": 0}, "timeout: 0 is out of range: use 1ms to 366d"),
        ({"severity": ["sev1"]}, "severity is ['sev1']: use sev1, sev2 or sev3"),
        ({"owner": 7}, "owner is 7: use text"),
        ({"runbook": b"x"}, "runbook is b'x': use text"),
        ({"description": 7}, "description is 7: use text"),
        ({"unit": 7}, "unit is 7: use text"),
        ({"readiness": "yes"}, "readiness is 'yes': use True or False"),
        ({"readiness": 1}, "readiness is 1: use True or False"),
        ({"judge": 5}, "judge is 5: use above(…), below(…) or outside(…)"),
        ({"judge": int}, "judge is <class 'int'>: use above(…)"),
        ({"judge": above(critical=1), "warning_after": "1h"}, "use one or the other"),
        ({"warning_after": "never"}, "warning_after: 'never' is no span of time"),
        ({"critical_after": True}, "critical_after: True is no span of time"),
        (
            {"warning_after": "3h", "critical_after": "2h"},
            "warning_after is '3h': use less than critical_after, 2h",
        ),
        ({"timezone": "Europe/Berlin"}, "only a check of freshness has one"),
        (
            {"warning_after": "1h", "timezone": "Europe/Nowhere"},
            "timezone is 'Europe/Nowhere': use a name such as Europe/Berlin, or a tzinfo",
        ),
        ({"warning_after": "1h", "timezone": "../etc/passwd"}, "timezone is '../etc/passwd'"),
        ({"warning_after": "1h", "timezone": "Europe"}, "timezone is 'Europe'"),
        ({"warning_after": "1h", "timezone": 2}, "timezone is 2"),
        ({"depends_on": "database"}, "depends_on is 'database': use a list of names"),
        ({"depends_on": {"database"}}, "depends_on is {'database'}: use a list of names"),
        ({"depends_on": ["Data Base"]}, "a name in depends_on is 'Data Base'"),
        ({"depends_on": ["orphans"]}, "a check cannot depend on itself"),
        ({"on_timeout": "warning"}, "on_timeout is 'warning': use critical or unknown"),
        ({"unknown_on": "OSError"}, "unknown_on is 'OSError': use an exception type"),
        ({"unknown_on": (int,)}, "unknown_on is (<class 'int'>,): use an exception type"),
        ({"subject": 5}, "what is checked is 5: use a function"),
        ({"subject": lambda row: row}, "its function takes the argument 'row'"),
    ],
)
def test_a_wrong_value_is_refused(wrong: dict[str, Any], told: str) -> None:
    assert told in refusal(**wrong)


@pytest.mark.parametrize("name", ["a", "0", "db-size", "shop.db_size", "a" * 63])
def test_a_name_of_63_small_letters_digits_and_marks_is_allowed(name: str) -> None:
    assert declared(name).name == name


@pytest.mark.parametrize(
    "name", ["", "-a", ".a", "A", "a b", "a" * 64, "ä", "a\n", "٣", None, 7, orphans]
)
def test_any_other_name_is_refused(name: object) -> None:
    assert "use 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first" in refusal(
        name=name
    )


@given(st.text())
def test_every_text_is_a_name_or_refused(name: str) -> None:
    if re.fullmatch("[a-z0-9][a-z0-9._-]{0,62}", name):
        assert declared(name).name == name
    else:
        assert "the name is" in refusal(name=name)


def test_a_refusal_shows_no_more_than_a_line_of_what_was_given() -> None:
    assert len(refusal(owner=["x" * 10_000])) < 250


def test_what_cannot_be_shown_is_refused_all_the_same() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert "owner is a Hostile: use text" in refusal(owner=Hostile())


def test_a_subject_may_be_anything_that_needs_no_arguments() -> None:
    class Size:
        """The size of a thing."""

        def __call__(self, unit: str = "By", *rest: int, **more: int) -> int:
            return 1

        def method(self) -> int:
            return 1

    assert declared(subject=Size()).description == "The size of a thing."
    assert declared(subject=Size().method).description == ""
    assert declared(subject=datetime.now).description != ""
    assert declared(subject=partial(lambda row: row, 1)).description == ""
    assert declared(subject=dict).subject is dict


def test_a_dataclass_without_a_docstring_is_not_described_by_its_signature() -> None:
    from dataclasses import dataclass

    @dataclass
    class Size:
        path: str = "secret.db"

        def __call__(self) -> int:
            return 1

    assert declared(subject=Size()).description == ""


def test_a_partial_is_described_by_its_function() -> None:
    assert declared(subject=partial(orphans)).description == "Rows without a parent."


def test_the_caller_is_the_line_that_declares_by_its_real_path(tmp_path: Path) -> None:
    real = tmp_path / "checks.py"
    real.write_text("\n\nplace = caller()\n")
    link = tmp_path / "linked.py"
    link.symlink_to(real)
    seen: dict[str, Any] = {"caller": caller, "__name__": "shop"}
    exec(compile(link.read_text(), str(link), "exec"), seen)
    assert seen["place"] == Place(str(real.resolve()), 3)
    assert str(seen["place"]) == f"{real.resolve()}:3"


def test_a_caller_without_a_file_keeps_the_name_that_python_gives_it() -> None:
    seen: dict[str, Any] = {"caller": caller, "__name__": "shop"}
    exec("place = caller()", seen)
    assert seen["place"] == Place("<string>", 1)


def test_a_declaration_repeats_another_of_the_same_function_and_line() -> None:
    assert declared().repeats(declared(every="5m"))
    assert declared(subject=partial(orphans)).repeats(declared(subject=orphans))


def test_another_function_or_another_line_repeats_nothing() -> None:
    def other() -> int:
        return 0

    @wraps(orphans)
    def wrapped() -> int:
        return orphans()

    here, there = declared(), declare("orphans", orphans, Place(PLACE.file, 13), every="1h")
    assert not here.repeats(there)
    assert not here.repeats(declared(subject=other))
    assert here.repeats(declared(subject=wrapped))


def test_objects_repeat_each_other_by_their_class() -> None:
    class Size:
        def __call__(self) -> int:
            return 1

    class Count:
        def __call__(self) -> int:
            return 1

    assert declared(subject=Size()).repeats(declared(subject=Size()))
    assert not declared(subject=Size()).repeats(declared(subject=Count()))
