"""The lifespan of an ASGI process."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from tests.asking import Answer, ask, scope_of

import obskit
from obskit import Registry, default_runtime
from obskit.asgi import ObskitMiddleware
from obskit.capture import Capture, capturing
from obskit.probes import Probes

UP = {"type": "lifespan.startup"}
DOWN = {"type": "lifespan.shutdown"}


def observed(registry: Registry, seen: list[Any] | None = None) -> ObskitMiddleware:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})
            return
        for stage in ("startup", "shutdown"):
            await receive()
            if seen is not None:
                seen.append(registry.loop)
            await send({"type": f"lifespan.{stage}.complete"})

    return ObskitMiddleware(app, probes=Probes(registry))


async def live(app: ObskitMiddleware, *messages: Any) -> list[str]:
    answer = await ask(app, {"type": "lifespan", "asgi": {}, "state": {}}, *messages)
    assert answer.error is None
    return [str(message["type"]) for message in answer.messages]


def test_a_lifespan_passes_where_there_was_no_init() -> None:
    assert asyncio.run(live(observed(Registry()), UP, DOWN)) == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


def test_an_app_that_knows_no_lifespan_refuses_it_as_ever(obskit_capture: Capture) -> None:
    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        assert scope["type"] == "http"

    served: Any = ObskitMiddleware(app)

    async def start() -> None:
        await served({"type": "lifespan"}, asyncio.Event().wait, asyncio.sleep)

    with pytest.raises(AssertionError):
        asyncio.run(start())


def test_checks_run_from_when_the_app_has_begun_before_the_first_request(
    obskit_capture: Capture,
) -> None:
    ran = threading.Event()
    registry = Registry()
    registry.add("begun", ran.set, every="1h")
    seen: list[Any] = []
    asyncio.run(live(observed(registry, seen), UP, DOWN))
    assert seen[0] is None
    assert ran.wait(30)


def test_an_async_check_runs_on_the_loop_of_the_process(obskit_capture: Capture) -> None:
    registry = Registry()
    loops: list[Any] = []

    async def serve() -> bool:
        ran = asyncio.Event()

        async def check() -> None:
            loops.append(asyncio.get_running_loop())
            ran.set()

        registry.add("async", check, every="1h")
        running = asyncio.create_task(live(observed(registry), UP))
        await asyncio.wait_for(ran.wait(), 30)
        running.cancel()
        return loops == [asyncio.get_running_loop()]

    assert asyncio.run(serve()) is True


def test_a_process_that_ends_is_not_ready_any_more(obskit_capture: Capture) -> None:
    app = observed(Registry())

    async def serve() -> tuple[Answer, Answer]:
        await live(app, UP, DOWN)
        ended = await ask(app, scope_of("/readyz"))
        again = asyncio.create_task(live(app, UP))
        await asyncio.sleep(0)
        begun = await ask(app, scope_of("/readyz"))
        again.cancel()
        return ended, begun

    ended, begun = asyncio.run(serve())
    assert (ended.status, ended.body) == (503, b'{"status":"not_ready"}')
    assert begun.status == 200


def test_what_waits_leaves_at_the_end_while_the_loop_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The flush waits for what only the loop can do."""
    with capturing():
        runtime = default_runtime.current()
        assert runtime is not None
        went_on = threading.Event()
        flushed: list[bool] = []

        async def serve() -> None:
            loop = asyncio.get_running_loop()

            def flush(_timeout: float) -> bool:
                loop.call_soon_threadsafe(went_on.set)
                flushed.append(went_on.wait(30))
                return True

            monkeypatch.setattr(runtime, "flush", flush)
            await live(observed(Registry()), UP, DOWN)

        asyncio.run(serve())
        assert flushed == [True]


def test_what_the_flush_has_taken_is_taken_from_the_budget_of_the_exit(
    monkeypatch: pytest.MonkeyPatch, obskit_capture: Capture
) -> None:
    runtime = default_runtime.current()
    assert runtime is not None
    budgets: list[float] = []

    def flush(_timeout: float) -> None:
        obskit_capture.clock.advance(1.25)

    def within(budget: float, _ways: object) -> bool:
        budgets.append(budget)
        return True

    monkeypatch.setattr(runtime, "clock", obskit_capture.clock)
    monkeypatch.setattr(runtime, "flush", flush)
    asyncio.run(live(observed(Registry()), UP, DOWN))
    monkeypatch.setattr("obskit.runtime.within", within)
    monkeypatch.setattr("obskit.exposition.monotonic", obskit_capture.clock.monotonic)
    runtime.shutdown()
    assert budgets == [1.75]


def test_the_thread_of_a_flush_that_cannot_begin_is_no_error(
    monkeypatch: pytest.MonkeyPatch, obskit_capture: Capture
) -> None:
    def none(_self: Any) -> None:
        raise RuntimeError("can't start new thread")

    app = observed(Registry())

    async def serve() -> list[str]:
        monkeypatch.setattr(threading.Thread, "start", none)
        return await live(app, UP, DOWN)

    assert asyncio.run(serve())[-1] == "lifespan.shutdown.complete"
    assert obskit.request_id() is None
