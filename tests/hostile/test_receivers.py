"""A host's requests while the receiver of all its signals misbehaves in every way there is."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests import faults
from tests.faults import faulty
from tests.faulty import Behaviour, Faulty
from tests.hostile.host import PATIENCE, Shop, balanced, lines, running

from obskit.runtime import Runtime

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#: What leaves a batch unsent: it is tried again.
AWAY: dict[str, Behaviour] = {
    "hang": faults.hang,
    "never read": faults.stall,
    "close": faults.close,
    "reset": faults.reset,
    "reset in the answer": faults.reset_in_answer(b"HTTP/1.1 2"),
    "garbage": faults.garbage,
    "too slow": faults.trickle(OK * 100),
    "storm of 503": faults.status(503),
    "429 with Retry-After": faults.status(429, {"Retry-After": "3600"}),
    "endless headers": faults.raw(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1_000),
}
#: What drops a batch.
REFUSING: dict[str, tuple[Behaviour, str]] = {
    "storm of 500": (faults.status(500), "http_500"),
    "413": (faults.status(413), "http_413"),
    "redirect": (faults.redirect("http://127.0.0.1:9/"), "redirect"),
    "401": (faults.status(401, body=b"\xff" * 9_000), "http_401"),
}
#: What takes it, in a strange way.
TAKING: dict[str, Behaviour] = {
    "gzip garbage": faults.gzip_garbage,
    "slow": faults.trickle(OK, 0.001),
    "answer that breaks": faults.reset_in_answer(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\x0a"
    ),
}
SIGNALS = ("traces", "metrics", "logs")


def told(written: str) -> list[tuple[str, str]]:
    """Level and first words of what the export said; the rest must be the host's own lines."""
    assert "Traceback" not in written
    known = {"shop", "shop.stock", "obskit.access", "obskit", "obskit.export"}
    every = lines(written)
    assert {line["logger"] for line in every} <= known
    said = [line for line in every if line["logger"] == "obskit.export"]
    return [(line["level"], re.split(": |, after", line["event"])[0]) for line in said]


def ledger_at_the_end(runtime: Runtime) -> dict[str, Any]:
    runtime.shutdown()
    ledger = runtime.ledger.snapshot()
    assert balanced(ledger) == dict.fromkeys(ledger, True)
    assert [ledger[signal]["queued"] for signal in SIGNALS] == [0, 0, 0]
    return ledger


def heal(server: Faulty, way: str) -> None:
    """From now on the receiver is as it should be."""
    server.behaviour = faults.accept
    if way == "refuse":
        server.listen()


@pytest.mark.parametrize("spool", [0, 10_000_000], ids=["in memory", "on disk"])
@pytest.mark.parametrize("way", [*AWAY, "refuse"])
def test_while_the_receiver_is_away_the_host_goes_on_and_is_told_once(
    way: str, spool: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shop = Shop()
    with faulty(AWAY.get(way, faults.accept)) as server:
        if way == "refuse":
            server.refuse()
        address = f"http://127.0.0.1:{server.port}"
        with running(tmp_path, spool_max_bytes=spool, **{"otlp.endpoint": address}) as runtime:
            shop.serve(10)
            runtime.flush(PATIENCE)
            shop.serve(2)
            heal(server, way)
            shop.serve(2)
            assert runtime.flush(PATIENCE)
            ledger = ledger_at_the_end(runtime)
    assert len(set(shop.ids)) == 56
    assert told(capfd.readouterr().err) == [
        ("warning", f"telemetry cannot be sent to {address}"),
        ("info", f"telemetry is sent to {address} again"),
    ]
    assert [ledger[signal]["dropped"] for signal in SIGNALS] == [{}, {}, {}]
    assert (ledger["traces"]["accepted"], ledger["logs"]["accepted"]) == (112, 168)


@pytest.mark.parametrize("way", REFUSING)
def test_what_the_receiver_refuses_is_counted_and_told_once_for_each_signal(
    way: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    behaviour, reason = REFUSING[way]
    shop = Shop()
    with faulty(behaviour) as server:
        address = f"http://127.0.0.1:{server.port}"
        with running(tmp_path, **{"otlp.endpoint": address}) as runtime:
            shop.serve(5)
            runtime.flush(PATIENCE)
            shop.serve(5)
            ledger = ledger_at_the_end(runtime)
    assert len(set(shop.ids)) == 40
    assert sorted(told(capfd.readouterr().err)) == [
        ("warning", f"{address} refuses {signal}") for signal in sorted(SIGNALS)
    ]
    for signal in SIGNALS:
        assert ledger[signal]["dropped"] == {reason: ledger[signal]["accepted"]}


@pytest.mark.parametrize("way", TAKING)
def test_a_strange_answer_that_takes_is_no_news(
    way: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shop = Shop()
    with faulty(TAKING[way]) as server:
        address = f"http://127.0.0.1:{server.port}"
        patient = {f"{kind}_export_timeout_ms": 60_000 for kind in ("span", "metric", "log")}
        with running(tmp_path, **patient, **{"otlp.endpoint": address}) as runtime:
            shop.serve(10)
            assert runtime.flush(PATIENCE)
            ledger = ledger_at_the_end(runtime)
    assert len(set(shop.ids)) == 40
    assert told(capfd.readouterr().err) == []
    for signal in SIGNALS:
        assert ledger[signal]["exported"] == ledger[signal]["accepted"]


def test_batches_that_are_too_large_arrive_in_parts(tmp_path: Path) -> None:
    shop = Shop()
    with faulty(faults.too_large_above(20_000)) as server:
        address = f"http://127.0.0.1:{server.port}"
        with running(tmp_path, **{"otlp.endpoint": address}) as runtime:
            shop.serve(25)
            assert runtime.flush(PATIENCE)
            ledger = ledger_at_the_end(runtime)
    assert [ledger[signal]["dropped"] for signal in SIGNALS] == [{}, {}, {}]
    assert (ledger["traces"]["exported"], ledger["logs"]["exported"]) == (200, 300)


def test_a_wrong_certificate_is_an_outage_and_its_end_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trusted = trustme.CA()
    trusted.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    right = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trusted.issue_cert("localhost").configure_cert(right)
    shop = Shop()
    with faulty(tls=faults.strange_tls()) as server:
        address = f"https://localhost:{server.port}"
        options = {"otlp.endpoint": address, "otlp.certificate": str(tmp_path / "ca.pem")}
        with running(tmp_path, **options) as runtime:
            shop.serve(10)
            runtime.flush(PATIENCE)
            assert server.requests == []
            server.tls = right
            shop.serve(2)
            assert runtime.flush(PATIENCE)
            ledger_at_the_end(runtime)
    assert len(set(shop.ids)) == 48
    assert told(capfd.readouterr().err) == [
        ("warning", f"telemetry cannot be sent to {address}"),
        ("info", f"telemetry is sent to {address} again"),
    ]
