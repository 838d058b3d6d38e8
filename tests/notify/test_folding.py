"""What depends on what, and whether that is known yet."""

from __future__ import annotations

import pytest
from tests.notify.given import MINUTE, NOON, problem

from obskit.notify.folding import above, awaits, dependents, is_folded
from obskit.notify.problem import Problem


def by_key(*problems: Problem) -> dict[str, Problem]:
    return {each.key: each for each in problems}


def test_what_two_depend_on_is_found_once_and_after_all_between() -> None:
    one = problem("rows", depends_on=("a", "b"))
    found = by_key(
        one, problem("a", depends_on=("db",)), problem("b", depends_on=("db",)), problem()
    )
    assert [each.name for each in above(one, found)] == ["a", "b", "db"]


def test_nothing_depends_on_itself_in_a_circle() -> None:
    one, other = problem("a", depends_on=("b",)), problem("b", depends_on=("a",))
    assert [each.name for each in above(one, by_key(one, other))] == ["b"]


def test_what_is_not_known_is_left_out() -> None:
    one = problem("rows", depends_on=("gone", "db"))
    assert [each.name for each in above(one, by_key(one, problem()))] == ["db"]


def test_a_job_depends_on_no_check() -> None:
    one = problem("rows", kind="job", depends_on=("db",))
    found = by_key(one, problem())
    assert list(above(one, found)) == []
    assert dependents(problem(), found) == ()


@pytest.mark.parametrize(
    ("status", "folded"),
    [("ok", False), ("warning", False), ("unknown", True), ("critical", True), ("skipped", False)],
)
def test_it_is_folded_where_what_it_depends_on_is_down(status: str, folded: bool) -> None:
    one = problem("rows", depends_on=("db",))
    assert is_folded(one, by_key(one, problem(status=status))) is folded


def test_it_is_folded_where_something_is_down_beyond_what_is_skipped() -> None:
    one, between = problem("rows", depends_on=("a",)), problem("a", "skipped", depends_on=("db",))
    assert is_folded(one, by_key(one, between, problem())) is True


def test_dependents_are_told_by_name() -> None:
    found = by_key(
        problem("z", depends_on=("a",)),
        problem("a", depends_on=("db",)),
        problem(),
        problem("other"),
    )
    assert dependents(problem(), found) == ("a", "z")


@pytest.mark.parametrize(
    ("since", "judged", "unsure"),
    [
        (NOON - MINUTE, NOON - 16, NOON),  # not judged in the round in which the other fails
        (NOON - MINUTE, NOON - 15, None),
        (NOON, NOON, None),
        (NOON + 20, NOON + 20, None),  # the other was judged with it
        (NOON + 21, NOON + 21, NOON + 21),  # it changed since the other was judged
    ],
)
def test_it_waits_where_what_it_depends_on_was_judged_too_early_or_changed_since(
    since: float, judged: float, unsure: float | None
) -> None:
    one = problem("rows", judged=NOON + 20, depends_on=("db",))
    found = by_key(one, problem(status="ok", since=since, judged=judged))
    assert awaits(one, found, 15.0) == unsure


def test_it_waits_for_the_last_of_what_it_depends_on() -> None:
    one = problem("rows", depends_on=("a", "b", "c"))
    found = by_key(
        one,
        problem("a", "ok", NOON - MINUTE),
        problem("b", "ok", NOON + 5),
        problem("c", "ok", NOON + 3),
    )
    assert awaits(one, found, 15.0) == NOON + 5
