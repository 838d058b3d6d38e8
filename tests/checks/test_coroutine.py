"""Async checks: on the host's own event loop while that runs, else on one of ours."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import Any, TypeVar

import pytest
from tests.checks.bench import Bench
from tests.checks.given import PATIENCE, eventually

import obskit
from obskit import Registry, Status, default_runtime
from obskit.capture import Capture
from obskit.checks.runner import Attempt

_T = TypeVar("_T")


class Host:
    """An event loop that runs in a thread, as that of a server does."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.complaints: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.complaints.append(context))
        self.go_on()

    def go_on(self) -> None:
        self.thread = Thread(target=self.loop.run_forever, name="host", daemon=True)
        self.thread.start()
        eventually(self.loop.is_running)

    def do(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    @contextlib.contextmanager
    def blocked(self, then: Callable[[], object] = bool) -> Iterator[None]:
        """While it lasts nothing else runs on the loop."""
        begun, until = Event(), Event()

        def block() -> None:
            begun.set()
            until.wait(PATIENCE)
            then()

        self.loop.call_soon_threadsafe(block)
        assert begun.wait(PATIENCE)
        try:
            yield
        finally:
            until.set()

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError):  # closed
            self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()

    def close(self) -> None:
        self.stop()
        self.loop.close()
        assert self.complaints == []


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


@pytest.fixture
def bench(host: Host) -> Bench:
    bench = Bench()
    bench.registry.loop = host.loop
    return bench


def ended(attempt: Attempt) -> tuple[Status, str]:
    """What a run came to, once nothing of it goes on."""
    assert attempt.ended.wait(PATIENCE)
    assert attempt.result is not None
    return attempt.result.status, attempt.result.message


