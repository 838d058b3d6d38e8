"""Wrong tries to sign in are bounded, for one address and for all of them."""

from __future__ import annotations

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from tests.console.browser import Browser, header, parsed
from tests.console.given import Clock, service

from obskit.capture import Capture
from obskit.console import Console
from obskit.console.tries import Tries


def guess(asked: Browser, times: int) -> list[int]:
    """Type wrong tokens, and give what each is answered."""
    return [asked.post("/login", {"token": f"guess {n}"}).status for n in range(times)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def page(clock: Clock) -> Console:
    shown = service(clock=clock)
    return Console(access="s3cret", service=lambda: shown)


def test_after_ten_wrong_tokens_even_the_right_one_waits_for_the_minute_to_end(
    page: Console, clock: Clock
) -> None:
    asked = Browser(page)
    assert guess(asked, 11) == [401] * 10 + [429]
    clock.time += 20.5
    found = asked.post("/login", {"token": "s3cret", "next": "/check/rows"})
    assert (found.status, header(found, "Retry-After")) == (429, "40")
    shown = parsed(found)
    assert "Too many wrong tokens have been tried. Try again in 40 s." in shown.words
    assert {"type": "hidden", "name": "next", "value": "/check/rows"} in shown.all("input")
    clock.time += 39.5
    assert asked.post("/login", {"token": "s3cret"}).status == 303


def test_right_tokens_and_those_who_are_in_already_are_not_counted(page: Console) -> None:
    inside = Browser(page)
    for _ in range(20):
        assert inside.post("/login", {"token": "s3cret"}).status == 303
    guess(Browser(page), 10)
    assert inside.get().status == 200
    assert Browser(page).get().status == 401


def test_bearer_tokens_are_counted_alike(page: Console) -> None:
    asked = Browser(page)
    told = [asked.get(authorization="Bearer guess").status for _ in range(10)]
    assert told == [401] * 9 + [429]
    found = asked.get("/check/rows", authorization="Bearer s3cret")
    assert (found.status, header(found, "Retry-After")) == (429, "60")
    assert guess(asked, 1) == [429]


def test_another_address_may_try_until_all_of_them_have_tried_too_much(page: Console) -> None:
    told = []
    for number in range(11):
        asked = Browser(page)
        asked.peer = f"192.0.2.{number}"
        told += guess(asked, 10)
    assert told == [401] * 100 + [429] * 10


def test_no_more_addresses_are_remembered_than_may_try() -> None:
    tries = Tries(clock := Clock())
    for number in range(1_000):
        clock.time += 0.01
        if not tries.wait(f"192.0.2.{number}"):
            tries.failed(f"192.0.2.{number}")
    assert len(tries._failed) == 100
    clock.time += 60
    tries.failed("192.0.2.7")
    assert len(tries._failed) == 1


def test_wrong_tokens_and_refusals_are_counted(page: Console, obskit_capture: Capture) -> None:
    guess(Browser(page), 13)
    found = obskit_capture.metrics()
    assert [point["value"] for point in found["obskit.security.failed_logins"]] == [10]
    assert [point["value"] for point in found["obskit.security.rate_limit_hits"]] == [3]
