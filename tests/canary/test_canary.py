"""Secrets in every place that a host can put data: none of them leaves, and none is written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest
from tests.canary.planted import SHAPES, Secret, forms, secrets
from tests.config.child import environment
from tests.config.receiver import Receiver

pytest.importorskip("flask")
pytest.importorskip("sentry_sdk")
pytest.importorskip("sqlalchemy")

HOST = Path(__file__).with_name("host.py")
#: Secrets with a shape of their own.
PLACES = (
    "event of a log line", "argument of a log line", "field", "nested field", "field in a list",
    "field of bytes", "field shown by its repr", "field of a dataclass", "exception as a field",
    "whole number", "field bound to a logger", "field bound to a request", "message of logging",
    "argument of logging", "extra of logging", "exception that is logged",
    "body of an OpenTelemetry log record", "attribute of an OpenTelemetry log record",
    "attribute of obskit.span", "attribute of a span", "attribute of texts",
    "URL of an outgoing request", "name of a span event", "attribute of a span event",
    "exception of a span", "description of a status", "attribute of a link", "name of a span",
    "baggage, logged", "statement of SQL", "parameter of SQL", "attribute of a metric",
    "attribute of an OpenTelemetry metric", "attribute of the resource", "message of a check",
    "detail of a check", "evidence of a check", "message of an exception",
    "context of an exception", "cause of an exception", "local variable", "nested local",
    "source line", "header", "user agent", "referer", "cookie", "parameter", "path", "baggage",
    "field of a form", "extra of Sentry", "tag of Sentry", "user of Sentry", "context of Sentry",
    "message of a breadcrumb", "data of a breadcrumb", "trace state",
)  # fmt: skip
#: Secrets that only the name tells, under which they stand.
NAMED = (
    "field under a sensitive name", "field of a namespace", "field of JSON",
    "pair of a name and a value", "attribute under a sensitive name",
    "attribute of the resource under a sensitive name", "local under a sensitive name",
    "parameter under a sensitive name", "header of the credentials", "form",
)  # fmt: skip
#: What nothing tells: no shape, and a harmless name. docs/redaction.md lists them too.
NOT_FOUND = (
    "a secret with no shape under a harmless name",
    "a bare password with spaces, commas or semicolons behind its name: the rest of it",
    "a password with an unescaped slash in a URL",
    "a secret as the whole user of a URL, without a password",
    "the value of an SQL literal or parameter with no shape",
    "a secret that is base64, encrypted or compressed once more",
)


class Send(Protocol):
    """Runs the host and returns all that has left and was written."""

    def __call__(
        self, planted: dict[str, Secret], folder: Path, /, *, redaction: bool
    ) -> bytes: ...


@pytest.fixture(scope="module")
def planted() -> dict[str, Secret]:
    return secrets(PLACES, NAMED)


def run(
    planted: dict[str, Secret], folder: Path, environ: dict[str, str], *, redaction: bool
) -> tuple[list[str], bytes]:
    """The paths of the HTTP receiver that were asked for, and all that went there and was written."""
    script = folder / "host.py"
    script.write_text(HOST.read_text().replace("@@source line@@", planted["source line"].planted))
    with Receiver() as receiver:
        done = subprocess.run(
            [sys.executable, str(script)],
            env=environment(
                {
                    "CANARIES": json.dumps({name: one.planted for name, one in planted.items()}),
                    "OBSKIT_REDACTION": str(redaction).lower(),
                    "OBSKIT_LOG_FORMAT": "json",
                    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "",
                    "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
                    "SENTRY_DSN": receiver.dsn,
                    "HOME": str(folder),
                    **environ,
                },
                folder,
            ),
            cwd=folder,
            capture_output=True,
            timeout=120,
            check=True,
        )
        assert done.stdout == b"500\n", done.stderr
        paths, bodies = receiver.paths(), [request.body for request in receiver.requests]
    spooled = [path.read_bytes() for path in folder.rglob("*") if path.is_file() and path != script]
    return paths, b"\n".join((*bodies, done.stderr, *spooled))


def over_http(planted: dict[str, Secret], folder: Path, *, redaction: bool) -> bytes:
    """All that has left and was written."""
    paths, everything = run(planted, folder, {}, redaction=redaction)
    assert paths == ["/api/7/envelope/", "/v1/logs", "/v1/metrics", "/v1/traces"]
    return everything


def over_grpc(planted: dict[str, Secret], folder: Path, *, redaction: bool) -> bytes:
    """All that has left and was written, with every signal but errors sent over gRPC."""
    pytest.importorskip("grpc")
    from tests.config.grpc_receiver import receiving

    with receiving() as receiver:
        environ = {
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://localhost:{receiver.port}",
        }
        paths, everything = run(planted, folder, environ, redaction=redaction)
        assert paths == ["/api/7/envelope/"]
        assert sorted(receiver.calls) == ["Logs", "Metrics", "Trace"]
        sent = [request.SerializeToString() for request in receiver.requests]
    return b"\n".join((everything, *sent))


WAYS = pytest.mark.parametrize("send", [over_http, over_grpc])


def found(planted: dict[str, Secret], everything: bytes) -> set[str]:
    """The places whose secret is there, in whatever form."""
    return {
        place
        for place, one in planted.items()
        if any(form in everything for form in forms(one.secret))
    }


def test_there_are_enough_secrets_of_enough_kinds(planted: dict[str, Secret]) -> None:
    assert len(PLACES) + len(NAMED) >= 50
    assert len(SHAPES) >= 10
    assert len({one.secret for one in planted.values()}) == len(planted)


@WAYS
def test_no_secret_leaves_or_is_written(
    send: Send, planted: dict[str, Secret], tmp_path: Path
) -> None:
    everything = send(planted, tmp_path, redaction=True)
    assert found(planted, everything) == set()
    assert b"[redacted]" in everything


def test_what_cannot_be_found_stands_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "redaction.md").read_text()
    assert [one for one in NOT_FOUND if f"- {one}\n" not in text] == []


@WAYS
def test_without_redaction_all_of_them_are_found(
    send: Send, planted: dict[str, Secret], tmp_path: Path
) -> None:
    everything = send(planted, tmp_path, redaction=False)
    assert set(planted) - found(planted, everything) == set()
    assert b"[redacted]" not in everything
