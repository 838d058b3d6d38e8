"""What people read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.notify.given import HOUR, MINUTE, NOON, problem

from obskit.notify.message import Message, read, render, trial
from obskit.notify.news import Item, News

FULL = problem(
    owner="data",
    message="connection refused",
    evidence=("row 7", "row <31>"),
    runbook="https://wiki/db?a=1&b=2",
    links={"dashboard": "https://grafana/db"},
    trace_id="ab" * 16,
)

TEXT = """db is critical
  connection refused
  evidence: row 7
  evidence: row <31>
  not judged meanwhile: 2: a, b
  since: 2026-03-10T12:00:00Z
  owner: data
  runbook: https://wiki/db?a=1&b=2
  dashboard: https://grafana/db
  trace: abababababababababababababababab

shop (production), 2026-03-10T12:00:05Z"""
HTML = """\
<div style="border-left: 6px solid #ff0000; padding-left: 10px; margin-bottom: 14px">\
<b>db is critical</b><br>
connection refused<br>
evidence: row 7<br>
evidence: row &lt;31&gt;<br>
since: 2026-03-10T12:00:00Z<br>
owner: data<br>
runbook: <a href="https://wiki/db?a=1&amp;b=2">https://wiki/db?a=1&amp;b=2</a><br>
dashboard: <a href="https://grafana/db">https://grafana/db</a><br>
trace: abababababababababababababababab</div>
<p>shop, 2026-03-10T12:00:00Z</p>"""


def news(*items: Item, is_digest: bool = False) -> News:
    return News("team", items, is_digest)


def test_all_that_helps_is_in_the_text() -> None:
    item = Item("new", FULL, "sev1", NOON, dependents=("a", "b"))
    message = render(news(item), "shop", "production", NOON + 5)
    assert message.title == "[SEV1] shop (production): db is critical"
    assert message.text == TEXT


def test_html_says_the_same_in_the_colour_of_its_severity_and_escapes_it() -> None:
    message = render(news(Item("new", FULL, "sev1", NOON)), "shop", "", NOON)
    assert message.html == HTML


@pytest.mark.parametrize(
    ("item", "title", "tone"),
    [
        (Item("new", FULL, "sev2", NOON), "[SEV2] shop: db is critical", "warning"),
        (Item("new", FULL, "sev3", NOON), "[SEV3] shop: db is critical", "info"),
        (
            Item("worse", FULL, "sev1", NOON, was="warning"),
            "[SEV1] shop: db is critical (was warning)",
            "failure",
        ),
        (
            Item("still", FULL, "sev1", NOON - 2 * HOUR),
            "[SEV1] shop: db is still critical, for 2h",
            "failure",
        ),
        (
            Item("recovered", replace(FULL, status="ok"), "sev1", NOON - 12 * MINUTE, "critical"),
            "[OK] shop: db is ok again, after 12m",
            "success",
        ),
        (
            Item("passed", replace(FULL, status="ok"), "sev2", NOON, "critical", 3),
            "[OK] shop: db was critical 3 times, and is ok again",
            "success",
        ),
        (
            Item("passed", replace(FULL, status="ok"), "sev2", NOON, "warning", 1),
            "[OK] shop: db was warning, and is ok again",
            "success",
        ),
        (
            Item("better", replace(FULL, status="warning"), "sev1", NOON, was="critical"),
            "[SEV1] shop: db is warning (was critical)",
            "failure",
        ),
        (
            Item("recovered", replace(FULL, status="ok"), "sev1", NOON + HOUR, "critical"),
            "[OK] shop: db is ok again, after 0ms",  # a clock that was set back
            "success",
        ),
        (
            Item("still", FULL, "sev1", NOON + HOUR),
            "[SEV1] shop: db is still critical, for 0ms",
            "failure",
        ),
        (
            Item("new", replace(FULL, kind="job", name="import"), "sev1", NOON),
            "[SEV1] shop: job import is critical",
            "failure",
        ),
    ],
)
def test_a_title_says_what_is_new(item: Item, title: str, tone: str) -> None:
    message = render(news(item), "shop", "", NOON)
    assert (message.title, message.tone) == (title, tone)


def test_several_are_counted_in_the_title() -> None:
    fails = Item("new", FULL, "sev1", NOON)
    over = Item("recovered", problem("disk", "ok"), "sev1", NOON)
    assert (
        render(news(fails, over), "shop", "", NOON).title == "[SEV1] shop: 1 failing, 1 well again"
    )
    digest = render(news(fails, is_digest=True), "shop", "", NOON)
    assert digest.title == "Daily digest shop: 1 failing"


def test_the_first_of_several_gives_the_title_and_the_tone() -> None:
    items = [Item("new", FULL, "sev2", NOON), Item("new", problem("disk"), "sev3", NOON)]
    message = render(news(*items), "shop", "", NOON)
    assert (message.title, message.tone) == ("[SEV2] shop: 2 failing", "warning")


def test_all_that_is_over_is_counted_alone() -> None:
    items = [Item("recovered", problem(name, "ok"), "sev1", NOON) for name in ("db", "disk")]
    assert render(news(*items), "shop", "", NOON).title == "[OK] shop: 2 well again"


def test_what_is_over_shows_no_evidence_and_no_dependents() -> None:
    well = replace(FULL, status="ok", message="answers")
    item = Item("recovered", well, "sev1", NOON - MINUTE, "critical", dependents=("a",))
    assert render(news(item), "shop", "", NOON).text == (
        "db is ok again, after 1m\n"
        "  answers\n"
        "  since: 2026-03-10T11:59:00Z\n"
        "  owner: data\n"
        "  runbook: https://wiki/db?a=1&b=2\n"
        "  dashboard: https://grafana/db\n"
        "  trace: abababababababababababababababab\n"
        "\n"
        "shop, 2026-03-10T12:00:00Z"
    )


def test_ten_rows_and_twenty_of_anything_else_are_shown_whole() -> None:
    rows = tuple(f"row {number}" for number in range(10))
    names = tuple(f"d{number}" for number in range(20))
    item = Item("new", replace(FULL, evidence=rows), "sev1", NOON, dependents=names)
    items = [replace(item, problem=replace(item.problem, name=f"c{n}")) for n in range(20)]
    text = render(news(*items), "shop", "", NOON).text
    assert "  evidence: row 9\n  not judged meanwhile: 20: d0, " in text
    assert ", d19\n" in text
    assert " more" not in text


@pytest.mark.parametrize(("length", "shown"), [(300, "x" * 300), (301, "x" * 299 + "…")])
def test_a_row_is_cut_after_300_characters(length: int, shown: str) -> None:
    item = Item("new", replace(FULL, evidence=("x" * length,)), "sev1", NOON)
    assert f"  evidence: {shown}\n" in render(news(item), "shop", "", NOON).text


def test_what_has_none_of_all_that_says_since_when() -> None:
    message = render(news(Item("new", problem(), "sev1", NOON)), "shop", "", NOON)
    assert message.text == (
        "db is critical\n  since: 2026-03-10T12:00:00Z\n\nshop, 2026-03-10T12:00:00Z"
    )


def test_what_is_long_is_cut_and_counted() -> None:
    rows = tuple(f"row {number}" for number in range(13))
    item = Item("new", replace(FULL, evidence=rows), "sev1", NOON, dependents=rows * 2)
    items = [replace(item, problem=replace(item.problem, name=f"c{n}")) for n in range(22)]
    text = render(news(*items), "shop", "", NOON).text
    assert "  evidence: row 9\n  evidence: and 3 more\n" in text
    assert "not judged meanwhile: 26: row 0, " in text
    assert "row 6 and 6 more\n" in text
    assert "\n\nand 2 more: c20, c21\n\n" in text


def test_what_is_no_link_is_no_link_in_html() -> None:
    said = replace(FULL, message='javascript:alert("x") <b>', runbook="https://a b", links={})
    html = render(news(Item("new", said, "sev1", NOON)), "shop", "", NOON).html
    assert "href" not in html
    assert "javascript:alert(&quot;x&quot;) &lt;b&gt;" in html


def test_it_is_read_as_it_was_written() -> None:
    message = render(news(Item("new", FULL, "sev1", NOON)), "shop", "", NOON)
    assert read(message.write()) == message


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"mood": 3}'])
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read(text)


def test_a_trial_says_that_it_is_one() -> None:
    assert trial("team/email", "shop", "", NOON) == Message(
        "[TEST] shop: team/email works",
        "This is a test of team/email. Nobody has to do anything.\n\nshop, 2026-03-10T12:00:00Z",
        "<p>This is a test of team/email. Nobody has to do anything.</p>\n"
        "<p>shop, 2026-03-10T12:00:00Z</p>",
        "success",
    )
