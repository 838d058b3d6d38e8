"""The order of checks: each after what it depends on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.checks.given import check

from obskit.checks.order import fault, in_order
from obskit.declaration import Check
from obskit.exceptions import DeclarationError


def checks(**depends_on: str) -> dict[str, Check]:
    """Checks of one letter each, with the letters of what each depends on."""
    return {name: check(name, depends_on=list(needed)) for name, needed in depends_on.items()}


def groups(**depends_on: str) -> list[str]:
    return ["".join(each.name for each in group) for group in in_order(checks(**depends_on))]


def test_each_comes_after_what_it_depends_on_and_else_as_declared() -> None:
    assert groups() == []
    assert groups(c="", b="", a="") == ["cba"]
    assert groups(a="b", b="c", c="") == ["c", "b", "a"]
    assert groups(a="bc", b="d", c="", d="", e="") == ["cde", "b", "a"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("datbase", "did you mean 'database'?"), ("x", "declare it, or remove it there")],
)
def test_what_is_not_declared_is_told(name: str, hint: str) -> None:
    declared = {"database": check("database"), "rows": check("rows", depends_on=[name])}
    with pytest.raises(DeclarationError) as told:
        in_order(declared)
    assert str(told.value) == (
        f"the check 'rows' (shop.py:7) cannot run: it depends on {name!r},"
        f" which is not declared: {hint}"
    )


def test_a_circle_is_told() -> None:
    with pytest.raises(DeclarationError) as told:
        in_order(checks(a="b", b="c", c="a", d=""))
    assert str(told.value) == (
        "the check 'a' (shop.py:7) cannot run: it depends on itself: a → b → c → a"
    )


def test_only_what_stands_in_a_circle_depends_on_itself() -> None:
    declared = checks(a="b", b="c", c="bd", d="")
    wrong = [fault(each, declared) for each in declared.values()]
    assert wrong == [
        None,
        "it depends on itself: b → c → b",
        "it depends on itself: c → b → c",
        None,
    ]


@given(st.lists(st.sets(st.integers(0, 20)), max_size=21))
def test_any_order_holds_all_once_and_each_after_its_own(needed: list[set[int]]) -> None:
    declared = {
        f"c{n}": check(f"c{n}", depends_on=[f"c{m}" for m in needs if m < n])
        for n, needs in enumerate(needed)
    }
    done: set[str] = set()
    for group in in_order(declared):
        assert group
        for each in group:
            assert done.issuperset(each.depends_on)
        done.update(each.name for each in group)
    assert done == declared.keys()
