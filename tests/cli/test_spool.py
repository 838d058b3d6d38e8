"""`obskit spool`: what waits on disk is shown, sent, removed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.config.receiver import Receiver

click_testing = pytest.importorskip("click.testing")

from obskit.cli import main  # noqa: E402
from obskit.export.spool import Spool  # noqa: E402


class Time:
    """Two days ago."""

    def now(self) -> float:
        return 1_700_000_000.0

    monotonic = now


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", writer="w")


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A receiver that answers so to everything; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run(*arguments: object, input: str = "", **environ: str) -> Any:
    """The result of the command, in an environment without anything of ours."""
    ours = ("OTEL_", "OBSKIT_", "SENTRY_")
    cleared = {name: None for name in os.environ if name.startswith(ours)}
    runner = click_testing.CliRunner(env={**cleared, **environ})
    return runner.invoke(main, ["spool", *map(str, arguments)], input=input)


def test_nothing_waits_where_there_is_no_directory(tmp_path: Path) -> None:
    result = run("status", "--directory", tmp_path / "none")
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        [f"directory    {tmp_path}/none", "limits       128 MiB, 1d", "waiting      0 B"],
    )
    assert run("purge", "--directory", tmp_path / "none").output == "nothing waits\n"
    assert run("replay", "--directory", tmp_path / "none").output == "nothing waits\n"
    assert not (tmp_path / "none").exists()


def test_the_status_is_a_table(spool: Spool) -> None:
    spool.put("traces", b"body", 12)
    spool.put("traces", b"body", 13)
    (spool.directory / "00000000000000000042-7-000001-3.logs").write_bytes(b"?" * 2_048)
    Spool(spool.directory).oldest("logs")
    spool.put("logs", b"body", 4)
    lines = run("status", "--directory", spool.directory).output.splitlines()
    assert lines[2] == "signal        batches    records       size   oldest"
    assert lines[3].split()[:3] == ["logs", "1", "4"]
    assert lines[4].split()[:3] == ["traces", "2", "25"]
    assert lines[4].endswith("ms") or lines[4].endswith("s")
    assert len({len(line) for line in lines[2:5]}) == 1


def test_damaged_files_are_told_of(spool: Spool) -> None:
    spool.directory.mkdir()
    (spool.directory / "00000000000000000042-7-000001-3.logs").write_bytes(b"?")
    Spool(spool.directory, max_age=1e12).oldest()
    lines = run("status", "--directory", spool.directory).output.splitlines()
    assert lines[-1] == f"set aside    1 damaged, see {spool.directory}/torn"


def test_the_status_is_json_too_with_the_limits_that_are_configured(spool: Spool) -> None:
    spool.put("traces", b"body", 12)
    shown = json.loads(run("status", "--json", OBSKIT_SPOOL_DIR=str(spool.directory)).output)
    limits = {"OBSKIT_SPOOL_MAX_BYTES": "1000", "OBSKIT_SPOOL_MAX_AGE": "60"}
    result = run("status", "--json", OBSKIT_SPOOL_DIR=str(spool.directory), **limits)
    bounded = json.loads(result.output)
    assert shown["directory"] == str(spool.directory)
    assert shown["signals"]["traces"]["records"] == 12
    assert (shown["max_bytes"], bounded["max_bytes"]) == (134_217_728, 1_000)
    assert (shown["max_age_seconds"], bounded["max_age_seconds"]) == (86_400.0, 60.0)


def test_each_service_has_its_own_directory(tmp_path: Path) -> None:
    result = run("status", "--service", "shop", HOME=str(tmp_path))
    assert f"directory    {tmp_path}/.local/state/obskit/shop/spool\n" in result.output


def test_purging_asks_first(spool: Spool) -> None:
    """And tells how much it is."""
    spool.put("traces", b"body", 12)
    spool.put("logs", b"body", 3)
    kept = run("purge", "--directory", spool.directory, input="n\n")
    assert kept.exit_code == 1
    assert kept.output.startswith(f"Remove 3 logs, 12 traces from {spool.directory}? [y/N]")
    assert spool.signals() == ["logs", "traces"]
    done = run("purge", "--directory", spool.directory, input="y\n")
    assert (done.exit_code, "removed " in done.output) == (0, True)
    assert spool.signals() == []


def test_purging_need_not_ask(spool: Spool) -> None:
    spool.put("traces", b"body", 12)
    done = run("purge", "--yes", "--directory", spool.directory)
    assert (done.exit_code, done.output) == (0, "removed 12 traces\n")
    assert list(spool.directory.iterdir()) == []


def test_what_waits_is_sent_in_order_however_old(tmp_path: Path, receiver: Receiver) -> None:
    spool = Spool(tmp_path / "spool", clock=Time())
    for number in range(3):
        spool.put("traces", b"\x0a\x00" * (number + 1), 10)
    spool.put("logs", b"", 1)
    result = run("replay", "--directory", spool.directory, "--endpoint", f"{receiver.url}/")
    assert (result.exit_code, result.output) == (0, "sent 1 logs, 30 traces\n")
    sent = [request.body for request in receiver.of("/v1/traces")]
    assert sent == [b"\x0a\x00", b"\x0a\x00" * 2, b"\x0a\x00" * 3]
    assert len(receiver.of("/v1/logs")) == 1
    assert spool.signals() == []


def test_it_goes_where_and_how_it_is_configured(spool: Spool, receiver: Receiver) -> None:
    """Each signal to its own."""
    spool.put("traces", b"\x0a\x00", 1)
    environ = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver.url}/of/traces",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=shop",
        "OBSKIT_SPOOL_DIR": str(spool.directory),
    }
    assert run("replay", **environ).exit_code == 0
    (request,) = receiver.of("/of/traces")
    assert request.headers["x-tenant"] == "shop"
    assert request.headers["content-type"] == "application/x-protobuf"


def test_configured_headers_do_not_go_to_a_receiver_that_was_given(
    spool: Spool, receiver: Receiver
) -> None:
    """They may hold what only the configured one shall know."""
    spool.put("traces", b"\x0a\x00", 1)
    environ = {"OTEL_EXPORTER_OTLP_HEADERS": "x-key=hunter2"}
    arguments = ("--directory", spool.directory, "--endpoint", receiver.url)
    assert run("replay", *arguments, **environ).exit_code == 0
    assert "x-key" not in receiver.of("/v1/traces")[0].headers


def test_what_is_not_taken_remains(spool: Spool) -> None:
    """And the receiver's words are told."""
    spool.put("traces", b"\x0a\x00", 12)
    spool.put("traces", b"\x0a\x00", 13)
    with answering(400, b"no such tenant") as url:
        result = run("replay", "--directory", spool.directory, "--endpoint", url)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "traces: HTTP 400: no such tenant",
        "sent nothing",
        f"25 traces still wait in {spool.directory}",
    ]
    assert spool.snapshot()["signals"]["traces"]["batches"] == 2


