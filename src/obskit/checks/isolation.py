"""A run in a process of its own, which can be killed where a thread cannot."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import pickle
from collections.abc import Awaitable, Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from obskit.hosting import ISOLATED
from obskit.redaction import describe

# For a child that was told to end, seconds.
_GRACE = 1.0


class Killed(Exception):
    """The child was killed: its time was up."""


class ChildFailed(Exception):
    """The subject could not run there, or what it raised does not survive the way."""


def call(subject: Callable[[], object], seconds: float) -> object:
    """Call a subject in a child, and wait for what it returns.

    The child is a new interpreter: it imports the module of the subject, and knows nothing else of
    this process. It has no application context of the host; a subject opens what it needs.

    Args:
        subject: A function of a module, or an object that can be pickled.
        seconds: After so many the child is killed.

    Raises:
        Killed: Its time was up.
        ChildFailed: The subject cannot be sent there, or the child died.
        BaseException: What the subject raised.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_run, args=(subject, theirs), name=ISOLATED, daemon=True)
    try:
        child.start()
    except Exception as error:
        ours.close()
        raise ChildFailed(
            f"it cannot run in a process of its own ({describe(error)}):"
            " make it a function of a module"
        ) from None
    finally:
        theirs.close()
    try:
        return _received(ours, seconds)
    except EOFError:
        child.join(_GRACE)
        raise ChildFailed(f"its process died with exit code {child.exitcode}") from None
    finally:
        ours.close()
        child.kill()
        child.join(_GRACE)
        with suppress(ValueError):  # the kernel does not let it go yet
            child.close()


def _received(pipe: Connection, seconds: float) -> object:
    if not pipe.poll(max(0.0, seconds)):
        raise Killed
    failed, value = pipe.recv()
    if failed:
        raise value
    return value


def _run(subject: Callable[[], object], pipe: Connection) -> None:
    told: tuple[bool, Any]
    try:
        returned = subject()
        told = False, asyncio.run(_end_of(returned)) if inspect.isawaitable(returned) else returned
    except BaseException as error:
        told = True, _sendable(error)
    try:
        pipe.send(told)
    except Exception as error:
        unsent = ChildFailed(f"what it returned cannot be sent: {describe(error)}")
        pipe.send((True, unsent))


async def _end_of(returned: Awaitable[object]) -> object:
    return await returned


def _sendable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - its own
    except Exception:
        return ChildFailed(describe(error))
    return error
