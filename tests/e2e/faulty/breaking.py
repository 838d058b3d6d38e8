"""The ways in which a shop is broken from outside; each mends it in the end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from sqlite3 import connect
from threading import Event, Thread
from time import sleep, time

from tests.e2e.stack import Stack

from .house import House

Broken = AbstractContextManager[object]


@contextmanager
def locked(house: House) -> Iterator[None]:
    """Somebody holds the whole database, and does not commit."""
    with closing(connect(house.home / "shop.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full(house: House) -> Iterator[None]:
    """The disk of the shop, in its own mount, is filled."""
    file = Path(f"/proc/{house.process('worker').pid}/root{house.home}/disk/filler")
    subprocess.run(["dd", "if=/dev/zero", f"of={file}", "bs=32k"], check=False, capture_output=True)
    yield
    file.unlink()


@contextmanager
def meanwhile(act: Callable[[], None], every: float) -> Iterator[None]:
    """Do something again and again."""
    enough = Event()

    def go_on() -> None:
        while not enough.is_set():
            act()
            enough.wait(every)

    thread = Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def synchronised(house: House) -> Broken:
    """What must come again and again comes."""

    def synchronise() -> None:
        with house.database() as database:
            database.execute("INSERT INTO syncs VALUES (?)", [time()])

    return meanwhile(synchronise, 1.0)


def visitors(house: House) -> Broken:
    """Somebody comes all the time."""
    return house.visited("/", 0.5)


def written(house: House) -> Broken:
    """Something bad is written to the log, again and again."""

    def write() -> None:
        with (house.home / "shop.log").open("a") as log:
            log.write("CRITICAL: out of paper\n")

    return meanwhile(write, 1.0)


@contextmanager
def flapping(house: House) -> Iterator[None]:
    """It is so, and not so, and so."""
    file = house.home / "sold-out"

    def turn() -> None:
        if file.exists():
            file.unlink()
        else:
            file.touch()

    with meanwhile(turn, 1.4):
        yield
    file.unlink(missing_ok=True)


def restarting(house: House) -> Broken:
    """Gunicorn's worker is killed once it serves, and so are some that follow."""
    left = [0] * 6

    def kill() -> None:
        house.await_ready()
        sleep(5)  # so long that it was heard of
        if left:
            left.pop()
            master = house.process("web").pid
            found = subprocess.run(["pgrep", "-P", str(master)], capture_output=True, check=False)
            for pid in found.stdout.split():
                os.kill(int(pid), signal.SIGKILL)

    return meanwhile(kill, 0.5)


@contextmanager
def away(stack: Stack) -> Iterator[None]:
    """The collector, which all telemetry goes through, is killed."""
    stack.processes["collector"].kill()
    yield
    stack.start("collector")


@contextmanager
def used_up(house: House) -> Iterator[None]:
    """More is asked of a provider than it allows."""
    house.get("/maps/25")
    yield


@contextmanager
def exploded(house: House) -> Iterator[None]:
    """A label for each customer; in the end the shop is deployed anew, without a break."""
    for customer in range(60):
        house.get(f"/visits/{customer}")
    yield
    os.kill(house.process("web").pid, signal.SIGHUP)


@contextmanager
def deployed(house: House, stack: Stack) -> Iterator[None]:
    """The rules of a job are there, and nobody runs it; in the end somebody does."""
    rules = stack.directory / "prometheus" / "etc" / "rules"
    for file in house.rules.glob("shop@*.yml"):
        (rules / file.name).write_text(file.read_text())
    stack.processes["prometheus"].reload()
    yield
    house.start("jobs")


@contextmanager
def canary(house: House) -> Iterator[None]:
    """A newer version runs beside, with a check that no rule knows."""
    house.start("canary")
    yield
    house.process("canary").stop(seconds=10)
