"""The example shop, and whether its demo notices what is missing."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from obskit import names
from obskit.dev import Stories
from obskit.stories.signals import Error, Frame, Line, Point, Raised, Signal, Span

SHOP = Path(__file__).parents[2] / "examples" / "shop"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def run(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the shop's directory."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=SHOP,
        env={**os.environ, "COLUMNS": "200", **environ},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_every_request_of_the_demo_has_one_whole_story() -> None:
    done = run("demo.py", "--once")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nEvery request that was sent has one whole story.\n" in done.stdout
    assert "Missing" not in done.stdout


# Patient with the shop, and not with what it sends.
HASTY = (
    "import pathlib, sys, demo; wait = demo._wait_until_it_serves;"
    "demo._wait_until_it_serves = lambda port, _: wait(port, 60);"
    "sys.exit(demo.Demo(pathlib.Path(sys.argv[1]), once=True, patience=2).run())"
)


def test_the_demo_fails_and_says_why_when_spans_are_missing(tmp_path: Path) -> None:
    done = run("-c", HASTY, str(tmp_path), OTEL_TRACES_SAMPLER="always_off")
    assert done.returncode == 1
    missing = done.stdout.partition("\nMissing:\n")[2]
    assert missing.count(": 0 server spans, not 1\n") == 16


def test_the_demo_fails_when_the_shop_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "shop.db").mkdir()
    done = run("-c", HASTY, str(tmp_path))
    assert done.returncode == 1
    # Which of the two depends on what ends first: the shop, or the patience.
    assert re.search("before it was visited|the shop does not answer", done.stdout)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module `proof`, with `load` beside it."""
    monkeypatch.syspath_prepend(str(SHOP))
    yield importlib.import_module("proof")
    for name in ("proof", "load"):
        del sys.modules[name]


@pytest.fixture
def load(shop: ModuleType) -> ModuleType:
    return sys.modules["load"]


SERVER = Span(
    TRACE,
    "a" * 16,
    "",
    "GET /boom",
    "server",
    1.0,
    2.0,
    attributes={names.REQUEST_ID: TRACE, names.HTTP_RESPONSE_STATUS_CODE: 500},
)
WORK = Span(TRACE, "b" * 16, "a" * 16, "work", "internal", 1.0, 2.0)
QUERY = Span(
    TRACE, "c" * 16, "b" * 16, "SELECT", "client", 1.0, 2.0, attributes={"db.query.text": "SELECT"}
)
ACCESS = Line(2.0, "info", "", names.EVENT_ACCESS, TRACE, attributes={names.REQUEST_ID: TRACE})
LINE = Line(1.5, "info", "voucher.redeemed", "", TRACE, attributes={names.REQUEST_ID: TRACE})
RAISED = Raised("ZeroDivisionError", "", (Frame("shop.py", 7, "boom"),))
ERROR = Error("sentry", 1.5, (RAISED,), "", "e1", TRACE, tags={"request_id": TRACE})
COUNTED = Point(
    "http.server.request.duration",
    "shop",
    (("http.request.method", "GET"), ("http.response.status_code", "500")),
    1,
)
CHECK = Line(
    2.0,
    "error",
    "",
    names.EVENT_CHECK,
    attributes={names.CHECK_NAME: "payment-gateway", names.CHECK_STATE: "critical"},
)
WHOLE: list[Signal] = [SERVER, WORK, QUERY, ACCESS, LINE, ERROR, COUNTED, CHECK]
OF_BOOM = f"GET /boom ({TRACE}): "


def problems(shop: ModuleType, load: ModuleType, signals: list[Signal], **sent: Any) -> list[str]:
    """Compare one visit to /boom with what was received of it."""
    visit = load.Visit("GET", "/boom", 500, True, "voucher.redeemed", "ZeroDivisionError")
    stories = Stories()
    stories.receive(signals)
    made = load.Sent(**{"visit": visit, "status": 500, "request_id": TRACE, **sent})
    found: list[str] = shop.missing([made], stories)
    return found


def test_a_whole_story_lacks_nothing(shop: ModuleType, load: ModuleType) -> None:
    assert problems(shop, load, WHOLE) == []


