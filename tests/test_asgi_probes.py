"""What an ASGI app leaves no trace of: probes, and URLs that are excluded."""

from __future__ import annotations

import asyncio

import pytest
from tests.asking import ask, get, scope_of, serving

import obskit
from obskit import Registry
from obskit.capture import Capture
from obskit.probes import Probes


def test_excluded_urls_leave_nothing_but_an_id(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("OTEL_PYTHON_EXCLUDED_URLS", "/quiet")
    obskit.init("shop", log_format="none")
    capture: Capture = request.getfixturevalue("obskit_capture")

    def work() -> None:
        with obskit.span("within"):
            pass

    answer = get(serving(work), "/quiet", {"X-Request-ID": "mine"})
    assert answer.headers == {"x-request-id": "mine"}
    assert capture.spans == []
    assert capture.lines == []
    assert "http.server.request.duration" not in capture.metrics()


def test_probes_are_answered_and_leave_no_trace_no_metric_and_no_line(
    obskit_capture: Capture,
) -> None:
    app = serving(probes=Probes(Registry()))
    answers = [get(app, path) for path in ("/livez", "/readyz", "/health")]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert answers[0].body == b'{"status":"alive"}'
    assert answers[0].headers["content-type"] == "application/json"
    assert answers[0].headers["cache-control"] == "no-store"
    assert obskit_capture.spans == []
    assert obskit_capture.lines == []
    assert "http.server.request.duration" not in obskit_capture.metrics()


def test_a_probe_by_head_has_the_length_and_no_body(obskit_capture: Capture) -> None:
    answer = get(serving(probes=Probes(Registry())), "/livez", method="HEAD")
    assert (answer.headers["content-length"], answer.body) == ("18", b"")


@pytest.mark.parametrize("path", ["/shop/livez", "/livez"], ids=["whole", "cut by a proxy"])
def test_a_probe_is_found_under_the_prefix_that_the_app_is_mounted_at(
    obskit_capture: Capture, path: str
) -> None:
    assert get(serving(probes=Probes(Registry())), path, root_path="/shop").body == (
        b'{"status":"alive"}'
    )


def test_a_health_route_of_the_apps_own_stays_the_apps(obskit_capture: Capture) -> None:
    app = serving(probes=Probes(Registry()), is_route=lambda path: path == "/health")
    assert get(app, "/health").body == b"ok"


def test_an_async_check_runs_on_the_loop_that_serves(obskit_capture: Capture) -> None:
    registry = Registry()

    async def once() -> bool:
        await ask(serving(probes=Probes(registry)), scope_of("/"))
        return registry.loop is asyncio.get_running_loop()

    assert asyncio.run(once()) is True