class Service:
    """A server of the host's, and a connection that the host keeps open to it."""

    async def begin(self) -> None:
        self.answers: set[asyncio.Task[None]] = set()
        self.server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        await self.connect()

    async def connect(self) -> None:
        address = self.server.sockets[0].getsockname()
        self.reader, self.writer = await asyncio.open_connection(*address)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.answers.add(task)
        while line := await reader.readline():
            writer.write(line)
        writer.close()
        await writer.wait_closed()

    async def ask(self) -> None:
        self.writer.write(b"3\n")
        if await self.reader.readline() != b"3\n":
            raise ConnectionError("the connection was closed")

    async def disconnect(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def end(self) -> None:
        await self.disconnect()
        self.server.close()
        await asyncio.wait(self.answers)


def test_a_check_may_use_a_connection_that_the_host_opened(host: Host, bench: Bench) -> None:
    service = Service()
    host.do(service.begin())
    check = bench.add("service", service.ask)
    assert bench.runner.run(check).status is Status.OK
    host.do(service.disconnect())
    broken = bench.runner.run(check)
    assert (broken.status, broken.message) == (
        Status.CRITICAL,
        "ConnectionError: the connection was closed",
    )
    host.do(service.connect())
    assert bench.runner.run(check).status is Status.OK
    host.do(service.end())


def test_a_check_waits_for_a_lock_that_the_host_holds(host: Host, bench: Bench) -> None:
    async def made() -> asyncio.Lock:
        lock = asyncio.Lock()
        await lock.acquire()
        return lock

    async def locked() -> int:
        waiting.set()
        async with lock:
            return 7

    lock, waiting = host.do(made()), Event()
    attempt = bench.runner.start(bench.add("rows", locked))
    assert waiting.wait(PATIENCE)
    host.loop.call_soon_threadsafe(lock.release)
    assert bench.runner.wait(attempt).value == 7.0


def test_the_host_goes_on_while_a_check_waits(host: Host, bench: Bench) -> None:
    async def answer() -> str:
        return "yes"

    async def waits() -> None:
        waiting.set()
        await asyncio.wait_for(forever, PATIENCE)

    waiting, forever = Event(), host.loop.create_future()
    attempt = bench.runner.start(bench.add("rows", waits))
    assert waiting.wait(PATIENCE)
    assert host.do(answer()) == "yes"
    host.loop.call_soon_threadsafe(forever.set_result, None)
    assert bench.runner.wait(attempt).status is Status.OK


def test_a_run_keeps_its_trace_on_the_hosts_loop(obskit_capture: Capture, host: Host) -> None:
    async def rows() -> None:
        seen.append(current_thread().name)
        await asyncio.sleep(0)
        obskit.get_logger("shop").warning("slow")

    seen: list[str] = []
    current = default_runtime.current()
    assert current is not None
    registry = Registry()
    registry.loop = host.loop
    result = current.watch(registry).runner.run(registry.add("rows", rows, every="1m"))
    assert seen == ["host"]
    assert result.trace_id == f"{1:032x}"
    slow = obskit_capture.lines[0]
    assert (slow["event"], slow["trace_id"]) == ("slow", result.trace_id)


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_a_check_raises_there_is_its_result_and_not_the_hosts(
    host: Host, bench: Bench, error: type[BaseException]
) -> None:
    async def broken() -> None:
        await asyncio.sleep(0)
        raise error("no")

    result = bench.runner.run(bench.add("rows", broken))
    assert (result.status, result.message) == (Status.CRITICAL, f"{error.__name__}: no")
    host.do(asyncio.sleep(0))


def test_a_coroutine_that_cancels_itself_failed(bench: Bench) -> None:
    async def broken() -> None:
        raise asyncio.CancelledError

    result = bench.runner.run(bench.add("rows", broken))
    assert (result.status, result.message) == (Status.CRITICAL, "CancelledError")


@pytest.mark.parametrize("closes", [True, False])
def test_when_its_time_is_up_a_coroutine_is_cancelled_there(bench: Bench, closes: bool) -> None:
    cleaned: list[str] = []

    async def stuck() -> None:
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            cleaned.append(current_thread().name)
            if closes:
                raise

    attempt = bench.runner.start(bench.add("stuck", stuck, timeout="20ms"))
    assert ended(attempt) == (Status.CRITICAL, "no answer within 20ms")
    assert cleaned == ["host"]


def test_on_a_blocked_loop_a_run_is_decided_without_it_and_never_begins(
    host: Host, bench: Bench
) -> None:
    ran: list[int] = []

    async def rows() -> None:
        ran.append(1)

    check = bench.add("rows", rows, timeout="10ms")
    with host.blocked():
        attempt = bench.runner.start(check)
        result = bench.runner.wait(attempt)
        assert (result.status, result.message) == (Status.CRITICAL, "no answer within 10ms")
        assert bench.runner.run(check).message == "its last run still hangs"
        assert not attempt.ended.is_set()
    assert attempt.ended.wait(PATIENCE)
    assert ran == []
    eventually(lambda: bench.runner.run(check).status is Status.OK)


def test_runs_that_wait_for_a_blocked_loop_are_those_that_hang(host: Host) -> None:
    async def rows() -> None: ...

    bench = Bench(max_hung=2)
    bench.registry.loop = host.loop
    with host.blocked():
        waiting = [bench.runner.start(bench.add(name, rows, timeout="10ms")) for name in "ab"]
        for attempt in waiting:
            bench.runner.wait(attempt)
        result = bench.runner.run(bench.add("other", lambda: None))
        assert result.message == "not run: 2 runs hang (a, b)"
    for attempt in waiting:
        assert attempt.ended.wait(PATIENCE)


def never_run(_: Host) -> AbstractEventLoop:
    return asyncio.new_event_loop()


def stopped(host: Host) -> AbstractEventLoop:
    host.stop()
    return host.loop


def closed(host: Host) -> AbstractEventLoop:
    host.close()
    return host.loop


@pytest.mark.parametrize("loop", [never_run, stopped, closed])
def test_without_a_loop_that_runs_a_check_has_one_of_its_own(
    host: Host, bench: Bench, loop: Callable[[Host], AbstractEventLoop]
) -> None:
    seen: list[AbstractEventLoop] = []

    async def rows() -> int:
        seen.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return 7

    hosts = bench.registry.loop = loop(host)
    assert bench.runner.run(bench.add("rows", rows)).value == 7.0
    assert hosts not in seen
    hosts.close()


def test_a_loop_that_stops_before_a_run_begins_leaves_it_to_one_of_ours(
    host: Host, bench: Bench
) -> None:
    seen: list[str] = []

    async def rows() -> int:
        seen.append(current_thread().name)
        return 7

    with host.blocked(then=host.loop.stop):
        attempt = bench.runner.start(bench.add("rows", rows))
        eventually(lambda: len(host.loop._ready) > 0)  # type: ignore[attr-defined]
    assert ended(attempt) == (Status.OK, "")
    host.thread.join(PATIENCE)
    host.go_on()
    host.do(asyncio.sleep(0))
    assert seen == ["obskit-check-rows"]


def test_a_loop_that_ends_during_a_run_makes_it_unknown(bench: Bench) -> None:
    """As a server does: its loop cancels what is left, and is closed."""
    began, loops = Event(), []

    async def main() -> None:
        loops.append(asyncio.get_running_loop())
        await asyncio.get_running_loop().run_in_executor(None, began.wait, PATIENCE)

    async def rows() -> None:
        began.set()
        await asyncio.sleep(PATIENCE)

    server = Thread(target=asyncio.run, args=(main(),), daemon=True)
    server.start()
    eventually(lambda: loops)
    bench.registry.loop = loops[0]
    result = bench.runner.run(bench.add("rows", rows))
    assert (result.status, result.message) == (
        Status.UNKNOWN,
        "not judged: the host's event loop ended during the run",
    )
    server.join(PATIENCE)
    assert not server.is_alive()


def test_a_run_that_its_loop_gave_up_does_not_go_on_with_it(host: Host, bench: Bench) -> None:
    came: list[str] = []
    began = Event()

    async def rows() -> None:
        began.set()
        try:
            await asyncio.sleep(10 * PATIENCE)
        except asyncio.CancelledError:
            came.append("cancelled")

    attempt = bench.runner.start(bench.add("rows", rows, timeout="10m"))
    assert began.wait(PATIENCE)
    host.stop()
    assert ended(attempt) == (
        Status.UNKNOWN,
        "not judged: the host's event loop ended during the run",
    )
    assert came == []
    host.go_on()
    eventually(lambda: came == ["cancelled"])


_FORKS = """
import asyncio, os, threading
import obskit
from obskit import default_runtime

async def rows():
    return threading.current_thread().name == "obskit-check-rows"

obskit.init("shop")
checks = obskit.Registry()
check = checks.add("rows", rows, every="1m", timeout="20s")
watch = default_runtime.current().watch(checks)
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
checks.loop = loop
print(watch.runner.run(check).status, flush=True)
if os.fork() == 0:
    print(watch.runner.run(check).status, flush=True)
    os._exit(0)
os.wait()
"""


def test_in_a_forked_child_the_parents_loop_is_none(tmp_path: Path) -> None:
    """It says there that it runs, and nothing runs it."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FORKS],
        env={**os.environ, "OBSKIT_RUN_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout.splitlines() == ["critical", "ok"]
