"""Hosts that are observed already, in processes of their own: nothing doubles, nothing is lost."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.config.receiver import Receiver, attributes
from tests.processes import arrivals, program
from tests.processes.server import free_port, running

pytest.importorskip("flask", reason="Flask is not installed")


def test_an_app_under_opentelemetry_instrument_keeps_its_spans_and_has_our_ids(
    tmp_path: Path,
) -> None:
    pytest.importorskip("gunicorn")
    pytest.importorskip("sentry_sdk")
    pytest.importorskip("opentelemetry.instrumentation.flask")
    instrument = shutil.which("opentelemetry-instrument", path=str(Path(sys.executable).parent))
    if instrument is None:
        pytest.skip("opentelemetry-distro is not installed")
    variables = {
        "OWN": "1",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_SERVICE_NAME": "theirs",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "celery,django,fastapi,psycopg,redis,sqlalchemy",
    }
    with Receiver() as receiver:
        port = free_port()
        command = [instrument, sys.executable, "-m", "gunicorn", "--workers", "1"]
        command += ["--bind", f"127.0.0.1:{port}", "tests.processes.plain_shop:app"]
        variables["SENTRY_DSN"] = receiver.dsn
        with running(command, port, receiver, tmp_path, **variables) as server:
            assert server.get("/items/7") == b"item 7"
            assert b"Internal Server Error" in server.get("/boom")
            assert server.get("/-/livez").startswith(b"{")
            assert server.end() == 0, server.output
        spans = receiver.spans()
        records = [record for batch in receiver.record_batches() for record in batch]
    assert arrivals.spans(receiver) == {"GET /items/<int:number>": 1, "GET /boom": 1}
    assert receiver.resource()["service.name"] == "theirs"
    assert "http.server.duration" in receiver.metrics()
    assert "http.server.request.duration" not in receiver.metrics()
    span = spans["GET /items/<int:number>"]
    (line,) = [one for one in records if one.body.string_value == "GET /items/7 200"]
    assert (line.trace_id, line.span_id) == (span.trace_id, span.span_id)
    assert attributes(span.attributes)["obskit.request.id"] == span.trace_id.hex()
    (event,) = receiver.envelope_items("event")
    assert event["contexts"]["trace"]["trace_id"] == spans["GET /boom"].trace_id.hex()
    assert [e.name for e in spans["GET /boom"].events] == ["exception"]
    told = sorted(record.body.string_value for record in records)
    assert told.count("Exception on /boom [GET]") == 1
    assert told.count("GET /boom 500") == 1


SENTRY = """
import json, sys
import sentry_sdk
from flask import Flask
from tests.telemetry.envelopes import DSN, Memory
import obskit, obskit.flask

memory, own = Memory(), Memory()
first, ours = sys.argv[1] == "first", sys.argv[2] == "with a DSN"
options = {"sentry_dsn": DSN, "sentry": {"transport": own}} if ours else {}
if first:
    sentry_sdk.init(dsn=DSN, transport=memory)
obskit.init("shop", log_format="none", **options)
if not first:
    sentry_sdk.init(dsn=DSN, transport=memory)
app = Flask(__name__)
obskit.flask.init_app(app)

@app.get("/boom")
def boom():
    raise ZeroDivisionError("an empty basket")

@app.get("/told")
def told():
    try:
        raise ValueError("told")
    except ValueError:
        app.logger.exception("logged")
    return "ok"

client = app.test_client()
for path in ("/boom", "/told"):
    client.get(path, headers={"X-Request-ID": f"id-of-{path[1:]}"})
print(json.dumps([
    [event["exception"]["values"][-1]["value"], event["tags"].get("request_id")]
    for event in memory.events + own.events
]))
"""


@pytest.mark.parametrize("ours", ["with a DSN", "without one"])
@pytest.mark.parametrize("when", ["first", "after us"])
def test_a_host_with_sentry_of_its_own_gets_each_error_once_with_the_id(
    when: str, ours: str, tmp_path: Path
) -> None:
    pytest.importorskip("sentry_sdk")
    environ = {"PYTHONPATH": str(Path(__file__).parents[2])}
    ended = program.run(SENTRY, environ, tmp_path, [when, ours])
    assert ended.status == 0, ended.errors
    assert sorted(ended.answer) == [["an empty basket", "id-of-boom"], ["told", "id-of-told"]]


LOGGING = """
import json, logging, logging.config, sys
from flask import Flask
import obskit, obskit.flask

CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"ids": {"()": "obskit.django.log.Ids"}},
    "formatters": {
        "plain": {"format": "host: %(message)s"},
        "ids": {"format": "%(request_id)s %(message)s"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain"},
        "file": {
            "class": "logging.FileHandler", "filename": "host.log", "formatter": "ids", "filters": ["ids"],
        },
    },
    "root": {"handlers": ["console", "file"], "level": "INFO"},
}
first = sys.argv[1] == "first"
if first:
    logging.config.dictConfig(CONFIG)
obskit.init("shop", log_format="json")
if not first:
    logging.config.dictConfig(CONFIG)
app = Flask("shop")
obskit.flask.init_app(app)

@app.get("/")
def index():
    logging.getLogger("shop.host").info("by logging")
    obskit.get_logger("shop.ours").info("by obskit")
    return "ok"

app.test_client().get("/", headers={"X-Request-ID": "one"})
logging.shutdown()
print(json.dumps(open("host.log").read().splitlines()))
"""


@pytest.mark.parametrize("when", ["first", "after us"])
def test_a_dict_config_of_the_host_keeps_its_handlers_and_each_line_leaves_once_with_its_id(
    when: str, tmp_path: Path
) -> None:
    with Receiver() as receiver:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        ended = program.run(LOGGING, environ, tmp_path, [when])
    assert ended.status == 0, ended.errors
    assert ended.answer == ["one by logging"]
    shown = [line for line in ended.errors.splitlines() if "by " in line]
    assert [line for line in shown if "by logging" in line] == ["host: by logging"]
    (own,) = [json.loads(line) for line in shown if "by obskit" in line]
    assert own["request_id"] == "one"
    assert told_of(receiver) == [
        ("GET / 200", "one"),
        ("by logging", "one"),
        ("by obskit", "one"),
    ]


STRUCTLOG = """
import json, sys
import structlog
from flask import Flask
import obskit, obskit.flask

def with_id(_logger, _method, event):
    return {**event, "request_id": obskit.request_id()}

def configure():
    structlog.configure(
        processors=[with_id, structlog.processors.KeyValueRenderer(key_order=["event"])],
        **{"logger_factory": structlog.stdlib.LoggerFactory()} if sys.argv[2] == "logging" else {},
    )

first = sys.argv[1] == "first"
if first:
    configure()
obskit.init("shop", log_format="json")
if not first:
    configure()
app = Flask("shop")
obskit.flask.init_app(app)

@app.get("/")
def index():
    structlog.get_logger("shop.host").info("by structlog")
    obskit.get_logger("shop.ours").info("by obskit")
    return "ok"

app.test_client().get("/", headers={"X-Request-ID": "one"})
"""


@pytest.mark.parametrize("way", ["logging", "print"])
@pytest.mark.parametrize("when", ["first", "after us"])
def test_a_structlog_of_the_hosts_own_writes_as_it_is_told_to_and_nothing_doubles(
    when: str, way: str, tmp_path: Path
) -> None:
    with Receiver() as receiver:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        ended = program.run(STRUCTLOG, environ, tmp_path, [when, way])
    assert ended.status == 0, ended.errors
    written = "event='by structlog' request_id='one'"
    through_us = [(written, "one")] if way == "logging" else []
    assert (ended.output + ended.errors).count("by structlog") == 1
    assert (ended.output == f"{written}\n") is (way == "print")
    assert told_of(receiver) == [("GET / 200", "one"), ("by obskit", "one"), *through_us]


def told_of(receiver: Receiver) -> list[tuple[str, Any]]:
    """The lines that arrived, each with its request's id."""
    return sorted(
        (record.body.string_value, attributes(record.attributes).get("obskit.request.id"))
        for batch in receiver.record_batches()
        for record in batch
        if record.trace_id
    )
