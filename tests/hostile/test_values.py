"""Whatever a host hands over: its request is answered, and every record is accounted for."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from psutil import Process
from tests.faults import faulty
from tests.hostile.host import PATIENCE, answer, balanced, lines, running
from tests.hostile.values import VALUES

import obskit
from obskit.runtime import Runtime
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger("shop.stock")


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[Runtime]:
    """A runtime whose receiver takes everything."""
    with faulty() as server:
        with running(tmp_path, **{"otlp.endpoint": f"http://127.0.0.1:{server.port}"}) as runtime:
            yield runtime


def hand_over(value: Any) -> None:
    """Give a value to everything that takes one."""
    obskit.bind(bound=value)
    obskit.get_logger("shop").info("event", field=value)
    obskit.get_logger("shop").info(value)
    log.warning("of %s", "logging", extra={"extra": value})
    obskit.metrics.count("orders", attribute=value)
    obskit.metrics.gauge("stock", value)
    with obskit.span("work", attribute=value):
        pass
    if isinstance(value, BaseException):
        log.error("failed", exc_info=value)
        with suppress(type(value)), obskit.span("fail"):
            raise value


def serving(do: Any) -> ObskitMiddleware:
    """An app that does something before it answers."""

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        do()
        start_response("200 OK", [])
        return [b"ok"]

    return ObskitMiddleware(app)


def resident() -> int:
    """Bytes that this process needs: what is free again is given back, which glibc does only now and then."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    return Process().memory_info().rss


@pytest.mark.parametrize("name", VALUES)
def test_a_value_that_is_too_much_costs_no_request_and_little_memory(
    name: str,
    sending: Runtime,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The handlers of pytest keep every line, as long as it is.
    monkeypatch.setattr(log, "propagate", False)
    monkeypatch.setattr(log, "handlers", [])
    value = VALUES[name]()
    # Not by tracemalloc: to stop it while other threads allocate breaks the process (python/cpython#128679).
    before = resident()
    said, headers, body = answer(serving(lambda: hand_over(value)), {"PATH_INFO": "/"})
    held = resident() - before
    assert (said, body) == ("200 OK", b"ok")
    assert held < 40_000_000
    assert sending.flush(PATIENCE)
    ledger = sending.ledger.snapshot()
    assert balanced(ledger) == dict.fromkeys(ledger, True)
    assert ledger["traces"]["exported"] >= 2
    assert ledger["logs"]["dropped"] == {}
    written = [line for line in lines(capfd.readouterr().err) if "request_id" in line]
    assert len(written) == ledger["logs"]["accepted"] >= 4
    assert {line["request_id"] for line in written} == {headers["X-Request-ID"]}
    assert all(len(str(line)) < 100_000 for line in written)
