"""A service that puts a secret in every place that telemetry may be made of. Run in a process of its own."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from opentelemetry import _logs, baggage, metrics, trace
from opentelemetry import context as otel_context
from opentelemetry.trace import Link, Status, StatusCode

import obskit
import obskit.flask
from obskit import CheckResult, default_registry
from obskit.checks import report
from obskit.checks.results import Results
from obskit.clock import SYSTEM_CLOCK

SECRETS: dict[str, str] = json.loads(os.environ.pop("CANARIES", "{}"))


@dataclass
class Account:
    owner: str
    note: str


class Shown:
    def __init__(self, note: str) -> None:
        self.note = note

    def __repr__(self) -> str:
        return f"<Shown {self.note}>"


def of(place: str) -> str:
    return SECRETS[place]


def logs() -> None:
    log = obskit.get_logger("shop").bind(bound=of("field bound to a logger"))
    log.info(" ".join(("event with", of("event of a log line"))))
    log.warning("event %s", of("argument of a log line"))
    log.info(
        "fields",
        text=of("field"),
        password=of("field under a sensitive name"),
        nested={"a": {"b": of("nested field")}},
        rows=[1, ["x", of("field in a list")]],
        raw=of("field of bytes").encode(),
        shown=Shown(of("field shown by its repr")),
        account=Account("ann", of("field of a dataclass")),
        space=SimpleNamespace(token=of("field of a namespace")),
        failure=ValueError(of("exception as a field")),
        body=json.dumps({"a": 1, "password": of("field of JSON")}),
        number=int(of("whole number")),
        headers=[("X-A", "b"), ("Authorization", of("pair of a name and a value"))],
    )
    stdlib = logging.getLogger("shop.stdlib")
    stdlib.warning("message " + of("message of logging"))
    stdlib.warning("message %s", of("argument of logging"))
    stdlib.warning("extra", extra={"detail": of("extra of logging")})
    try:
        raise ValueError(of("exception that is logged"))
    except ValueError:
        stdlib.exception("failed")
    _logs.get_logger("direct").emit(
        body=of("body of an OpenTelemetry log record"),
        attributes={"a": of("attribute of an OpenTelemetry log record")},
    )


def spans() -> None:
    tracer = trace.get_tracer("host")
    with obskit.span("work", detail=of("attribute of obskit.span")) as span:
        span.set_attribute("note", of("attribute of a span"))
        span.set_attribute("notes", ["x", of("attribute of texts")])
        span.set_attribute("api_key", of("attribute under a sensitive name"))
        span.set_attribute("url.full", of("URL of an outgoing request"))
        span.add_event(
            f"event {of('name of a span event')}", {"a": of("attribute of a span event")}
        )
        span.record_exception(ValueError(of("exception of a span")))
        span.set_status(Status(StatusCode.ERROR, of("description of a status")))
        link = Link(span.get_span_context(), {"a": of("attribute of a link")})
    with tracer.start_as_current_span(f"name {of('name of a span')}", links=[link]):
        token = otel_context.attach(baggage.set_baggage("note", of("baggage, logged")))
        obskit.get_logger("shop").info("baggage", **baggage.get_all())
        otel_context.detach(token)
    import sqlalchemy

    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"SELECT 1 -- {of('statement of SQL')}"))
        try:
            row = {"note": of("parameter of SQL")}
            connection.execute(sqlalchemy.text("SELECT :note FROM nowhere"), row)
        except sqlalchemy.exc.OperationalError:
            obskit.get_logger("shop").exception("SQL failed")


def measurements() -> None:
    obskit.metrics.count("orders", note=of("attribute of a metric"))
    counter = metrics.get_meter("host").create_counter("direct")
    counter.add(1, {"note": of("attribute of an OpenTelemetry metric")})


def canary() -> CheckResult:
    return CheckResult.warning(
        of("message of a check"),
        details={"note": of("detail of a check")},
        evidence=[{"row": of("evidence of a check")}],
    )


def sentry_scope() -> None:
    import sentry_sdk

    scope = sentry_sdk.get_isolation_scope()
    scope.set_extra("note", of("extra of Sentry"))
    scope.set_tag("note", of("tag of Sentry")[:150])
    scope.set_user({"id": 1, "note": of("user of Sentry")})
    scope.set_context("host", {"note": of("context of Sentry")})
    sentry_sdk.add_breadcrumb(
        message=of("message of a breadcrumb"), data={"note": of("data of a breadcrumb")}
    )


def make() -> Any:
    from flask import Flask, request

    app = Flask("host")

    @app.post("/fail/<rest>")
    def fail(rest: str) -> str:
        obskit.bind(note=of("field bound to a request"))
        obskit.get_logger("shop").info("form", form=request.form)
        sentry_scope()
        _text = of("local variable")
        _settings = {"password": of("local under a sensitive name"), "list": [of("nested local")]}
        try:
            try:
                raise KeyError(of("cause of an exception"))
            except KeyError as error:
                # The line before the one that fails is shown with it.
                _hard = "@@source line@@"
                raise RuntimeError(of("context of an exception")) from error
        except RuntimeError:
            raise LookupError(of("message of an exception"))  # noqa: B904 - the context is meant

    obskit.flask.init_app(app)
    return app


def main() -> None:
    from sentry_sdk.scrubber import EventScrubber

    everything = EventScrubber(denylist=[], pii_denylist=[])
    obskit.init(
        "canary",
        sentry={"send_default_pii": True, "event_scrubber": everything},
        resource_attributes={
            "note": of("attribute of the resource"),
            "my.token": of("attribute of the resource under a sensitive name"),
        },
    )
    logs()
    spans()
    measurements()
    obskit.check("canary", every=3600)(canary)
    standing = Results(SYSTEM_CLOCK).record(default_registry.checks["canary"], canary())
    report.log_result(default_registry.checks["canary"], standing)
    client = make().test_client()
    client.set_cookie("theme", of("cookie"))
    answer = client.post(
        f"/fail/{of('path')}",
        query_string={"token": of("parameter under a sensitive name"), "q": of("parameter")},
        data={"password": of("form"), "note": of("field of a form")},
        headers={
            "Authorization": of("header of the credentials"),
            "X-Note": of("header"),
            "User-Agent": of("user agent"),
            "Referer": of("referer"),
            "Baggage": f"note={of('baggage')}",
            "Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "Tracestate": f"a={of('trace state')}",
        },
    )
    print(answer.status_code)


if __name__ == "__main__":
    main()
