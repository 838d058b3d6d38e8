"""Why lines may not be found in files."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from tests.checks.given import PATIENCE, eventually
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host
from tests.cli.top.given import shop
from tests.faults import refusing

from obskit import Registry
from obskit.cli.doctor.logs import diagnose
from obskit.cli.doctor.patient import Patient
from obskit.config import load


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@contextmanager
def nobody() -> Iterator[None]:
    """Root may write anywhere: it becomes another user meanwhile."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(65_534, 65_534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def log(app: Host, doctor: Doctor, tmp_path: Path) -> Path:
    log = tmp_path / "log" / "app.log"
    log.write_text("{}\n")
    return log


def test_a_folder_that_is_written_to_is_well(log: Path, doctor: Doctor) -> None:
    found = doctor("logs")
    assert found.exit_code == 0
    assert f"{log.parent} is written to, " in found.output


def test_a_folder_that_is_not_there_is_found(log: Path, doctor: Doctor) -> None:
    shutil.rmtree(log.parent)
    found = doctor("logs")
    assert found.exit_code == 1
    assert f"{log.parent} is no folder: make it: mkdir -p {log.parent}" in found.output


def test_a_folder_without_a_log_file_is_found(log: Path, doctor: Doctor) -> None:
    log.unlink()
    assert "holds no log file: start the service with this folder" in doctor("logs").output


def test_files_that_nothing_was_written_to_for_a_day_are_found(log: Path, doctor: Doctor) -> None:
    before = time.time() - 3 * 86_400
    os.utime(log, (before, before))
    found = doctor("logs").output
    assert f"nothing was written to {log.parent} for 3d: see that the service runs" in found


def test_of_several_files_the_newest_tells_whether_anything_is_written(
    log: Path, doctor: Doctor
) -> None:
    before = time.time() - 3 * 86_400
    for name in ("access", "imports"):
        old = log.with_name(f"{name}.log")
        old.write_text("{}\n")
        os.utime(old, (before, before))
    found = doctor("logs")
    assert (found.exit_code, f"{log.parent} is written to, " in found.output) == (0, True)


def test_a_file_that_cannot_be_written_is_found(host: Host) -> None:
    with TemporaryDirectory() as folder:  # below one that everybody can enter
        Path(folder).chmod(0o755)
        log = Path(folder, "app.log")
        log.write_text("{}\n")
        log.chmod(0o400)
        config = load({"service": "shop"}, {"OBSKIT_LOG_FOLDER": folder})
        patient = Patient(config, Registry(), host.store, Path("alerts.toml"), time.time())
        with nobody():
            found = [each.what for each in diagnose(patient)]
    assert f"{log} cannot be written by this user" in found
    assert [each for each in found if "is written to" in each] == []


def test_a_disk_that_is_nearly_full_is_found(
    log: Path, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100, 96, 4))
    assert f"the disk of {log.parent} is 96% full: make room" in doctor("logs").output


def test_rotated_files_that_nobody_compressed_are_found(log: Path, doctor: Doctor) -> None:
    for number in range(21):
        (log.parent / f"app.log-20260101T0000{number:02}.000000-7").touch()
    assert "21 rotated files in" in doctor("logs").output
    for path in log.parent.glob("app.log-*"):
        path.rename(f"{path}.gz")
    assert "rotated files" not in doctor("logs").output


def test_no_file_is_needed_where_lines_leave_over_otlp(app: Host, doctor: Doctor) -> None:
    found = doctor("logs", OBSKIT_LOG_FOLDER=None, OTEL_EXPORTER_OTLP_ENDPOINT="http://otel:4318")
    assert (found.exit_code, found.stdout) == (
        0,
        (
            "OK      logs          no file is written, as there is no folder; lines leave over"
            " OTLP\n"
        ),
    )


def test_a_process_that_loses_its_lines_is_found(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("flask", reason="Flask is not installed")
    environ = {
        "OBSKIT_CONSOLE": "true",
        "OBSKIT_RUN_DIR": str(app.folder / "run"),
        "OBSKIT_SPOOL_MAX_BYTES": "0",
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
        "OTEL_BLRP_MAX_QUEUE_SIZE": "1",
        "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "1",
    }
    with refusing() as url:
        environ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] = f"{url}/v1/logs"
        with shop(app.folder, **environ) as service:

            def told() -> str:
                with suppress(HTTPError):  # it answers 404, and writes a line of that
                    urlopen(f"{service}/nothing", timeout=PATIENCE)
                return doctor("logs", **environ).output

            eventually(lambda: "do not reach" in told() and "has dropped" in told())
            output = told()
    assert re.search(
        r"FAILED  logs          lines of pid \d+ do not reach their receiver: obskit doctor endpoints"
        r" says how far it is reached\n",
        output,
    )
    assert re.search(
        r"WARNING logs          pid \d+ has dropped \d+ lines: \w+ \d+.*: see its warnings of that, and"
        r" whether the receiver keeps up\n",
        output,
    )
