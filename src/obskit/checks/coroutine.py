"""Runs what an async check returned: on the host's own event loop while that runs, else on one of ours."""

from __future__ import annotations

import asyncio
import inspect
from asyncio import AbstractEventLoop, Task
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from threading import Lock

# How often it is looked whether the loop that is to finish a run still runs, seconds.
_LOOK = 0.5


class OutOfTime(Exception):
    """It was cancelled because its time was up."""


class LoopEnded(Exception):
    """The host's loop ended, or cancelled what ran on it, before there was a result."""

    def __init__(self) -> None:
        super().__init__("the host's event loop ended during the run")


# What it returned, or what it raised. A task that raises SystemExit would end the host's loop.
_Told = tuple[object, BaseException | None]


def result_of(
    returned: Awaitable[object], left: Callable[[], float], loop: AbstractEventLoop | None
) -> object:
    """Run it to its end, and wait for that.

    Where the host's loop is blocked it waits until that goes on, for nobody else can know whether
    it has ended; what has not begun when its time is up never begins.

    Args:
        returned: What an async function returned.
        left: Gives the seconds that are left; then it is cancelled.
        loop: The host's loop, or None. Where it does not run, one is made here.

    Raises:
        OutOfTime: Its time was up.
        LoopEnded: The host's loop ended meanwhile.
        BaseException: What it raised.
    """
    told = _on(loop, returned, left) if loop is not None and loop.is_running() else None
    value, error = told or asyncio.run(_finish(returned, left))
    _drop(returned)
    if error is not None:
        raise error
    return value


def _on(
    loop: AbstractEventLoop, returned: Awaitable[object], left: Callable[[], float]
) -> _Told | None:
    """What it came to on the host's loop; None where it never began there, and never will."""
    begun, ended = Lock(), Future[_Told]()
    tasks: list[Task[_Told]] = []  # a loop does not hold its tasks

    def tell(task: Task[_Told]) -> None:
        ended.set_result((None, LoopEnded()) if task.cancelled() else task.result())

    def begin() -> None:  # in the context that is current here: the run's trace and scope
        if begun.acquire(blocking=False):
            tasks.append(loop.create_task(_finish(returned, left)))
            tasks[0].add_done_callback(tell)

    try:
        loop.call_soon_threadsafe(begin)
    except RuntimeError:  # closed this very moment
        return None
    while not wait([ended], _LOOK).done:
        if loop.is_running():
            continue
        if begun.acquire(blocking=False):
            return None
        if not ended.done():
            with suppress(RuntimeError):  # closed; else it would go on when the loop does
                loop.call_soon_threadsafe(tasks[0].cancel)
            return None, LoopEnded()
    return ended.result()


async def _finish(returned: Awaitable[object], left: Callable[[], float]) -> _Told:
    seconds = left()
    if seconds <= 0:
        return None, OutOfTime()
    task = asyncio.ensure_future(_outcome(returned))
    try:
        _, late = await asyncio.wait({task}, timeout=seconds)
        if not late:
            return task.result()
        task.cancel()
        await asyncio.wait({task})  # it may clean up
        return None, OutOfTime()
    except asyncio.CancelledError:  # as a loop does with all of its tasks when it ends
        task.cancel()
        return None, LoopEnded()


async def _outcome(returned: Awaitable[object]) -> _Told:
    try:
        return await returned, None
    except BaseException as error:
        return None, error


def _drop(returned: Awaitable[object]) -> None:
    """Say that a coroutine that never began was not forgotten: Python would warn."""
    if inspect.iscoroutine(returned) and inspect.getcoroutinestate(returned) == "CORO_CREATED":
        returned.close()
