"""What checks do in a process of their own: functions of a module, which a new interpreter finds."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path
from typing import NoReturn

from obskit import CheckResult
from obskit.checks.measurement import Measurement


class Odd(Exception):
    """An exception that cannot be made again from what it holds."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} is odd: {why}")


def process() -> int:
    return os.getpid()


def never(begun: Path) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    begun.touch()
    while True:
        time.sleep(60)


def broken() -> NoReturn:
    raise ConnectionRefusedError(111, "refused")


def odd() -> NoReturn:
    raise Odd("row 7", "no hours")


def gone() -> NoReturn:
    os._exit(7)


def ended() -> NoReturn:
    raise SystemExit(3)


def lock() -> object:
    return threading.Lock()


def result() -> CheckResult:
    return CheckResult.warning("few", value=2, details={"a": {"b": 1}}, evidence=["row 1"])


def measurement() -> Measurement:
    return Measurement(7, "{row}", details={"table": "orders"}, evidence=["row 1"])


async def waits_a_little() -> int:
    await asyncio.sleep(0.01)
    return 7
