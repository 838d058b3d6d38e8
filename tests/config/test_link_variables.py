"""Variables of links to what others show: Sentry, and where traces are."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.config import load
from obskit.exceptions import ConfigError

from .child import serve
from .variables import shows

_LINKS = """
from obskit import default_runtime
from obskit.console import links
config = default_runtime.configuration()
print(json.dumps([links.sentry(config, "e/1"), links.trace(config, "af8b")]))
"""


@shows("OBSKIT_SENTRY_URL", "OBSKIT_TRACE_URL")
@pytest.mark.parametrize(
    ("given", "links"),
    [
        ({}, ["", ""]),
        (
            {"OBSKIT_SENTRY_URL": "https://sentry.example/events/{event_id}/"},
            ["https://sentry.example/events/e%2F1/", ""],
        ),
        (
            {"OBSKIT_TRACE_URL": "http://jaeger.example/trace/{trace_id}?x=1"},
            ["", "http://jaeger.example/trace/af8b?x=1"],
        ),
    ],
    ids=["none", "Sentry", "traces"],
)
def test_ids_are_links_where_it_is_said_where_they_lead(
    given: dict[str, str], links: list[str], tmp_path: Path
) -> None:
    assert serve(_LINKS, given, tmp_path) == links


@pytest.mark.parametrize(
    "given",
    [
        "https://jaeger.example/trace/",
        "https://jaeger.example/trace/{id}",
        "https://jaeger.example/{trace_id}/{span_id}",
        "javascript:alert('{trace_id}')",
        "//jaeger.example/{trace_id}",
        "https:///{trace_id}",
        "https://jaeger.example/{trace_id} x",
        "https://[/{trace_id}",
    ],
)
def test_what_is_no_link_is_refused_at_start_up(given: str) -> None:
    with pytest.raises(ConfigError) as told:
        load({"service": "shop"}, environ={"OBSKIT_TRACE_URL": given}, folder=Path("/nowhere"))
    (problem,) = told.value.problems
    assert problem == (
        f"trace_url is {given!r} (from OBSKIT_TRACE_URL):"
        " use an http:// or https:// URL with {trace_id} in it"
    )
