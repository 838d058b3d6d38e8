"""Variables of what the host's own code meets: exceptions, client libraries, URLs, log lines."""

from __future__ import annotations

import json
import time
from pathlib import Path
from threading import Thread

import pytest

from .child import START, run, serve
from .receiver import Receiver, attributes
from .variables import shows


@shows("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN")
@pytest.mark.parametrize(("chosen", "events"), [("", ["exception"]), ("logs", [])])
def test_an_exception_is_a_record_and_by_default_a_span_event_too(
    chosen: str, events: list[str], receiver: Receiver, tmp_path: Path
) -> None:
    """The record is there in both cases."""
    script = """
try:
    with obskit.span("work"):
        raise ValueError("no such row")
except ValueError:
    pass
"""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN": chosen,
    }
    serve(script, environ, tmp_path)
    assert [event.name for event in receiver.spans()["work"].events] == events
    (record,) = receiver.records().values()
    assert attributes(record.attributes)["exception.message"] == "no such row"
    assert record.event_name == "exception"


_STATEMENT = """
import sqlalchemy
with sqlalchemy.create_engine("sqlite://").connect() as connection:
    connection.execute(sqlalchemy.text("select 1"))
print(json.dumps(obskit.status()["instrumentations"]))
"""


@shows("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS")
@pytest.mark.parametrize(
    ("disabled", "on"),
    [("redis, psycopg", True), ("sqlalchemy,redis", False), ("*", False)],
)
def test_client_libraries_make_spans_unless_they_are_disabled(
    disabled: str, on: bool, receiver: Receiver, tmp_path: Path
) -> None:
    """Names are those of `opentelemetry-instrument`, `*` stands for all; nothing is complained of."""
    environ = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": receiver.url,
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": disabled,
    }
    ended = run(START + _STATEMENT, environ, tmp_path)
    assert (ended.status, ended.errors) == (0, "")
    assert ("sqlalchemy" in ended.answer) is on
    assert "redis" not in ended.answer
    assert sorted(receiver.spans()) == (["connect", "select"] if on else [])
    if on:
        assert attributes(receiver.spans()["select"].attributes)["db.query.text"] == "select 1"


_APP = """
from wsgiref.util import setup_testing_defaults
from obskit.wsgi import ObskitMiddleware
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
for path in ("/healthz", "/orders/7", "/static/x.css"):
    environ = {"PATH_INFO": path}
    setup_testing_defaults(environ)
    answer = ObskitMiddleware(app)(environ, lambda *_: None)
    assert b"".join(answer) == b"hello"
    answer.close() if hasattr(answer, "close") else None
"""


@shows("OTEL_PYTHON_EXCLUDED_URLS")
def test_excluded_urls_leave_no_span_no_measurement_and_no_line(
    receiver: Receiver, tmp_path: Path
) -> None:
    """Each item is a regular expression that is sought anywhere in the URL."""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_PYTHON_EXCLUDED_URLS": r"healthz, /static/.*\.css$",
    }
    serve(_APP, environ, tmp_path)
    (span,) = receiver.spans().values()
    assert attributes(span.attributes)["url.path"] == "/orders/7"
    (point,) = receiver.metrics()["http.server.request.duration"].histogram.data_points
    assert point.count == 1
    assert list(receiver.records()) == ["GET /orders/7 200"]


_LINES = """
log = obskit.get_logger("shop")
log.debug("d")
log.info("i", text="x" * 5000)
logging.getLogger("noisy.part").warning("w")
logging.getLogger("noisy.part").error("e")
"""


@shows("OBSKIT_LOG_LEVEL", "OBSKIT_LOG_LEVELS", "OBSKIT_LOG_STREAM", "OBSKIT_LOG_LINE_LIMIT")
def test_what_is_logged_and_where_the_lines_go(receiver: Receiver, tmp_path: Path) -> None:
    """Levels hold for console and OTLP alike; a line too long for the console is cut."""
    environ = {
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": receiver.url,
        "OBSKIT_LOG_LEVEL": "debug",
        "OBSKIT_LOG_LEVELS": "noisy=error,urllib3=critical,requests=critical",
        "OBSKIT_LOG_STREAM": "stdout",
        "OBSKIT_LOG_LINE_LIMIT": "1024",
    }
    ended = run(START + _LINES, environ, tmp_path)
    assert (ended.status, ended.errors) == (0, "")
    lines = [json.loads(line) for line in ended.output.splitlines()]
    assert [line["event"] for line in lines] == ["d", "i", "e", "telemetry ended: logs 3 exported"]
    assert lines[1]["truncated_bytes"] > 5000
    assert all(len(line) <= 1024 for line in ended.output.splitlines())
    assert list(receiver.records()) == ["d", "i", "e"]
    assert attributes(receiver.records()["i"].attributes)["text"] == "x" * 5000


@shows("OBSKIT_LOG_FORMAT")
@pytest.mark.parametrize(
    ("chosen", "begins"), [("", "{"), ("json", "{"), ("pretty", "0123456789"), ("none", "")]
)
def test_how_lines_look(chosen: str, begins: str, tmp_path: Path) -> None:
    """JSON where no terminal is; on demand text that begins with the time, or nothing."""
    script = "obskit.get_logger('shop').info('placed')"
    ended = run(START + script, {"OBSKIT_LOG_FORMAT": chosen}, tmp_path)
    assert ended.status == 0
    if chosen == "none":
        assert ended.errors == ""
    else:
        assert ended.errors[0] in begins
        assert "placed" in ended.errors


@shows("OBSKIT_SHUTDOWN_TIMEOUT")
def test_the_exit_waits_for_a_slow_receiver_as_long_as_it_may(
    receiver: Receiver, tmp_path: Path
) -> None:
    """Longer than the three seconds of the default."""
    receiver.hold()

    def release_late() -> None:
        receiver.held.wait(60)
        time.sleep(4)
        receiver.release()

    late = Thread(target=release_late)
    late.start()
    script = """
with obskit.span("work"):
    pass
print(json.dumps(obskit.shutdown()))
"""
    environ = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": receiver.url,
        "OBSKIT_SHUTDOWN_TIMEOUT": "50",
    }
    assert serve(script, environ, tmp_path) is True
    late.join()


@shows("OBSKIT_RUN_DIR", "XDG_RUNTIME_DIR")
@pytest.mark.parametrize(("run_dir", "used"), [("mine", "mine"), ("", "theirs")])
def test_where_the_processes_of_a_host_share_files(run_dir: str, used: str, tmp_path: Path) -> None:
    """In the folder of our own variable, else in the user's runtime folder."""
    environ = {
        "OBSKIT_RUN_DIR": str(tmp_path / run_dir) if run_dir else "",
        "XDG_RUNTIME_DIR": str(tmp_path / "theirs"),
    }
    serve("", environ, tmp_path)
    files = [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("slot-*")]
    assert files == [f"{used}/obskit/t/slot-0"]
