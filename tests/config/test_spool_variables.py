"""Variables of what happens while the receiver is away."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from .child import serve
from .receiver import Receiver
from .variables import shows

_SPAN = """
with obskit.span("work"):
    pass
sent = obskit.flush(20)
account = obskit.status()["ledger"]["traces"]
print(json.dumps([sent, account["spooled"], account["queued"]]))
"""


@pytest.fixture
def nowhere() -> dict[str, str]:
    """A receiver that refuses connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://127.0.0.1:{port}/v1/traces"}


@shows("OBSKIT_SPOOL_DIR")
def test_what_cannot_be_sent_waits_in_the_folder_and_leaves_with_a_later_process(
    nowhere: dict[str, str], tmp_path: Path
) -> None:
    environ = {"OBSKIT_SPOOL_DIR": str(tmp_path / "waiting")}
    assert serve(_SPAN, {**nowhere, **environ}, tmp_path) == [True, 1, 0]
    (waiting,) = (tmp_path / "waiting").glob("*.traces")
    with Receiver() as receiver:
        there = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver.url}/v1/traces"}
        script = """
import pathlib, time
obskit.metrics.count("starts")  # nothing of it leaves, but something waits
with obskit.span("later"):
    pass
while list(pathlib.Path("waiting").glob("*.traces")):
    time.sleep(0.05)
"""
        serve(script, {**there, **environ}, tmp_path)
        assert list(receiver.spans()) == ["later", "work"]
    assert not waiting.exists()


@shows("OBSKIT_SPOOL_MAX_BYTES")
def test_without_a_spool_it_waits_in_memory(nowhere: dict[str, str], tmp_path: Path) -> None:
    environ = {
        **nowhere,
        "OBSKIT_SPOOL_DIR": str(tmp_path / "waiting"),
        "OBSKIT_SPOOL_MAX_BYTES": "0",
        "OBSKIT_SHUTDOWN_TIMEOUT": "1",
    }
    assert serve(_SPAN, environ, tmp_path) == [False, 0, 1]
    assert not (tmp_path / "waiting").exists()


@shows("OBSKIT_SPOOL_MAX_AGE")
def test_what_waits_for_too_long_is_dropped_and_counted(
    nowhere: dict[str, str], tmp_path: Path
) -> None:
    script = """
import time
for name in ("first", "second"):
    with obskit.span(name):
        pass
    obskit.flush(20)
    time.sleep(1.2)
account = obskit.status()["ledger"]["traces"]
print(json.dumps([account["spooled"], account["dropped"]]))
"""
    environ = {**nowhere, "OBSKIT_SPOOL_MAX_AGE": "1"}
    assert serve(script, environ, tmp_path) == [1, {"spool_age": 1}]


@shows("OBSKIT_ON_EXPORT_ERROR")
def test_a_function_of_the_host_is_told_of_each_batch_that_was_not_taken(
    nowhere: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "shop.py").write_text(
        "told = []\ndef on_error(error):\n    told.append(error)\n    raise ValueError\n"
    )
    script = """
import shop
with obskit.span("work"):
    pass
obskit.flush(20)
(error,) = shop.told
print(json.dumps([error.signal, error.reason, error.records, error.kept]))
"""
    environ = {
        **nowhere,
        "OBSKIT_ON_EXPORT_ERROR": "shop:on_error",
        "PYTHONPATH": str(tmp_path),
    }
    assert serve(script, environ, tmp_path) == ["traces", "connection_refused", 1, True]