@pytest.mark.parametrize(
    ("gone", "problem"),
    [
        (SERVER, OF_BOOM + "0 server spans, not 1"),
        (QUERY, OF_BOOM + "0 SQL spans below the server span"),
        (WORK, OF_BOOM + "0 SQL spans below the server span"),
        (ACCESS, OF_BOOM + "0 access lines, not 1"),
        (LINE, OF_BOOM + "no log line 'voucher.redeemed'"),
        (ERROR, OF_BOOM + "0 error events, not 1"),
        (COUNTED, "http.server.request.duration counted 0 of 1 GET requests with 500"),
        (CHECK, "the check payment-gateway is broken, but its result is not received"),
    ],
)
def test_every_part_that_is_missing_is_noticed(
    shop: ModuleType, load: ModuleType, gone: Signal, problem: str
) -> None:
    assert problems(shop, load, [each for each in WHOLE if each is not gone]) == [problem]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (
            SERVER,
            replace(SERVER, attributes={names.REQUEST_ID: TRACE}),
            "the server span has another status",
        ),
        (QUERY, replace(QUERY, parent_id="f" * 16), "0 SQL spans below the server span"),
        (LINE, replace(LINE, attributes={}), "no log line 'voucher.redeemed'"),
        (ERROR, replace(ERROR, tags={}), "the error event has another request id"),
        (ERROR, replace(ERROR, exceptions=()), "the error event is no ZeroDivisionError"),
        (
            ERROR,
            replace(ERROR, exceptions=(Raised("ZeroDivisionError", ""),)),
            "the error event has no stack",
        ),
    ],
)
def test_every_part_that_is_wrong_is_noticed(
    shop: ModuleType, load: ModuleType, before: Signal, after: Signal, problem: str
) -> None:
    signals = [after if each is before else each for each in WHOLE]
    assert problems(shop, load, signals) == [OF_BOOM + problem]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (replace(SERVER, span_id="d" * 16), OF_BOOM + "2 server spans, not 1"),
        (ACCESS, OF_BOOM + "2 access lines, not 1"),
        (replace(ERROR, event_id="e2"), OF_BOOM + "2 error events, not 1"),
        (
            replace(COUNTED, origin="other"),
            "http.server.request.duration counted 2 of 1 GET requests with 500",
        ),
    ],
)
def test_what_is_there_twice_is_noticed(
    shop: ModuleType, load: ModuleType, more: Signal, problem: str
) -> None:
    assert problems(shop, load, [*WHOLE, more]) == [problem]


def test_another_answer_than_wanted_is_noticed(shop: ModuleType, load: ModuleType) -> None:
    found = problems(shop, load, WHOLE, status=200)
    assert found[0] == OF_BOOM + "answered with 200, not 500"


def test_an_answer_without_an_id_is_noticed(shop: ModuleType, load: ModuleType) -> None:
    assert problems(shop, load, WHOLE, request_id="")[0] == (
        "GET /boom (no id): 0 server spans, not 1"
    )


def test_a_query_that_was_not_wanted_is_noticed(shop: ModuleType, load: ModuleType) -> None:
    visit = load.Visit("GET", "/boom", 500, False, "voucher.redeemed", "ZeroDivisionError")
    assert problems(shop, load, WHOLE, visit=visit) == [
        OF_BOOM + "1 SQL spans below the server span"
    ]


@pytest.mark.parametrize("url", ["http://shop.example/", "http://10.0.0.1:5000", "nonsense"])
def test_only_the_loopback_interface_is_visited(load: ModuleType, url: str) -> None:
    with pytest.raises(ValueError, match="is not on the loopback interface"):
        load.send(url, 1)


@pytest.mark.parametrize("rounds", [0, -1, 101])
def test_the_number_of_visits_is_bounded(load: ModuleType, rounds: int) -> None:
    with pytest.raises(ValueError, match="use 1 to 100"):
        load.send("http://127.0.0.1:9", rounds)


def test_the_visits_can_be_made_by_hand() -> None:
    done = run("load.py", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "ConnectionRefusedError" in done.stderr
