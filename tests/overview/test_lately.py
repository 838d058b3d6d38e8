"""Errors of late of one process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from obskit import context, names
from obskit.context import Scope
from obskit.listeners import Failure
from obskit.overview.lately import Lately
from obskit.overview.model import ErrorView


@dataclass
class Raised:
    type: str = "KeyError"
    message: str = "'sku'"


@dataclass
class Line:
    """A line of the level ERROR."""

    timestamp: float = 7.0
    request_id: str | None = None
    trace_id: str | None = None
    level: int = 40
    level_name: str = "error"
    logger: str = "shop"
    event: str = "it broke"
    fields: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    event_name: str | None = None


@pytest.fixture
def lately() -> Lately:
    return Lately()


def test_an_exception_is_told_of_with_what_finds_it_elsewhere(lately: Lately) -> None:
    lately.hear(Line(request_id="r-1", trace_id="ab" * 16, failure=Raised()))
    assert lately.read() == [ErrorView(7.0, "KeyError", "'sku'", "shop", "r-1", "ab" * 16)]


def test_a_line_that_cannot_be_told_of_is_left_out_and_its_request_goes_on(lately: Lately) -> None:
    class Route:
        def __str__(self) -> str:
            raise RuntimeError("no route")

    lately.hear(Line(fields={names.HTTP_ROUTE: Route()}))
    assert lately.read() == []


def test_a_line_without_an_exception_is_told_of_by_what_it_says(lately: Lately) -> None:
    lately.hear(Line(event_name="exception"))
    lately.hear(Line())
    assert lately.read() == [
        ErrorView(7.0, "exception", "it broke", "shop"),
        ErrorView(7.0, "shop", "it broke", "shop"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(Line(level=30), id="a warning"),
        pytest.param(Line(event_name=names.EVENT_ACCESS), id="an access line"),
        pytest.param(Line(logger="obskit.check"), id="a check that fails"),
    ],
)
def test_what_is_told_elsewhere_is_no_error(line: Line, lately: Lately) -> None:
    lately.hear(line)
    assert lately.read() == []


@pytest.mark.parametrize(
    ("fields", "asked", "where"),
    [
        ({names.HTTP_ROUTE: "/buy"}, None, "/buy"),
        ({names.JOB_NAME: "import"}, None, "import"),
        ({}, {"route": "/buy/<int:n>", "path": "/buy/7"}, "/buy/<int:n>"),
        ({}, {"route": None, "path": "/buy/7"}, "shop"),
        ({}, {"task": "tasks.send"}, "tasks.send"),
    ],
)
def test_it_is_said_in_which_route_job_or_task_it_happened(
    fields: dict[str, str], asked: dict[str, str | None] | None, where: str, lately: Lately
) -> None:
    scope = Scope("r-1", request=(lambda: asked) if asked else None)
    with context.entered(scope):
        lately.hear(Line(fields=fields))
    assert [error.where for error in lately.read()] == [where]


def test_a_requests_exception_that_is_logged_twice_is_one_error(lately: Lately) -> None:
    lately.hear(Line(request_id="r-1", failure=Raised()))
    lately.hear(Line(request_id="r-1", failure=Raised(), logger="obskit"))
    lately.hear(Line(request_id="r-2", failure=Raised()))
    lately.hear(Line(failure=Raised()))
    lately.hear(Line(failure=Raised()))
    assert [error.request_id for error in lately.read()] == ["r-1", "r-2", "", ""]


def test_the_report_that_was_sent_of_it_is_named(lately: Lately) -> None:
    lately.hear(Line(request_id="r-1", failure=Raised()))
    lately.hear(Line(request_id="r-2", failure=Raised()))
    lately.sent(KeyError("sku"), "r-1", "cd" * 16)
    assert [error.event_id for error in lately.read()] == ["cd" * 16, ""]


def test_it_is_named_also_where_it_is_sent_before_it_is_logged(lately: Lately) -> None:
    lately.sent(KeyError("sku"), None, "cd" * 16)
    lately.hear(Line(failure=Raised()))
    assert [error.event_id for error in lately.read()] == ["cd" * 16]


def test_fifty_are_remembered(lately: Lately) -> None:
    for number in range(51):
        lately.hear(Line(timestamp=float(number)))
    assert [error.time for error in lately.read()][::49] == [1.0, 50.0]
    lately.after_fork()
    assert lately.read() == []


def test_of_a_request_that_cannot_be_looked_at_the_error_is_told_all_the_same(
    lately: Lately,
) -> None:
    def broken() -> Any:
        raise LookupError

    with context.entered(Scope("r-1", request=broken)):
        lately.hear(Line())
    assert [error.where for error in lately.read()] == ["shop"]
