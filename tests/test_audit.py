"""`obskit.audit.record`: on record or said so, and never an exception that nobody asked for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.monsters import MONSTERS

import obskit
import obskit.audit
from obskit import audit, context
from obskit.context import Scope
from obskit.logfiles.verify import verify


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with a folder of log files."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "OBSKIT_LOG", "SENTRY_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "logs"
    folder.mkdir()
    monkeypatch.setenv("OBSKIT_LOG_FOLDER", str(folder))
    monkeypatch.setenv("OBSKIT_LOG_FORMAT", "none")
    obskit.init("shop")
    return folder


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "audit.log").read_text().splitlines()]


def dropped() -> Any:
    return obskit.status()["ledger"]["logs"]["dropped"]


def test_a_record_says_who_did_what_to_whom_in_which_request(logs: Path) -> None:
    with context.entered(Scope("request-1")):
        obskit.bind(tenant="north")
        assert audit.record("quest.approved", "ann", "quest 7", points=5, reason=None)
    (found,) = records(logs)
    assert found.pop("timestamp").endswith("Z")
    assert len(found.pop("hash")) == 64
    assert found == {
        "level": "info",
        "logger": "obskit.audit",
        "event": "quest.approved",
        "request_id": "request-1",
        "service.name": "shop",
        "tenant": "north",
        "actor": "ann",
        "target": "quest 7",
        "points": 5,
        "seq": 1,
        "prev": "0" * 64,
    }
    assert not (logs / "app.log").exists()


def test_secrets_are_masked_before_the_hash_is_made(logs: Path) -> None:
    assert audit.record("login", actor="ann", password="hunter2", note="token=abc123")
    assert "hunter2" not in (logs / "audit.log").read_text()
    assert "abc123" not in (logs / "audit.log").read_text()
    assert verify(logs).findings == []


def test_fields_cannot_pass_for_those_of_the_chain(logs: Path) -> None:
    assert audit.record("x", seq=9, prev="p", hash="h", timestamp="t")
    (found,) = records(logs)
    assert (found["seq"], found["seq_"], found["prev_"], found["hash_"]) == (1, 9, "p", "h")
    assert found["timestamp_"] == "t"
    assert verify(logs).findings == []


@pytest.mark.parametrize("monster", MONSTERS)
def test_whatever_the_host_hands_over_becomes_one_record(logs: Path, monster: Any) -> None:
    assert audit.record(monster, actor=monster, target=monster, field=monster)
    seen = verify(logs)
    assert (seen.records, seen.findings) == (1, [])


def test_a_record_that_is_too_long_is_cut_and_says_so(logs: Path) -> None:
    assert audit.record("x", **{f"field-{n}": "é" * 5_000 for n in range(40)})  # type: ignore[arg-type]
    assert records(logs)[0]["truncated_bytes"] > 300_000
    assert (logs / "audit.log").stat().st_size < 66_000
    assert verify(logs).findings == []


def test_what_cannot_be_recorded_is_false_counted_and_told_once(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.record("first")
    logs.rename(logs.with_name("elsewhere"))
    assert [audit.record("lost") for _ in range(3)] == [False, False, False]
    assert dropped() == {"audit_FileNotFoundError": 3}
    told = capsys.readouterr().err
    assert told.count(f"{logs}/audit.log cannot be written (No such file or directory)") == 1
    logs.with_name("elsewhere").rename(logs)
    assert audit.record("second")
    assert "audit.log can be written again; 3 lines were not" in capsys.readouterr().err
    assert [one["event"] for one in records(logs)] == ["first", "second"]
    assert verify(logs).findings == []


def test_what_is_required_raises_where_it_cannot_be_recorded(logs: Path) -> None:
    logs.rename(logs.with_name("elsewhere"))
    with pytest.raises(audit.NotRecorded, match=r"'money.sent' is not on record: .* No such file"):
        audit.record("money.sent", required=True)
    assert dropped() == {"audit_FileNotFoundError": 1}


def test_without_a_folder_or_without_init_nothing_is_on_record_and_that_is_told_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audit._say_once.cache_clear()
    monkeypatch.delenv("OBSKIT_LOG_FOLDER", raising=False)
    assert [audit.record("x"), audit.record("x")] == [False, False]
    obskit.init("shop")
    assert [audit.record("x"), audit.record("x")] == [False, False]
    assert dropped() == {"audit_LookupError": 2}
    assert capsys.readouterr().err == (
        "obskit: nothing is put on record by obskit.audit: obskit.init was not called."
        " The calls return False\n"
        "obskit: nothing is put on record by obskit.audit: OBSKIT_LOG_FOLDER is not set."
        " The calls return False\n"
    )


def test_a_relative_folder_stays_where_it_was_and_its_files_are_rotated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OBSKIT_LOG_FOLDER", "logs")
    monkeypatch.setenv("OBSKIT_LOG_FILE_MAX_BYTES", "1024")
    obskit.init("shop")
    monkeypatch.chdir("/")
    assert all(audit.record("x", text="x" * 300) for _ in range(6))
    seen = verify(tmp_path / "logs")
    assert (seen.records, seen.findings) == (6, [])
    assert len(list((tmp_path / "logs").glob("audit.log-*"))) == 5
