"""What people are told at once, in its order."""

from __future__ import annotations

from tests.notify.given import NOON, problem

from obskit.notify.news import Item, ordered


def test_what_fails_comes_before_what_is_over_and_the_most_urgent_first() -> None:
    items = [
        Item("recovered", problem("a", "ok"), "sev1", NOON),
        Item("passed", problem("b", "ok"), "sev2", NOON),
        Item("new", problem("d"), "sev3", NOON),
        Item("still", problem("f"), "sev1", NOON),
        Item("better", problem("c", "warning"), "sev2", NOON),
        Item("worse", problem("e"), "sev1", NOON),
    ]
    assert [item.problem.name for item in ordered(items)] == ["e", "f", "c", "d", "a", "b"]
