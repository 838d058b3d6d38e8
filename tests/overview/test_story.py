"""The story of a request, found by its id in what this host has kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from opentelemetry.trace import format_trace_id
from tests.running import running

from obskit import context
from obskit.clock import to_rfc3339
from obskit.config import Config
from obskit.context import Scope
from obskit.exceptions import MissingExtra
from obskit.export.ring import Ring
from obskit.overview import standing
from obskit.overview.story import find
from obskit.runtime import Runtime
from obskit.stories.signals import Line

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
Began = Callable[..., Runtime]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Began]:
    """Starts a service with a status page, which ends with the test."""
    ends = []

    def begun(**options: object) -> Runtime:
        way = running(run_dir=str(tmp_path), console=True, log_level="INFO", **options)
        ends.append(way)
        return way.__enter__()

    yield begun
    for way in ends:
        way.__exit__(None, None, None)


def served(shop: Runtime, request_id: str | None = None) -> str:
    """A request with a line and a span below it: its trace."""
    assert shop.server is not None
    with shop.server.tracer.start_as_current_span("GET /buy") as span:
        trace_id = format_trace_id(span.get_span_context().trace_id)
        span.set_attribute("obskit.request.id", request_id or trace_id)
        with context.entered(Scope(request_id or trace_id, span)):
            with shop.server.tracer.start_as_current_span("SELECT"):
                shop.pipeline.emit("shop", 20, "placed", {"order": 7})
    return trace_id


def test_without_any_receiver_the_spans_and_lines_of_a_request_are_found(begin: Began) -> None:
    shop = begin()
    served(shop)
    trace_id = served(shop)
    assert shop.flush()
    story = find(shop.config, trace_id)
    assert story is not None
    assert story.trace_id == trace_id
    assert [span.name for span in story.spans] == ["GET /buy", "SELECT"]
    assert [(line.body, line.attributes["order"]) for line in story.lines] == [("placed", 7)]
    assert story.lines[0].span_id == story.spans[1].span_id
    assert shop.ledger.snapshot()["traces"] == {
        "accepted": 4,
        "exported": 4,
        "sampled_out": 0,
        "dropped": {},
        "queued": 0,
        "spooled": 0,
    }


def test_a_request_is_found_by_the_id_that_its_caller_gave(begin: Began) -> None:
    shop = begin()
    served(shop, "r-70")
    trace_id = served(shop, "r-7")
    shop.flush()
    story = find(shop.config, "r-7")
    assert story is not None
    assert story.trace_id == trace_id
    assert len(story.spans) == 2


def test_a_request_that_shares_its_trace_is_found_by_its_own_id(begin: Began) -> None:
    shop = begin()
    trace_id = served(shop)
    shop.flush()
    story = find(shop.config, f"{trace_id}-00f067aa0ba902b7")
    assert story is not None
    assert len(story.spans) == 2


def test_what_also_leaves_is_found_here_too(begin: Began) -> None:
    # Nobody listens on the port that means none.
    shop = begin(spool_max_bytes=0, **{"otlp.endpoint": "http://127.0.0.1:9"})
    trace_id = served(shop)
    shop.flush(1.0)
    story = find(shop.config, trace_id)
    assert story is not None
    assert (len(story.spans), len(story.lines)) == (2, 1)
    assert shop.ledger.snapshot()["traces"]["queued"] == 2


def test_a_process_that_has_ended_has_left_its_spans(begin: Began) -> None:
    shop = begin()
    trace_id = served(shop)
    shop.shutdown()
    assert find(shop.config, trace_id) is not None


def test_where_there_is_no_status_page_nothing_is_kept(tmp_path: Path) -> None:
    with running(run_dir=str(tmp_path)) as runtime:
        trace_id = served(runtime)
        runtime.flush()
        assert find(runtime.config, trace_id) is None
        assert runtime.ledger.snapshot()["traces"]["accepted"] == 0


@pytest.mark.parametrize("id", ["", "nobody", "0" * 32, "../../etc/passwd", "a b", "ü", "x" * 129])
def test_what_nobody_has_heard_of_has_no_story(id: str, begin: Began) -> None:
    shop = begin()
    served(shop)
    shop.flush()
    assert find(shop.config, id) is None


def test_a_line_that_is_in_a_file_too_is_told_once(begin: Began, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    shop = begin(log_folder=str(tmp_path / "logs"))
    trace_id = served(shop)
    shop.flush()
    story = find(shop.config, trace_id)
    assert story is not None
    assert [line.body for line in story.lines] == ["placed"]


def test_the_same_line_at_another_moment_is_another(begin: Began, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    shop = begin(log_folder=str(tmp_path / "logs"))
    trace_id = served(shop)
    shop.flush()
    kept = find(shop.config, trace_id)
    assert kept is not None
    again = {
        "timestamp": to_rfc3339(kept.lines[0].time + 0.01),
        "level": "info",
        "event": "placed",
        "trace_id": trace_id,
        "span_id": kept.lines[0].span_id,
    }
    with (tmp_path / "logs" / "app.log").open("a") as file:
        file.write(f"{json.dumps(again)}\n")
    story = find(shop.config, trace_id)
    assert story is not None
    assert [line.body for line in story.lines] == ["placed", "placed"]


def test_what_only_a_file_holds_is_told_in_its_place(begin: Began, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    shop = begin(log_folder=str(tmp_path / "logs"), logs_exporter="console")
    trace_id = served(shop)
    shop.flush()
    story = find(shop.config, trace_id)
    assert story is not None
    assert [line.body for line in story.lines] == ["placed"]
    assert story.lines[0].attributes == {"order": 7}


def written(folder: Path, *lines: Mapping[str, object]) -> Config:
    """The configuration of a service whose files hold some lines, and which has kept no span."""
    folder.mkdir()
    rows = (json.dumps({"timestamp": "2099-01-01T00:00:01.000000Z", **one}) for one in lines)
    (folder / "app.log").write_text("".join(f"{row}\n" for row in rows))
    return Config(service="shop", run_dir=str(folder), log_folder=str(folder), environment="test")


ACCESS: dict[str, object] = {
    "level": "info",
    "event": "GET /buy 200",
    "request_id": "r-7",
    "trace_id": TRACE,
    "span_id": "00f067aa0ba902b7",
    "http.request.method": "GET",
    "url.path": "/buy",
    "http.response.status_code": 200,
    "http.server.request.duration": 0.25,
}


def test_where_only_files_are_the_access_line_stands_for_the_span(tmp_path: Path) -> None:
    line = {"level": "error", "event": "it broke", "request_id": "r-7", "trace_id": TRACE}
    other = {"level": "info", "event": "another", "request_id": "r-70"}
    config = written(tmp_path / "logs", line, ACCESS, other)
    story = find(config, "r-7")
    assert story is not None
    assert story.trace_id == TRACE
    assert [(span.name, span.duration) for span in story.spans] == [("GET /buy", 0.25)]
    assert [line.body for line in story.lines] == ["it broke"]
    assert story.heads()[0].request_id == "r-7"


def test_files_of_more_than_a_day_ago_are_not_searched(tmp_path: Path) -> None:
    old = {**ACCESS, "timestamp": "2020-01-01T00:00:00.000000Z"}
    assert find(written(tmp_path / "logs", old), "r-7") is None


def test_a_folder_that_is_not_there_hides_no_span(begin: Began, tmp_path: Path) -> None:
    shop = begin()
    trace_id = served(shop)
    shop.flush()
    config = Config(
        service="shop", run_dir=str(tmp_path), console=True, log_folder=str(tmp_path / "none")
    )
    story = find(config, trace_id)
    assert story is not None
    assert len(story.spans) == 2


def test_what_is_no_request_of_otlp_is_passed_over(begin: Began) -> None:
    shop = begin()
    trace_id = served(shop)
    shop.flush()
    other = Ring()
    other.begin(lambda: standing.folder(shop.config) / "another")
    other.put("traces", b"\xff" + bytes.fromhex(trace_id))
    story = find(shop.config, trace_id)
    assert story is not None
    assert len(story.spans) == 2


def test_without_what_reads_spans_it_is_said_what_to_install(
    begin: Began, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = begin()
    trace_id = served(shop)
    shop.flush()
    monkeypatch.setitem(sys.modules, "obskit.stories.otlp", None)
    with pytest.raises(MissingExtra, match=r"pip install 'obskit-otel\[cli\]'"):
        find(shop.config, trace_id)
    assert find(shop.config, "0" * 32) is None


def test_many_lines_are_cut_and_counted(begin: Began, tmp_path: Path) -> None:
    shop = begin()
    assert shop.server is not None
    with shop.server.tracer.start_as_current_span("GET /buy") as span:
        for number in range(1_001):
            shop.pipeline.emit("shop", 20, f"line {number}", {})
    shop.flush()
    story = find(shop.config, format_trace_id(span.get_span_context().trace_id))
    assert story is not None
    assert (len(story.lines), story.cut) == (1_000, 1)
    assert isinstance(story.lines[-1], Line)


def test_many_spans_are_cut_and_counted(begin: Began) -> None:
    shop = begin()
    assert shop.server is not None
    with shop.server.tracer.start_as_current_span("GET /buy") as top:
        trace_id = format_trace_id(top.get_span_context().trace_id)
        for _ in range(2_000):
            with shop.server.tracer.start_as_current_span("SELECT"):
                pass
    shop.flush()
    story = find(shop.config, trace_id)
    assert story is not None
    assert (len(story.spans), story.cut) == (2_000, 1)


@pytest.mark.parametrize("id", ["", "a b", "a" * 129, "é"])
def test_what_no_request_can_be_called_is_not_looked_for(tmp_path: Path, id: str) -> None:
    config = written(tmp_path / "logs", {"level": "info", "event": "placed", "request_id": id})
    assert find(config, id) is None
