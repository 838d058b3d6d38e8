"""What a run of a check says: always plain, always bounded."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import count, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monsters import MONSTERS

from obskit import CheckResult, Status
from obskit.checks.model import number

CUT = "…[cut]"


@pytest.mark.parametrize(
    ("status", "code", "down"),
    [
        (Status.OK, 0, False),
        (Status.WARNING, 1, False),
        (Status.CRITICAL, 2, True),
        (Status.UNKNOWN, 3, True),
        (Status.SKIPPED, 3, True),
    ],
)
def test_a_status_has_a_nagios_number_and_may_be_down(
    status: Status, code: int, down: bool
) -> None:
    assert (status.exit_code, status.is_down) == (code, down)


def test_a_status_is_its_text() -> None:
    assert [str(status) for status in Status] == [
        "ok",
        "warning",
        "critical",
        "unknown",
        "skipped",
    ]
    assert f"{Status.OK:>4}{Status.WARNING}" == "  okwarning"


def test_results_are_made_by_their_status() -> None:
    facts: dict[str, Any] = {"value": 2, "details": {"a": 1}, "evidence": ["row 7"]}
    for make, status in [
        (CheckResult.ok, Status.OK),
        (CheckResult.warning, Status.WARNING),
        (CheckResult.critical, Status.CRITICAL),
        (CheckResult.unknown, Status.UNKNOWN),
    ]:
        result = make("said", **facts)
        assert result == CheckResult(status, "said", 2.0, details={"a": 1}, evidence=("row 7",)), (
            status
        )
        assert result.evidence == ("row 7",)
        assert result.details == {"a": 1}
    assert CheckResult.ok() == CheckResult(Status.OK)


def test_a_status_may_be_given_as_text_and_a_wrong_one_is_refused() -> None:
    assert CheckResult("warning").status is Status.WARNING  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'fine' is not a valid Status"):
        CheckResult("fine")  # type: ignore[arg-type]


def test_it_was_decided_when_it_began_and_how_long_it_took() -> None:
    assert replace(CheckResult.ok(), started=100.0, duration=2.5).finished == 102.5


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (2, 2.0),
        (Decimal("1.5"), 1.5),
        (Fraction(1, 2), 0.5),
        (math.nan, None),
        (math.inf, None),
        (10**400, None),
        (True, None),
        ("2", None),
        (1j, None),
        (None, None),
    ],
)
def test_a_value_is_a_finite_number_or_none(value: Any, held: float | None) -> None:
    assert CheckResult.ok(value=value).value == held


@pytest.mark.parametrize(
    ("given", "measured"),
    [
        (3, 3.0),
        (-1.5, -1.5),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (Fraction(-(10**400)), -math.inf),
        (Decimal("1e999"), math.inf),
        (False, None),
        ("7", None),
        (None, None),
        (1j, None),
    ],
)
def test_numbers_are_told_from_what_is_none(given: Any, measured: float | None) -> None:
    assert number(given) == measured


def test_no_number_is_not_a_number() -> None:
    for nan in (math.nan, Decimal("NaN"), Decimal("sNaN")):
        found = number(nan)
        assert found is not None
        assert math.isnan(found)


def test_long_texts_are_cut() -> None:
    result = CheckResult(
        Status.OK,
        "m" * 1_001,
        unit="u" * 1_001,
        details={"k" * 1_001: "v" * 1_001, "deep": {"list": ["x" * 1_001]}},
        evidence=["e" * 1_001],
    )
    assert result.message == "m" * (1_000 - len(CUT)) + CUT
    assert len(result.unit) == len(result.evidence[0]) == 1_000  # type: ignore[index]
    key, value = next(iter(result.details.items()))
    assert (len(key), value) == (1_000, "v" * (1_000 - len(CUT)) + CUT)
    deep: Any = result.details["deep"]
    assert len(deep["list"][0]) == 1_000
    assert CheckResult.ok("m" * 1_000).message == "m" * 1_000


def test_many_facts_and_rows_are_cut_even_when_they_never_end() -> None:
    result = CheckResult.ok(details={str(n): n for n in range(70)}, evidence=count())
    assert list(result.details.values()) == list(range(64))
    assert result.evidence == tuple(range(50))
    assert len(tuple(CheckResult.ok(evidence=repeat("row")).evidence)) == 50


def test_a_text_as_evidence_is_one_row() -> None:
    assert CheckResult.ok(evidence="row 7").evidence == ("row 7",)


def test_secrets_are_masked() -> None:
    result = CheckResult.ok(details={"password": "hunter2", "db": {"token": "x"}})
    assert result.details == {"password": "[redacted]", "db": {"token": "[redacted]"}}
    assert CheckResult.ok(evidence=[{"password": "x"}]).evidence == ({"password": "[redacted]"},)


def test_a_result_never_changes() -> None:
    facts = {"a": 1}
    result = CheckResult.ok(details=facts)
    facts["a"] = 2
    assert result.details == {"a": 1}
    assert not isinstance(result.details, dict)
    with pytest.raises(AttributeError):
        result.message = "other"  # type: ignore[misc]


@pytest.mark.parametrize("monster", MONSTERS)
def test_monsters_become_text(monster: Any) -> None:
    result = CheckResult(Status.OK, monster, monster, details={"it": monster}, evidence=[monster])
    assert type(result.message) is str
    assert len(result.message) <= 1_000
    assert result.value is None or math.isfinite(result.value)


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=6,
)


@given(ANYTHING, ANYTHING, st.dictionaries(st.text(), ANYTHING), st.lists(ANYTHING))
def test_any_result_can_be_held_again_unchanged(
    message: Any, value: Any, details: Mapping[str, Any], evidence: list[Any]
) -> None:
    result = CheckResult(Status.OK, message, value, details=details, evidence=evidence)
    assert replace(result) == result


def test_a_result_survives_the_way_between_processes() -> None:
    result = CheckResult(
        Status.WARNING,
        "few",
        2,
        "{row}",
        details={"a": {"b": 1}},
        evidence=["row 1"],
        started=7.0,
        trace_id="f" * 32,
        raw=Status.CRITICAL,
    )
    assert pickle.loads(pickle.dumps(result)) == result
    assert copy.deepcopy(result) == result
