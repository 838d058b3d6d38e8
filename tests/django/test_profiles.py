"""Of a slow request it is told where its time went, in views of either kind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import AsyncClient, Client

import obskit
from obskit import default_runtime
from obskit.capture import Capture, capturing
from obskit.clock import SYSTEM_CLOCK

pytest.importorskip("pyinstrument", reason="the extra is not installed")


@pytest.fixture
def slow_requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[Capture]:
    """What is told where requests of more than 50 ms are profiled, by a clock that runs."""
    monkeypatch.setenv("OBSKIT_PROFILE_SLOW_REQUESTS", "0.05")
    obskit.init("shop", log_format="none")
    runtime = default_runtime.current()
    assert runtime is not None
    with capturing() as capture:
        monkeypatch.setattr(runtime.server, "clock", SYSTEM_CLOCK)
        yield capture


def told(capture: Capture) -> list[dict[str, Any]]:
    return [line for line in capture.lines if line["logger"] == "obskit.profile"]


def test_a_slow_request_keeps_its_profile_in_its_trace(
    slow_requests: Capture, client: Client
) -> None:
    response = client.get("/slow/")
    client.get("/nobody-asks/")
    (line,) = told(slow_requests)
    assert line["event"] == "profile of GET /slow/"
    assert line["request_id"] == response["X-Request-ID"]
    assert "look_for_it  tests/django/project.py" in line["obskit.profile.tree"]


def test_a_slow_view_that_is_a_coroutine_keeps_its_own_profile(slow_requests: Capture) -> None:
    async def both() -> tuple[Any, Any]:
        client = AsyncClient()
        return await asyncio.gather(client.get("/waits-long/"), client.get("/waits-long/"))

    responses = asyncio.run(both())
    found = {line["request_id"]: line for line in told(slow_requests)}
    assert found.keys() == {response["X-Request-ID"] for response in responses}
    for line in found.values():
        assert line["event"] == "profile of GET /waits-long/"
        assert "look_for_it  tests/django/project.py" in line["obskit.profile.tree"]


def test_a_view_in_a_thread_of_its_own_is_told_as_waited_for(slow_requests: Capture) -> None:
    asyncio.run(AsyncClient().get("/slow/"))
    (line,) = told(slow_requests)
    assert "[await]" in line["obskit.profile.tree"]
    assert "look_for_it" not in line["obskit.profile.tree"]
