"""What a viewer may do, and what keeps others from having them do it."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from tests.checks.given import eventually
from tests.console.browser import Browser, browser, console, header, parsed
from tests.console.given import ANN, BOB, NOW, Acts, overview, service

from obskit.console import Viewer, csrf
from obskit.console.access import COOKIE
from obskit.console.service import Service
from obskit.registry import Registry
from obskit.state.memory import MemoryStore
from obskit.state.store import Silence

ACTS = ["run", "silence", "unsilence"]
FORM = {"reason": "we move it", "span": "2h"}


def acting(viewer: Viewer = ANN, **given: Any) -> tuple[Browser, Service, Acts]:
    acts = Acts()
    shown = service(record=acts, **given)
    return browser(viewer, shown), shown, acts


def test_a_check_is_run_now_and_who_wanted_it_is_on_record() -> None:
    ran: list[int] = []
    registry = Registry()
    registry.add("rows", lambda: ran.append(1), every="1m", scope="process")
    asked, _, acts = acting(registry=registry)
    found = asked.post("/check/rows/run", {"csrf": asked.csrf()})
    assert (found.status, header(found, "Location")) == (303, "/status/check/rows?done=ran")
    assert (ran, acts.all) == ([1], [("check.run", "ann", "rows")])
    assert "It was run." in parsed(asked.get("/check/rows?done=ran")).words


def test_however_many_want_it_a_check_runs_once_at_a_time() -> None:
    began, may_end, ran = Event(), Event(), []

    def slow() -> None:
        ran.append(1)
        began.set()
        may_end.wait(60)

    registry = Registry()
    registry.add("rows", slow, every="1m", scope="process", timeout="10m")
    store = MemoryStore()
    shown = service(registry=registry, store=store)
    page = console(ANN, shown)
    asked = Browser(page)
    first = asked.post("/check/rows/run", {"csrf": asked.csrf()})
    assert header(first, "Location") == "/status/check/rows?done=runs"
    assert began.wait(60)
    second = asked.post("/check/rows/run", {"csrf": asked.csrf()})
    assert second.status == 409
    assert "rows runs already: somebody has just asked for it." in parsed(second).words
    may_end.set()
    eventually(lambda: store.lease("now:rows", "test", 1.0) is not None)
    assert ran == [1]


def test_a_check_that_another_host_runs_is_not_run_here() -> None:
    shown = replace(service(), runs=lambda _check: False)
    asked = browser(ANN, shown)
    assert "Run now" not in parsed(asked.get("/check/rows")).words
    found = asked.post("/check/rows/run", {"csrf": asked.csrf()})
    assert (found.status, "which holds its lease" in parsed(found).words) == (409, True)


def test_a_check_is_silenced_for_a_while_with_a_reason_under_the_viewers_name() -> None:
    asked, shown, acts = acting()
    found = asked.post("/check/rows/silence", {"csrf": asked.csrf(), **FORM})
    assert (found.status, header(found, "Location")) == (303, "/status/check/rows?done=silenced")
    assert shown.store.silences(NOW) == [Silence("rows", NOW + 7_200, "we move it", "ann", NOW)]
    assert acts.all == [("check.silenced", "ann", "rows")]


def test_a_secret_in_a_reason_is_masked() -> None:
    asked, shown, _ = acting()
    form = {**FORM, "reason": "see redis://:hunter2@cache/0", "csrf": asked.csrf()}
    asked.post("/check/rows/silence", form)
    assert [each.reason for each in shown.store.silences(NOW)] == [
        "see redis://:[redacted]@cache/0"
    ]


@pytest.mark.parametrize(
    ("reason", "span", "why"),
    [
        ("", "2h", "Give a reason of 1 to 300 characters"),
        ("   ", "2h", "Give a reason of 1 to 300 characters"),
        ("x" * 301, "2h", "Give a reason of 1 to 300 characters"),
        ("we move it", "", "'' is no span of time"),
        ("we move it", "soon", "'soon' is no span of time"),
        ("we move it", "31d", "'31d' is too long: a silence lasts 30d at most."),
        ("we move it", "1s", "'1s' is out of range"),
        ("we move it", "-2h", "'-2h' is no span of time"),
    ],
)
def test_a_silence_that_is_wrong_is_refused_with_why_and_what_was_typed_stays(
    reason: str, span: str, why: str
) -> None:
    asked, shown, acts = acting()
    form = {"csrf": asked.csrf(), "reason": reason, "span": span}
    found = asked.post("/check/rows/silence", form)
    page = parsed(found)
    assert (found.status, why in page.words) == (409, True)
    assert (shown.store.silences(NOW), acts.all) == ([], [])
    typed = {each["id"]: each.get("value") for each in page.all("input") if "id" in each}
    assert (typed["reason"], typed["span"]) == (reason[:300], span)


def test_a_silence_is_ended() -> None:
    asked, shown, acts = acting()
    shown.store.silence(Silence("rows", NOW + 60, "we move it", "eve", NOW))
    found = asked.post("/check/rows/unsilence", {"csrf": asked.csrf()})
    assert header(found, "Location") == "/status/check/rows?done=unsilenced"
    assert (shown.store.silences(NOW), acts.all) == ([], [("check.unsilenced", "ann", "rows")])
    again = asked.post("/check/rows/unsilence", {"csrf": asked.csrf()})
    assert (again.status, "rows is not silenced." in parsed(again).words) == (409, True)


@pytest.mark.parametrize("act", ACTS)
def test_who_may_only_look_does_nothing(act: str) -> None:
    asked, shown, acts = acting(BOB)
    asked.get("/check/rows")
    form = {"csrf": csrf.token(asked.cookies[COOKIE], BOB), **FORM}
    assert asked.post(f"/check/rows/{act}", form).status == 403
    assert (acts.all, shown.store.silences(NOW)) == ([], [])


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"csrf": ""}, {}),
        ({"csrf": "0" * 64}, {}),
        ({"csrf": "ü"}, {}),
        ({}, {}),
        ({"csrf": "right"}, {"sec_fetch_site": "cross-site"}),
        ({"csrf": "right"}, {"sec_fetch_site": "same-site"}),
        ({"csrf": "right"}, {"sec_fetch_site": "none"}),
        ({"csrf": "right"}, {"origin": "https://evil.example"}),
        ({"csrf": "right"}, {"origin": "https://shop.example:8443"}),
        ({"csrf": "right"}, {"origin": "null"}),
        ({"csrf": "right"}, {"origin": "http://[evil"}),
        ({"csrf": "another's"}, {}),
        ({"csrf": "right"}, {"cookie": "obskit_console=another"}),
    ],
)
def test_nothing_is_done_that_another_site_may_have_asked_for(
    act: str, form: dict[str, str], headers: dict[str, str]
) -> None:
    asked, shown, acts = acting()
    words = {"right": asked.csrf(), "another's": csrf.token(asked.cookies[COOKIE], BOB)}
    form = {key: words.get(value, value) for key, value in form.items()}
    if "cookie" in headers:
        asked.cookies = {COOKIE: "another"}
    found = asked.post(f"/check/rows/{act}", {**FORM, **form}, **headers)
    assert found.status == 403
    assert (acts.all, shown.store.silences(NOW)) == ([], [])


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin", "origin": "https://shop.example"},
        {"sec_fetch_site": "same-origin", "origin": "https://before.the.proxy"},
        {"origin": "https://Shop.example"},
        {},
    ],
    ids=["a browser", "behind a proxy", "an old browser", "a program"],
)
def test_what_the_page_itself_asks_for_is_done(headers: dict[str, str]) -> None:
    asked, shown, _ = acting()
    found = asked.post("/check/rows/silence", {"csrf": asked.csrf(), **FORM}, **headers)
    assert (found.status, len(shown.store.silences(NOW))) == (303, 1)


def test_nothing_is_done_by_a_get() -> None:
    asked, shown, acts = acting()
    token = asked.csrf()
    for act in ACTS:
        assert asked.get(f"/check/rows/{act}?csrf={token}&reason=x&span=2h").status == 404
    assert (acts.all, shown.store.silences(NOW)) == ([], [])


@pytest.mark.parametrize(
    "path", ["/check/nothing/run", "/check/rows/destroy", "/job/import/run", "/", "/check/rows"]
)
def test_what_nobody_can_do_is_said_not_to_be_there(path: str) -> None:
    asked, _, acts = acting()
    assert asked.post(path, {"csrf": asked.csrf()}).status == 404
    assert acts.all == []


def test_what_was_done_is_seen_at_once() -> None:
    shown = service()

    def look() -> Any:
        silences = {each.check: each for each in shown.store.silences(NOW)}
        checks = [replace(each, silence=silences.get(each.name)) for each in overview().checks]
        return replace(overview(), checks=checks)

    asked = browser(ANN, replace(shown, look=look))
    asked.post("/check/rows/silence", {"csrf": asked.csrf(), **FORM})
    assert "Silenced, ends in 2h, by ann: we move it" in parsed(asked.get("/check/rows")).words
