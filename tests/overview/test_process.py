"""What a process alone knows of itself, as it tells it and as it is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from time import time

import pytest
from tests.checks.given import eventually
from tests.config.receiver import Receiver
from tests.processes.server import free_port
from tests.running import running

from obskit import CheckResult, context
from obskit.config import Config
from obskit.context import Scope
from obskit.operations.operation import operation
from obskit.operations.quota import quota
from obskit.overview import standing
from obskit.overview.standing import Told
from obskit.registry import Registry
from obskit.runtime import Runtime


def only(config: Config) -> Told:
    """What the one process tells that serves now."""
    found: list[Told] = []

    def told() -> bool:
        found[:], problems = standing.read(config, time())
        assert problems == []
        return bool(found)

    eventually(told)
    (one,) = found
    return one


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Runtime]:
    """A runtime of a service whose status page is on."""
    with running(run_dir=str(tmp_path), version="1.4.2", console=True, log_level="INFO") as runtime:
        yield runtime


def test_a_process_that_serves_tells_of_itself(shop: Runtime) -> None:
    registry = Registry()
    payment = operation("payment", registry=registry)
    crm = quota("crm", limit=10, per="1h", registry=registry)
    ready = registry.add("ready", lambda: CheckResult.critical("no"), every="1m", scope="process")
    shared = registry.add("rows", lambda: 3, every="1h")
    for _ in range(2):
        with payment.run() as run:
            run.fail("declined")
    crm.use(7)
    watch = shop.watch(registry)
    watch.runner.run(ready)
    watch.runner.run(shared)
    shop.serving()
    told = only(shop.config)
    assert told.process.pid == os.getpid()
    assert told.process.instance == shop.resource.attributes["service.instance.id"]
    assert told.process.release == "1.4.2"
    assert told.process.heard >= told.process.started
    assert told.process.exporters["metrics"] == {
        "exporter": "none",
        "endpoint": None,
        "protocol": "http/protobuf",
        "reached": None,
    }
    assert (told.operations["payment"].runs, told.operations["payment"].failed) == (
        2,
        {"declined": 2},
    )
    assert told.quotas == {"crm": (7, 7)}
    assert [(run.check, run.damped, run.message) for run in told.checks] == [
        ("ready", "critical", "no")
    ]


@pytest.mark.parametrize("is_there", [True, False])
def test_whether_a_receiver_is_reached_is_told(tmp_path: Path, is_there: bool) -> None:
    with Receiver() as receiver:
        url = receiver.url if is_there else f"http://127.0.0.1:{free_port()}"
        with running(run_dir=str(tmp_path), console=True, **{"otlp.endpoint": url}) as runtime:
            with runtime.server.tracer.start_as_current_span("work"):  # type: ignore[union-attr]
                pass
            runtime.serving()
            runtime.flush()
            eventually(
                lambda: only(runtime.config).process.exporters["traces"]["reached"] is is_there
            )


def test_an_error_is_told_with_its_request_and_without_its_secret(shop: Runtime) -> None:
    with context.entered(Scope("r-1")):
        try:
            raise KeyError("password=hunter2")
        except KeyError as raised:
            shop.pipeline.emit("shop", 40, "it broke", {}, raised)
    shop.serving()
    (error,) = only(shop.config).errors
    assert (error.type, error.where, error.request_id) == ("KeyError", "shop", "r-1")
    assert error.message == "'password=[redacted]'"
    path = next(standing.folder(shop.config).glob("*.json"))
    assert b"hunter2" not in path.read_bytes()


def test_at_its_end_it_is_told_of_no_more(shop: Runtime) -> None:
    shop.serving()
    only(shop.config)
    shop.shutdown()
    assert list(standing.folder(shop.config).glob("*.json")) == []


def test_a_script_tells_of_nothing(shop: Runtime) -> None:
    with shop.server.tracer.start_as_current_span("work"):  # type: ignore[union-attr]
        pass
    shop.shutdown()
    assert list(standing.folder(shop.config).glob("*.json")) == []


def test_where_there_is_no_status_page_nothing_is_written_at_all(tmp_path: Path) -> None:
    with running(run_dir=str(tmp_path)) as runtime:
        runtime.pipeline.emit("shop", 40, "it broke", {})
        runtime.serving()
        runtime.shutdown()
        assert not standing.folder(runtime.config).exists()
