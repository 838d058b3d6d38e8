"""The WSGI path, where it answers by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

import obskit
from obskit import Registry
from obskit.probes import Probes
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


METRICS = {"OBSKIT_PROMETHEUS": "true", "OBSKIT_HEALTH_TOKEN": "s3cret"}


@pytest.mark.parametrize(
    ("variables", "headers", "status", "content_type", "begins"),
    [
        ({}, {}, 200, None, b"ok"),
        (METRICS, {}, 403, "application/json", b'{"status":"forbidden"}'),
        (
            METRICS,
            {"Authorization": "Bearer s3cret"},
            200,
            "text/plain; version=0.0.4; charset=utf-8",
            b"# HELP target_info Target metadata\n# TYPE target_info gauge\n",
        ),
    ],
    ids=["off", "a stranger", "with the token"],
)
def test_metrics_are_told_where_they_are_on_and_else_the_path_is_the_apps(
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    headers: dict[str, str],
    status: int,
    content_type: str | None,
    begins: bytes,
) -> None:
    pytest.importorskip("opentelemetry.exporter.prometheus", reason="the extra is not installed")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    obskit.init("shop", log_format="none")

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"ok"]

    client = Client(ObskitMiddleware(app, probes=Probes(Registry())))
    response = client.get("/metrics", headers=headers)
    assert (response.status_code, response.headers.get("Content-Type")) == (status, content_type)
    assert response.data.startswith(begins)
    assert "X-Request-ID" in response.headers
