"""The hosts of a service on the status page, and the check of each of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from tests.console.browser import browser, parsed
from tests.console.given import NOW, overview, rows, run, service

from obskit.overview.model import HostView, Overview
from obskit.state.memory import MemoryStore


def fleet() -> Overview:
    """Two hosts, on one of which a check fails."""
    ill = replace(rows(), host="web/2", latest=run(host="web/2", status="critical", value=19.0))
    well = replace(rows(), status="ok", host="web-1", latest=run(host="web-1", value=3.0))
    hosts = [HostView("web/2", "critical", NOW - 2, 3, 1, 2), HostView("web-1", "ok", NOW - 60, 3)]
    return replace(overview(), checks=[ill, well], hosts=hosts)


def test_each_host_says_how_many_of_its_checks_fail_and_when_it_was_heard() -> None:
    words = parsed(browser(of=service(fleet)).get()).words
    assert (
        "State Host Checks that fail Processes Heard"
        " ✖ critical web/2 1 of 3 2 2s ago ✓ ok web-1 0 of 3 – 1m ago" in words
    )


def test_a_service_of_one_host_has_no_table_of_them() -> None:
    alone = replace(overview(), hosts=[])
    assert "Checks that fail" not in parsed(browser(of=service(lambda: alone)).get()).words


def test_of_many_hosts_a_page_shows_ten() -> None:
    hosts = [HostView(f"web-{number:02}", "ok", NOW) for number in range(12)]
    asked = browser(of=service(lambda: replace(overview(), hosts=hosts)))
    first, second = (parsed(asked.get(path)).words for path in ("/", "/?hosts=2"))
    assert ("web-09" in first, "web-10" in first) == (True, False)
    assert ("web-09" in second, "web-10" in second) == (False, True)
    assert "Page 1 of 2, 12 hosts" in first


def test_the_check_of_a_host_is_named_with_it_and_leads_to_its_own_page() -> None:
    answer = browser(of=service(fleet)).get()
    assert "rows on web/2" in parsed(answer).words
    assert b'href="/status/check/rows?host=web/2"' in answer.body


@pytest.mark.parametrize(
    ("asked", "status", "host", "other", "value"),
    [
        ("?host=web-1", "✓ ok", "web-1", "web/2", "3 row"),
        ("?host=web%2F2", "✖ critical", "web/2", "web-1", "19 row"),
        ("", "✖ critical", "web/2", "web-1", "19 row"),
        ("?host=unheard-of", "✖ critical", "web/2", "web-1", "19 row"),
    ],
)
def test_a_check_is_shown_of_the_host_that_is_asked_for_else_of_the_worst(
    asked: str, status: str, host: str, other: str, value: str
) -> None:
    store = MemoryStore()
    store.keep(run(ago=120, value=3.0, unit="{row}", host="web-1"))
    store.keep(run(ago=60, value=19.0, unit="{row}", status="critical", host="web/2"))
    words = parsed(browser(of=service(fleet, store=store)).get(f"/check/rows{asked}")).words
    assert f"rows on {host} {status}" in words
    assert f"rows on {other}" in words
    history = words[words.index("History") :]
    assert value in history
    assert ("3 row" in history, "19 row" in history) == (value == "3 row", value == "19 row")