def test_what_a_receiver_took_in_part_is_told_of(spool: Spool) -> None:
    """Sending it again would not help."""
    spool.put("traces", b"\x0a\x00", 12)
    with answering(200, b"\x0a\x0c\x08\x03\x12\x08too long") as url:
        result = run("replay", "--directory", spool.directory, "--endpoint", url)
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        ["traces: too long", "traces: 3 records were rejected", "sent 12 traces"],
    )


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        },
    ],
)
def test_without_a_receiver_it_says_what_to_give(spool: Spool, environ: dict[str, str]) -> None:
    spool.put("traces", b"\x0a\x00", 12)
    result = run("replay", "--directory", spool.directory, **environ)
    assert result.exit_code == 1
    assert "traces: no receiver over HTTP: give --endpoint" in result.output


def test_while_another_process_sends_it_does_nothing(spool: Spool, receiver: Receiver) -> None:
    spool.put("traces", b"\x0a\x00", 12)
    with spool.replaying():
        result = run("replay", "--directory", spool.directory, "--endpoint", receiver.url)
    assert result.exit_code == 1
    assert "another process is sending" in result.output
    assert receiver.requests == []


def test_what_cannot_be_read_is_told_of(spool: Spool, receiver: Receiver) -> None:
    spool.directory.mkdir()
    (spool.directory / "00000000000000000042-7-000001-3.logs").write_bytes(b"?")
    result = run("replay", "--directory", spool.directory, "--endpoint", receiver.url)
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        [f"3 logs could not be read, see {spool.directory}/torn", "sent nothing"],
    )


@pytest.mark.parametrize(
    ("arguments", "environ", "message"),
    [
        (["replay", "--endpoint", "localhost"], {}, "use an http:// or https:// URL with a host"),
        (["replay", "--endpoint", "otel:4318"], {}, "use an http:// or https:// URL with a host"),
        (["replay", "--endpiont", "x"], {}, "--endpoint"),
        (["send"], {}, "No such command 'send'"),
        (["status"], {"OBSKIT_LOG_LEVEL": "loud"}, "1 wrong value in the configuration of obskit"),
    ],
)
def test_a_wrong_use_is_told_with_a_code_of_its_own(
    arguments: list[str], environ: dict[str, str], message: str
) -> None:
    """1 would say that something remains."""
    result = run(*arguments, **environ)
    assert result.exit_code == 4
    assert message in result.output


def test_what_cannot_be_removed_is_told_of(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root would be refused nothing, so the refusal is put in place."""
    spool.put("traces", b"body", 12)

    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", refuse)
    result = run("purge", "--yes", "--directory", spool.directory)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "removed nothing",
        f"12 traces still wait in {spool.directory}",
    ]
