"""Markup in any field of anything that is shown is text, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from hypothesis import given
from hypothesis import strategies as st
from tests.console.browser import Browser, Page, console, parsed
from tests.console.given import ANN, declared, overview, service, story

from obskit.console import Console, Viewer
from obskit.console.message import Request
from obskit.overview.model import Overview
from obskit.state.memory import MemoryStore
from obskit.state.store import JobRun, Run

CANARY = "'\"><canary onload=alert(1)></title></script>&amp;"
# Words that decide what is shown, and not only how it is written.
_CHOSEN = frozenset(("outcome", "bound"))


def poisoned(given: Any, name: str = "") -> Any:
    """The same with markup in every text, keys of mappings too."""
    if isinstance(given, str):
        return given if name in _CHOSEN else f"{CANARY}{given}"
    if dataclasses.is_dataclass(given) and not isinstance(given, type):
        fields = {one.name: getattr(given, one.name) for one in dataclasses.fields(given)}
        return type(given)(**{key: poisoned(value, key) for key, value in fields.items()})
    if isinstance(given, tuple) and hasattr(given, "_fields"):
        pairs = zip(given._fields, given, strict=True)
        return type(given)(*(poisoned(value, key) for key, value in pairs))
    if isinstance(given, Mapping):
        return {f"{CANARY}{key}": poisoned(value) for key, value in given.items()}
    if isinstance(given, (list, tuple)):
        return type(given)(poisoned(value) for value in given)
    return given


def texts(given: Any, path: str = "") -> Iterator[str]:
    """Where there is a text that has no markup in it."""
    if isinstance(given, str):
        if CANARY not in given and path.rpartition(".")[2] not in _CHOSEN:
            yield path
    elif dataclasses.is_dataclass(given):
        for one in dataclasses.fields(given):
            yield from texts(getattr(given, one.name), f"{path}.{one.name}")
    elif isinstance(given, tuple) and hasattr(given, "_fields"):
        for key, value in zip(given._fields, given, strict=True):
            yield from texts(value, f"{path}.{key}")
    elif isinstance(given, Mapping):
        for key, value in given.items():
            yield from texts(key, path)
            yield from texts(value, path)
    elif isinstance(given, (list, tuple)):
        for value in given:
            yield from texts(value, path)


def safe(page: Page) -> bool:
    """Whether nothing of the markup has become markup."""
    named = {name for _, attributes in page.elements for name in attributes}
    tags = {tag for tag, _ in page.elements}
    return "canary" not in tags and "onload" not in named and "amp" not in named


def shown() -> Overview:
    """An overview with markup in it, which names nothing that it does not hold."""
    found: Overview = poisoned(overview())
    return found


def test_the_markup_is_in_every_field() -> None:
    assert list(texts(shown())) == []
    assert list(texts(poisoned(story()))) == []
    every = {each.name for each in dataclasses.fields(Overview)}
    assert {name for name in every if not getattr(overview(), name)} == set()


@pytest.mark.parametrize(
    "path", ["/", "/check/{check}", "/check/{check}?explain=1", "/job/{job}", "/request/r-1"]
)
@pytest.mark.parametrize("failing", [True, False], ids=["failing", "well"])
def test_markup_in_every_field_is_told_as_text(path: str, failing: bool) -> None:
    store, seen = MemoryStore(), shown()
    if failing:  # what a page tells only of something that fails
        checks = [dataclasses.replace(each, status="critical") for each in seen.checks]
        standing = dataclasses.replace(seen.jobs[0].standing, state="failed")
        jobs = [dataclasses.replace(seen.jobs[0], standing=standing)]
        seen = dataclasses.replace(seen, checks=checks, jobs=jobs)
    check, job = seen.checks[0], seen.jobs[0]
    for each in check.history:
        store.keep(dataclasses.replace(each, check=check.name))
    for one in job.runs:
        store.put_job(dataclasses.replace(one, job=job.name))
    told = service(lambda: seen, find=lambda _: poisoned(story()), store=store)
    page = console(Viewer(CANARY, may_act=True), told)
    where, _, query = path.format(check=check.name, job=job.name).partition("?")
    found = page.answer(Request("GET", where, f"/{CANARY}", query))
    assert found.status == 200
    found = dataclasses.replace(found, body=found.whole)
    assert safe(parsed(found))
    assert parsed(found).text.count("<canary onload=alert(1)>") >= 3


@pytest.mark.parametrize(
    "target",
    [
        f"/{CANARY}",
        f"/check/{CANARY}",
        f"/request/{CANARY}",
        f"/?q={CANARY}&group={CANARY}&status={CANARY}",
        f"/check/rows?done={CANARY}&until={CANARY}",
        f"/job/import?jobs={CANARY}",
    ],
)
def test_markup_in_what_is_asked_is_told_as_text(target: str) -> None:
    path, _, query = target.partition("?")
    for viewer in (ANN, None):
        found = console(viewer).answer(Request("GET", path, "/status", query))
        assert safe(parsed(found))
    told = service()
    page = Console(access="s3cret", service=lambda: told)
    assert safe(parsed(page.answer(Request("GET", path, "/status", query))))


def test_markup_in_a_form_is_told_as_text() -> None:
    asked = Browser(console())
    form = {"csrf": asked.csrf(), "reason": CANARY * 20, "span": CANARY}
    found = asked.post("/check/rows/silence", form)
    assert (found.status, safe(parsed(found))) == (409, True)


@given(text=st.text(max_size=60), name=st.sampled_from(["message", "evidence", "unit"]))
def test_no_text_breaks_a_page(text: str, name: str) -> None:
    seen = overview()
    check = seen.checks[0]
    assert check.latest is not None
    changed: dict[str, Any] = {name: [text] if name == "evidence" else text}
    latest: Run = dataclasses.replace(check.latest, **changed)
    checks = [dataclasses.replace(check, latest=latest, unit=text), *seen.checks[1:]]
    seen = dataclasses.replace(seen, checks=checks, problems=[text])
    asked = Browser(console(of=service(lambda: seen, registry=declared())))
    plain = parsed(Browser(console()).get())
    found = asked.get()
    assert found.status == 200
    kinds = [tag for tag, _ in parsed(found).elements if tag not in {"p", "li", "ul"}]
    assert kinds == [tag for tag, _ in plain.elements if tag not in {"p", "li", "ul"}]


def test_a_run_of_a_job_may_be_called_anything() -> None:
    store = MemoryStore()
    store.put_job(JobRun("x", "import", 1.0, CANARY, 2.0))
    assert safe(parsed(Browser(console(of=service(store=store))).get("/job/import")))
