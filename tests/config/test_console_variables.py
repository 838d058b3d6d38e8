"""The variable of the status page."""

from __future__ import annotations

from pathlib import Path

import pytest

from .child import serve
from .variables import shows

_KEPT = """
from obskit import default_runtime
from obskit.overview import story
with obskit.span("work") as span:
    trace_id = format(span.get_span_context().trace_id, "032x")
obskit.flush()
print(json.dumps(story.find(default_runtime.current().config, trace_id) is not None))
"""


@shows("OBSKIT_CONSOLE")
@pytest.mark.parametrize(("given", "kept"), [("true", True), ("false", False), ("", False)])
def test_a_process_keeps_what_the_page_shows_where_that_is_on(
    given: str, kept: bool, tmp_path: Path
) -> None:
    """By default nothing is kept."""
    pytest.importorskip("opentelemetry.proto", reason="the extra is not installed")
    assert serve(_KEPT, {"OBSKIT_CONSOLE": given}, tmp_path) is kept
