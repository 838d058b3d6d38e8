"""Judges: a bound belongs to the worse side."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit import above, below, outside
from obskit.checks.judge import limits_of
from obskit.declaration import Judge, Limit
from obskit.exceptions import DeclarationError

HERE = str(Path(__file__).resolve())
BEFORE_1, AFTER_1 = math.nextafter(1, 0), math.nextafter(1, 2)


@pytest.mark.parametrize(
    ("judge", "value", "state", "reason"),
    [
        (above(warning=1, critical=5), BEFORE_1, "ok", ""),
        (above(warning=1, critical=5), 1, "warning", "warning from 1 upward"),
        (above(warning=1, critical=5), 4.9, "warning", "warning from 1 upward"),
        (above(warning=1, critical=5), 5, "critical", "critical from 5 upward"),
        (above(warning=1, critical=5), math.inf, "critical", "critical from 5 upward"),
        (above(warning=1), 9, "warning", "warning from 1 upward"),
        (above(critical=1.5), 1.4, "ok", ""),
        (above(critical=1.5), 1.5, "critical", "critical from 1.5 upward"),
        (above(critical=1_500_000), 2e6, "critical", "critical from 1500000 upward"),
        (below(warning=1_500_000), 1e6, "warning", "warning from 1500000 downward"),
        (
            outside(critical=(1_000_000, 2_500_000)),
            0,
            "critical",
            "critical unless between 1000000 and 2500000",
        ),
        (above(warning=1, critical=1), 1, "critical", "critical from 1 upward"),
        (above(warning=0), 0, "warning", "warning from 0 upward"),
        (above(critical=0), 0, "critical", "critical from 0 upward"),
        (below(warning=5, critical=1), 5.1, "ok", ""),
        (below(warning=5, critical=1), 5, "warning", "warning from 5 downward"),
        (below(warning=5, critical=1), AFTER_1, "warning", "warning from 5 downward"),
        (below(warning=5, critical=1), 1, "critical", "critical from 1 downward"),
        (below(warning=5, critical=1), -math.inf, "critical", "critical from 1 downward"),
        (below(warning=5), 0, "warning", "warning from 5 downward"),
        (below(critical=5), 5.1, "ok", ""),
        (below(warning=1, critical=1), 1, "critical", "critical from 1 downward"),
        (below(warning=0), 0, "warning", "warning from 0 downward"),
        (below(critical=0), 0, "critical", "critical from 0 downward"),
        (outside(warning=(1, 2), critical=(0, 3)), AFTER_1, "ok", ""),
        (outside(warning=(1, 2), critical=(0, 3)), 1, "warning", "warning unless between 1 and 2"),
        (outside(warning=(1, 2), critical=(0, 3)), 2, "warning", "warning unless between 1 and 2"),
        (
            outside(warning=(1, 2), critical=(0, 3)),
            2.9,
            "warning",
            "warning unless between 1 and 2",
        ),
        (
            outside(warning=(1, 2), critical=(0, 3)),
            3,
            "critical",
            "critical unless between 0 and 3",
        ),
        (
            outside(warning=(1, 2), critical=(0, 3)),
            0,
            "critical",
            "critical unless between 0 and 3",
        ),
        (outside(warning=(1, 2)), 9, "warning", "warning unless between 1 and 2"),
        (outside(critical=(1, 2)), 1.5, "ok", ""),
        (outside(critical=(1, 2)), 2, "critical", "critical unless between 1 and 2"),
        (
            outside(warning=(1, 2), critical=(1, 2)),
            1,
            "critical",
            "critical unless between 1 and 2",
        ),
        (outside(critical=(-1, 0)), 0, "critical", "critical unless between -1 and 0"),
    ],
)
def test_a_number_is_judged(judge: Judge, value: float, state: str, reason: str) -> None:
    assert judge(value) == (state, reason)


def test_the_limits_of_a_judge_are_told_and_none_of_one_that_has_none_or_fails() -> None:
    class Failing:
        @property
        def limits(self) -> Any:
            raise RuntimeError("no limits")

    class Odd:
        limits = (7, Limit("critical", "upper", 5.0))

    assert limits_of(below(warning=3)) == (Limit("warning", "lower", 3.0),)
    assert limits_of(Odd()) == (Limit("critical", "upper", 5.0),)
    assert limits_of(Failing()) == limits_of(float) == limits_of(None) == ()


def test_limits_may_be_any_finite_numbers() -> None:
    assert above(warning=Decimal("1.5")) == above(warning=1.5)  # type: ignore[arg-type]
    assert outside(warning=[1, 2]) == outside(warning=(1, 2))  # type: ignore[arg-type]


GIVE = "give warning, critical or both"


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (above, {}, f"above(warning=None, critical=None) (HERE): {GIVE}"),
        (below, {}, f"below(warning=None, critical=None) (HERE): {GIVE}"),
        (outside, {}, f"outside(warning=None, critical=None) (HERE): {GIVE}"),
        (
            above,
            {"warning": 5, "critical": 1},
            "above(warning=5, critical=1) (HERE): warning may not exceed critical",
        ),
        (
            below,
            {"warning": 1, "critical": 5},
            "below(warning=1, critical=5) (HERE): critical may not exceed warning",
        ),
        (
            outside,
            {"warning": (0, 2), "critical": (1, 3)},
            (
                "outside(warning=(0, 2), critical=(1, 3)) (HERE):"
                " the range of warning must lie within that of critical"
            ),
        ),
        (
            outside,
            {"warning": (1, 4), "critical": (0, 3)},
            (
                "outside(warning=(1, 4), critical=(0, 3)) (HERE):"
                " the range of warning must lie within that of critical"
            ),
        ),
        (
            above,
            {"warning": math.nan},
            "above(warning=nan, critical=None) (HERE): a limit is a finite number, not nan",
        ),
        (
            above,
            {"critical": math.inf},
            "above(warning=None, critical=inf) (HERE): a limit is a finite number, not inf",
        ),
        (
            below,
            {"critical": "5"},
            "below(warning=None, critical='5') (HERE): a limit is a finite number, not '5'",
        ),
        (
            below,
            {"warning": True},
            "below(warning=True, critical=None) (HERE): a limit is a finite number, not True",
        ),
        (
            outside,
            {"warning": 5},
            "outside(warning=5, critical=None) (HERE): a range is a pair such as (1, 5)",
        ),
        (
            outside,
            {"critical": (1, 2, 3)},
            "outside(warning=None, critical=(1, 2, 3)) (HERE): a range is a pair such as (1, 5)",
        ),
        (
            outside,
            {"critical": (2, 2)},
            (
                "outside(warning=None, critical=(2, 2)) (HERE):"
                " a range is a pair such as (1, 5), rising"
            ),
        ),
        (
            outside,
            {"critical": (None, 2)},
            (
                "outside(warning=None, critical=(None, 2)) (HERE):"
                " a range is a pair such as (1, 5), rising"
            ),
        ),
        (
            outside,
            {"critical": (1, None)},
            (
                "outside(warning=None, critical=(1, None)) (HERE):"
                " a range is a pair such as (1, 5), rising"
            ),
        ),
    ],
)
def test_wrong_limits_are_told_with_their_place(
    make: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeclarationError) as told:
        make(**arguments)
    place = f"{HERE}:{told.traceback[0].lineno + 1}"
    assert str(told.value) == message.replace("HERE", place)


FINITE = st.floats(allow_nan=False, allow_infinity=False)
RANK = {"ok": 0, "warning": 1, "critical": 2}


@given(FINITE, FINITE, FINITE, FINITE)
def test_further_out_is_never_better(one: float, two: float, three: float, four: float) -> None:
    low, high = sorted([one, two])
    near, far = sorted([three, four])
    rising = above(warning=low, critical=high)
    assert RANK[rising(near).state] <= RANK[rising(far).state]
    falling = below(warning=high, critical=low)
    assert RANK[falling(near).state] >= RANK[falling(far).state]


@given(FINITE, FINITE, FINITE)
def test_outside_is_above_and_below_at_once(one: float, two: float, value: float) -> None:
    low, high = sorted([one, two])
    if low == high:
        return
    either = {above(critical=high)(value).state, below(critical=low)(value).state}
    expected = "critical" if "critical" in either else "ok"
    assert outside(critical=(low, high))(value).state == expected
