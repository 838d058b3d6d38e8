"""Work on a thread of its own, which nobody has to wait for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


def begin(work: Callable[[], Result]) -> Future[Result]:
    """Begin it. Where it does not end, the process ends all the same.

    Args:
        work: What is done.

    >>> begin(lambda: 7).result(10)
    7
    """
    coming: Future[Result] = Future()

    def run() -> None:
        try:
            coming.set_result(work())
        except BaseException as error:  # told where it is waited for
            coming.set_exception(error)

    Thread(target=run, name="obskit-doctor", daemon=True).start()
    return coming
