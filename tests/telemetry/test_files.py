"""The sink that writes log lines to files."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.config import load
from obskit.ledger import Ledger
from obskit.telemetry.files import Files
from obskit.telemetry.pipeline import Pipeline


def pipeline(folder: Path, ledger: Ledger) -> Pipeline:
    config = load({}, {"OBSKIT_LOG_FOLDER": str(folder)}, folder.parent)
    return Pipeline([Files(config, str(config.log_folder), {"service.name": "shop"})], ledger)


def test_a_record_is_a_line_of_json_also_where_the_console_shows_it_already(
    tmp_path: Path,
) -> None:
    ledger = Ledger()
    pipeline(tmp_path, ledger).emit(
        "shop", 30, "placed\n", {"password": "x", "n": 1}, timestamp=0.0, on_console=False
    )
    assert (tmp_path / "app.log").read_text() == (
        '{"timestamp":"1970-01-01T00:00:00.000000Z","level":"warning","logger":"shop",'
        '"event":"placed\\n","service.name":"shop","password":"[redacted]","n":1}\n'
    )
    assert ledger.lost() == 0


def test_lines_that_cannot_be_written_are_counted_and_told_once_and_nothing_raises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = Ledger()
    lines = pipeline(tmp_path / "gone", ledger)
    for number in range(3):
        lines.emit("shop", 20, "placed", {"n": number})
    assert ledger.snapshot()["logs"]["dropped"] == {"files_FileNotFoundError": 3}
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert told[0].startswith(f"obskit: {tmp_path}/gone/app.log cannot be written (No such file")


def test_the_folder_stays_the_same_when_the_host_changes_its_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    lines = pipeline(Path("logs"), Ledger())
    monkeypatch.chdir(tmp_path / "elsewhere")
    lines.emit("shop", 20, "placed", {})
    assert (tmp_path / "logs" / "app.log").exists()
