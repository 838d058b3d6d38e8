"""`obskit review`: as text, as a page, as JSON."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner, Result
from tests.cli.host import CHECKS as BEFORE
from tests.cli.host import Host

from obskit.cli import main

CHECKS = r"""
    checks.add("rows", lambda: obskit.CheckResult.warning("2 <b>", evidence=["row 7", "<i>"]),
               every="1m", group="data", tags=["daily"])
    checks.add("base", lambda: None, every="1m")
    checks.add("size", lambda: 7, every="1m", tags=["daily", "weekly"], depends_on=["base"])
    checks.add("other", lambda: False, every="1m")
    checks.add("complete", lambda: 0.97, every="1m", score=True, group="data", tags=["daily"],
               dimension="complete")
"""


@pytest.fixture
def shop(host: Host) -> Host:
    host.write(CHECKS, f'{BEFORE}obskit.init("shop")\n')
    return host


def review(host: Host, *arguments: str, app: str = "") -> Result:
    app = app or f"{host.name}:checks"
    return CliRunner().invoke(main, ["review", "--app", app, *arguments])


def shown(result: Result) -> list[str]:
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "THEN", result.stdout).splitlines()


def test_the_checks_with_a_tag_are_reported_by_group(shop: Host) -> None:
    result = review(shop, "daily")
    assert shown(result) == [
        "daily review of shop, THEN: DEGRADED",
        "checks: 4 (1 warning, 3 ok)",
        "",
        "no earlier review is known",
        "",
        "data",
        "  WARNING   rows      2 <b>",
        "    - row 7",
        "    - <i>",
        "  OK        complete  97.0 %: Excellent",
        "    value: 0.97",
        "",
        "checks",
        "  OK        base",
        "  OK        size",
        "    value: 7",
        "",
        "         complete          overall",
        "data     97.0 % Excellent  97.0 % Excellent",
        "overall  -                 97.0 % Excellent",
        "",
    ]
    assert result.exit_code == 1


def test_any_tag_will_do(shop: Host) -> None:
    assert shown(review(shop, "weekly"))[1] == "checks: 2 (2 ok)"


def test_what_has_changed_since_the_last_review_of_the_tag_is_told(host: Host) -> None:
    host.write("""
        checks.add("a", lambda: None, every="1m", tags=["daily"])
        checks.add("b", lambda: None, every="1m", tags=["daily"])
    """)
    review(host, "daily")
    assert shown(review(host, "daily"))[3] == "nothing has changed since THEN"
    host.name += "_later"
    host.write("""
        checks.add("a", lambda: False, every="1m", tags=["daily"])
        checks.add("c", lambda: None, every="1m", tags=["daily"])
    """)
    result = review(host, "daily", "--json")
    assert json.loads(result.stdout)["changes"] == [
        {"name": "a", "before": "ok", "now": "critical"},
        {"name": "c", "before": None, "now": "ok"},
        {"name": "b", "before": "ok", "now": None},
    ]
    assert shown(review(host, "daily"))[3] == "nothing has changed since THEN"


def test_changes_stand_in_the_text(host: Host) -> None:
    host.write('checks.add("a", lambda: None, every="1m", tags=["x"])')
    review(host, "x")
    host.name += "_later"
    host.write('checks.add("b", lambda: None, every="1m", tags=["x"])')
    assert shown(review(host, "x"))[3:6] == [
        "changed since THEN:",
        "    b: not there → ok",
        "    a: ok → not there",
    ]


def test_the_report_is_json_too(shop: Host) -> None:
    found = json.loads(review(shop, "daily", "--json").stdout)
    assert (found["review"], found["service"], found["status"]) == ("daily", "shop", "degraded")
    assert (found["last"], found["changes"]) == (None, [])
    assert {group: [each["name"] for each in of] for group, of in found["groups"].items()} == {
        "data": ["rows", "complete"],
        "checks": ["base", "size"],
    }
    assert found["groups"]["data"][0]["evidence"] == ["row 7", "<i>"]
    assert found["scores"]["overall"]["overall"] == {"share": 0.97, "grade": "Excellent"}


class Page(HTMLParser):
    """The tags of a page, what it loads, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [name for name, _ in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_is_one_page_in_which_nothing_is_taken_for_html(shop: Host) -> None:
    result = review(shop, "daily", "--html", "review.html")
    assert (result.stdout, result.exit_code) == ("DEGRADED, see review.html\n", 1)
    page = Page()
    page.feed((shop.folder / "review.html").read_text("utf-8"))
    assert page.loads == []
    assert not {"b", "i", "script"} & set(page.tags)
    for text in (
        "daily review of shop",
        "2 <b>",
        "<i>",
        "97.0 % Excellent",
        "checks: 4 (1 warning, 3 ok)",
    ):
        assert text in page.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'TAG'"),
        (["dayly"], "no check has the tag 'dayly': did you mean 'daily'?"),
        (["daily", "--html", "no/where.html"], "no/where.html cannot be written: No such file"),
        (["daily", "--html", "a", "--json"], "give one of --html and --json"),
    ],
)
def test_a_wrong_use_is_told(shop: Host, arguments: list[str], message: str) -> None:
    result = review(shop, *arguments)
    assert message in result.stderr
    assert (result.exit_code, result.stdout) == (4, "")


def test_where_the_last_review_cannot_be_read_the_report_is_there(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.write('checks.add("a", lambda: None, every="1m", tags=["daily"])')
    (host.folder / "state.sqlite3").mkdir()
    monkeypatch.setenv("OBSKIT_STATE_URL", f"sqlite:///{host.folder}/state.sqlite3")
    result = review(host, "daily")
    assert "the last review cannot be read: " in result.stderr
    assert shown(result)[3] == "no earlier review is known"
    assert result.exit_code == 0


def test_processes_know_of_each_others_reviews(host: Host) -> None:
    host.write('checks.add("a", lambda: None, every="1m", tags=["daily"])')
    host.process("review", "daily")
    assert "nothing has changed since" in host.process("review", "daily").stdout
