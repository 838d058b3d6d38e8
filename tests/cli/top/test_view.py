"""What is looked at, in sections."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.overview.given import NOW, run

from obskit.cli.top.rows import Row
from obskit.cli.top.view import PANES, Look, colour, counted, head, sections, worst_first
from obskit.operations import lateness
from obskit.overview.model import (
    CheckView,
    ErrorView,
    HostView,
    JobView,
    OperationView,
    Overview,
    ProcessView,
    QuotaView,
)
from obskit.state.store import JobRun, Silence

CHECKS = [
    CheckView("gone", "critical", run("gone", "critical", message="it is gone")),
    CheckView("rows", "ok", run("rows", value=3.0, unit="{row}"), unit="{row}"),
]
RUNS = {
    "import": JobRun("a", "import", NOW - 90, "failed", finished=NOW - 60),
    "sync": JobRun("b", "sync", NOW - 30, done=1, total=4, beat=NOW),
}
OVERVIEW = Overview(
    "shop",
    "production",
    NOW,
    "unhealthy",
    CHECKS,
    [JobView(name, lateness.judge([each], NOW), [each]) for name, each in RUNS.items()],
    [OperationView("payment", 30, 30, max_error_ratio=0.1), OperationView("search")],
    [QuotaView("crm", 10, 9, 60.0), QuotaView("mails", 10, 1, 60.0)],
    errors=[ErrorView(NOW - 5, "KeyError", "no key")],
)
LOOK = Look("shop", OVERVIEW)


def shown(look: Look, pane: str = "all", wanted: str = "") -> dict[str, list[str]]:
    return {title: [row.name for row in rows] for title, rows in sections(look, pane, wanted)}


def test_what_fails_comes_first_whatever_it_is() -> None:
    found = shown(LOOK)
    assert list(found) == ["Failing", "Jobs", "Budgets", "Operations", "Errors", "Counts", "Checks"]
    assert found["Failing"] == ["gone", "import", "payment", "crm"]
    assert (found["Jobs"], found["Checks"]) == (["sync"], ["rows"])


@pytest.mark.parametrize(
    ("pane", "titles"),
    [
        ("checks", {"Checks": ["gone", "rows"]}),
        ("jobs", {"Jobs": ["import", "sync"]}),
        ("processes", {}),
    ],
)
def test_a_pane_shows_all_of_its_kind(pane: str, titles: dict[str, list[str]]) -> None:
    assert shown(LOOK, pane) == titles


def test_hosts_stand_before_processes_where_several_share_a_store() -> None:
    hosts = [HostView("web-2", "critical", NOW), HostView("web-1", "ok", NOW)]
    processes = [ProcessView(7, "i-1", NOW, NOW)]
    many = Look("shop", replace(OVERVIEW, hosts=hosts, processes=processes))
    found = shown(many, "processes")
    assert found == {"Hosts": ["web-2", "web-1"], "Processes": ["pid 7"]}
    assert list(found) == ["Hosts", "Processes"]


def test_each_pane_can_be_shown() -> None:
    assert list(PANES) == ["all", "checks", "jobs", "usage", "processes"]
    assert list(shown(LOOK, "usage")) == ["Budgets", "Operations", "Errors", "Counts"]


def test_silences_and_processes_come_last_and_have_panes() -> None:
    look = replace(
        LOOK,
        overview=replace(
            OVERVIEW,
            silences=[Silence("rows", NOW + 60, "we mend it", "ada", NOW)],
            processes=[ProcessView(7, "i-1", NOW - 60, NOW)],
        ),
    )
    assert list(shown(look))[-3:] == ["Checks", "Silences", "Processes"]
    assert shown(look, "checks") == {"Checks": ["gone", "rows"], "Silences": ["rows"]}
    assert shown(look, "processes") == {"Processes": ["pid 7"]}


@pytest.mark.parametrize(
    ("states", "wanted"),
    [
        ("ok nothing_to_do HEALTHY", "green"),
        ("running never", "cyan"),
        ("WARNING DEGRADED", "yellow"),
        ("UNKNOWN SKIPPED", "magenta"),
        ("CRITICAL UNHEALTHY failed failing lost late too_long NO_ANSWER dropped", "red"),
    ],
)
def test_each_state_has_the_colour_of_how_bad_it_is(states: str, wanted: str) -> None:
    assert {colour(each.replace("_", " ")) for each in states.split()} == {wanted}


def test_a_filter_looks_into_every_word_of_a_row() -> None:
    assert shown(LOOK, wanted="GONE") == {"Failing": ["gone"]}
    assert shown(LOOK, wanted="critical") == {"Failing": ["gone"]}
    assert shown(LOOK, wanted="of 4") == {"Jobs": ["sync"]}
    assert shown(LOOK, wanted="nowhere") == {}


def test_the_head_tells_how_the_whole_is() -> None:
    told = "checks: 1 critical, 1 ok  jobs: 1 failed, 1 running  22:13:20Z"
    assert head(LOOK) == [Row("UNHEALTHY", "shop production", told)]


def test_the_head_tells_what_could_not_be_read() -> None:
    found = head(Look("shop", replace(OVERVIEW, problems=("the store is \x1b[1mgone",))))
    assert found[1] == Row("", "", "the store is \\x1b[1mgone")


def test_whom_nobody_answered_for_says_why() -> None:
    look = Look("https://shop.test/health", trouble="tcp failed: Connection refused")
    told = "tcp failed: Connection refused"
    assert head(look) == [Row("NO ANSWER", "https://shop.test/health", told)]
    assert sections(look) == []
    assert Look("https://shop.test/health").health == "no answer"


def test_what_answers_steers_no_terminal() -> None:
    bell, told = "\x1b[2J\nboo", "\\x1b[2J\\nboo"
    assert head(Look("shop", trouble=bell)) == [Row("NO ANSWER", "shop", told)]
    named = Look("shop", Overview(bell, bell, NOW, "healthy"), trouble=bell)
    assert head(named) == [
        Row("NO ANSWER", f"{told} {told}", "22:13:20Z"),
        Row("", "", f"what follows was so at 22:13:20Z: {told}"),
    ]


def test_a_service_that_does_not_say_its_name_has_that_of_where_it_was_asked() -> None:
    (found,) = head(Look("https://shop.test/health", Overview("", "", NOW, "healthy")))
    assert found == Row("HEALTHY", "https://shop.test/health", "22:13:20Z")


def test_how_it_was_is_told_with_when_that_was() -> None:
    state, why = head(replace(LOOK, trouble="gone"))
    assert (state.state, why.told) == ("NO ANSWER", "what follows was so at 22:13:20Z: gone")
    assert shown(replace(LOOK, trouble="gone")) == shown(LOOK)


def test_whom_somebody_must_look_at_comes_first() -> None:
    good, bad = (replace(OVERVIEW, health=health) for health in ("healthy", "degraded"))
    looks = [Look("a", good), Look("b", bad), Look("c", trouble="gone"), LOOK]
    assert [each.source for each in worst_first(looks)] == ["c", "shop", "b", "a"]
    assert counted([*looks, None]) == (
        "5 services: 1 no answer, 1 unhealthy, 1 degraded, 1 healthy, 1 asked for the first time"
    )
    assert counted(looks[:1]) == "1 service: 1 healthy"
