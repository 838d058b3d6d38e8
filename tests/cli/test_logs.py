"""`obskit logs`: lines of files found, followed, and as a story."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

click_testing = pytest.importorskip("click.testing")

from obskit.cli import main  # noqa: E402
from obskit.clock import to_rfc3339  # noqa: E402
from obskit.logfiles.audit import append  # noqa: E402
from obskit.logfiles.linefile import LineFile  # noqa: E402

NO_ENVIRON = {name: None for name in os.environ if name.startswith(("OTEL_", "OBSKIT_", "SENTRY_"))}


def logs(*arguments: str, **environ: str) -> Any:
    """The result of the command."""
    runner = click_testing.CliRunner(env={**NO_ENVIRON, **environ})
    return runner.invoke(main, ["logs", *arguments])


def line(event: str, ago: float = 0.0, level: str = "info", **fields: object) -> str:
    head = {
        "timestamp": to_rfc3339(1_767_225_600.0 - ago),
        "level": level,
        "logger": "shop",
        "event": event,
        "service.name": "shop",
    }
    return json.dumps({**head, **fields}) + "\n"


def line_of_now(event: str, ago: float) -> str:
    return line(event, 1_767_225_600.0 - time.time() + ago)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two streams, one of them with older lines that are compressed."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "logs"
    folder.mkdir()
    older = folder / "app.log-20251231T235000.000000-7-20.gz"
    older.write_bytes(gzip.compress(line("started", 600).encode()))
    os.utime(older, (1_767_225_000.0, 1_767_225_000.0))
    request = {"request_id": "r-1", "trace_id": "0af7651916cd43dd8448eb211c80319c"}
    access = {
        **request,
        "span_id": "b7ad6b7169203331",
        "http.request.method": "POST",
        "url.path": "/orders",
        "http.response.status_code": 500,
        "http.server.request.duration": 0.25,
    }
    failure = {"type": "ValueError", "message": "no such row", "stacktrace": "Traceback: …"}
    (folder / "app.log").write_text(
        line("order.placed", 2.9, order_id=7, **request)
        + line("failed", 1, "error", exception=failure, **request)
        + line("POST /orders 500", 0, "info", **access)
    )
    (folder / "error.log").write_text(line("failed", 1, "error", exception=failure, **request))
    (folder / "imports.log").write_text(line("row\x1b[31m", 2, "warning", table="quests"))
    return folder


def test_lines_of_all_files_are_shown_in_order_of_time_and_steer_no_terminal(
    folder: Path,
) -> None:
    result = logs("--folder", str(folder))
    assert result.exit_code == 0
    assert result.output == (
        "2025-12-31 23:50:00.000 info     shop started\n"
        "2025-12-31 23:59:57.100 info     shop order.placed order_id=7 request_id=r-1\n"
        "2025-12-31 23:59:58.000 warning  shop row\\x1b[31m table=quests\n"
        "2025-12-31 23:59:59.000 error    shop failed request_id=r-1 ValueError: no such row\n"
        "2026-01-01 00:00:00.000 info     shop POST /orders 500 request_id=r-1"
        " http.request.method=POST url.path=/orders http.response.status_code=500"
        " http.server.request.duration=0.25\n"
    )


@pytest.mark.parametrize(
    ("arguments", "events"),
    [
        (["--level", "WARNING"], ["row\x1b[31m", "failed"]),
        (["--grep", '"table": "q'], ["row\x1b[31m"]),
        (["--stream", "error"], ["failed"]),
        (["--stream", "error", "--stream", "imports"], ["row\x1b[31m", "failed"]),
        (["--request", "r-1", "--level", "error"], ["failed"]),
        (["--request", "0af7651916cd43dd8448eb211c80319c", "--level", "error"], ["failed"]),
        (["--since", "1h"], []),
    ],
)
def test_options_say_which_lines(folder: Path, arguments: list[str], events: list[str]) -> None:
    result = logs("--json", *arguments, OBSKIT_LOG_FOLDER=str(folder))
    assert result.exit_code == 0
    assert [json.loads(row)["event"] for row in result.output.splitlines()] == events


def test_since_says_from_when_on(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text(line_of_now("old", 7_200) + line_of_now("new", 60))
    result = logs("--folder", str(tmp_path), "--since", "1h", "--json")
    assert [json.loads(row)["event"] for row in result.output.splitlines()] == ["new"]


def test_a_request_is_told_as_a_story(folder: Path) -> None:
    pytest.importorskip("rich")
    result = logs("--request", "r-1", OBSKIT_LOG_FOLDER=str(folder))
    assert result.exit_code == 0
    said = ["POST /orders", "500", "r-1", "order.placed", "order_id=7", "ValueError: no such row"]
    assert [word for word in said if word not in result.output] == []
    assert result.output.count("order.placed") == 1
    assert "started" not in result.output


def test_the_audit_is_read_as_a_stream_and_belongs_to_the_story(tmp_path: Path) -> None:
    pytest.importorskip("rich")
    approved = line("quest.approved", actor="ann", request_id="r-1").strip()
    append(tmp_path, approved.encode(), 1 << 30)
    result = logs("--folder", str(tmp_path), "--stream", "audit")
    assert result.output == (
        "2026-01-01 00:00:00.000 info     shop quest.approved actor=ann request_id=r-1\n"
    )
    result = logs("--folder", str(tmp_path), "--request", "r-1")
    assert result.exit_code == 0
    assert "quest.approved" in result.output
    assert "prev=" not in result.output


def test_what_is_wrong_with_the_question_is_said(folder: Path) -> None:
    place = str(folder)
    for arguments, message in (
        ([], "which folder? Give --folder, or set OBSKIT_LOG_FOLDER"),
        (["--folder", place, "--request", "r-9"], f"no line of r-9 is in {place}"),
        (["--folder", place, "--grep", "("], "'(' is no regular expression: missing )"),
        (
            ["--folder", place, "--stream", "audit"],
            f"there is no stream 'audit' in {place}: there are app, error, imports",
        ),
        (["--folder", f"{place}/x"], "cannot be read: [Errno 2] No such file or directory"),
    ):
        result = logs(*arguments)
        assert result.exit_code == 4
        assert message in result.output


def test_lines_are_followed_as_they_are_written_and_rotated(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text(line_of_now("past", 60))
    command = ["logs", "--folder", str(tmp_path), "--follow", "--json", "--since", "1h"]
    following = subprocess.Popen(
        [sys.executable, "-m", "obskit", *command],
        stdout=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name not in NO_ENVIRON},
        text=True,
    )
    try:
        assert following.stdout
        # What was there is shown: what is written now is new.
        rows = [following.stdout.readline()]
        file = LineFile(tmp_path / "app.log", max_bytes=400, period=1e9)
        for number in range(20):
            file.write(line_of_now(f"new-{number}", 0).encode())
        rows += [following.stdout.readline() for _ in range(20)]
        following.send_signal(signal.SIGINT)
        rest, _ = following.communicate()
    finally:
        following.kill()
    assert (following.returncode, rest) == (0, "")
    assert [json.loads(row)["event"] for row in rows] == ["past", *(f"new-{n}" for n in range(20))]


def test_logrotate_is_given_every_stream_but_the_audit(folder: Path) -> None:
    environ = {"OBSKIT_LOG_FOLDER": str(folder), "OBSKIT_LOG_STREAMS": "imports=shop.imports"}
    result = logs("logrotate", "--keep", "14", **environ)
    assert result.exit_code == 0
    assert result.output == (
        "# OBSKIT_LOG_ROTATION=logrotate in the service's environment.\n"
        f'"{folder}/app.log"\n'
        f'"{folder}/error.log"\n'
        f'"{folder}/imports.log"\n'
        f'"{folder}/monitoring.log" {{\n'
        "    daily\n"
        "    rotate 14\n"
        "    maxage 14\n"
        "    dateext\n"
        "    missingok\n"
        "    notifempty\n"
        "    nocreate\n"
        "    compress\n"
        "    # A line that is being written may still go to the file that was moved.\n"
        "    delaycompress\n"
        "}\n"
    )


@pytest.mark.skipif(not shutil.which("logrotate", path="/usr/sbin:/usr/bin"), reason="no logrotate")
@pytest.mark.parametrize("how", ["    nocreate\n", "    copytruncate\n"])
def test_a_real_logrotate_rotates_while_lines_are_written_and_none_is_lost(
    folder: Path, how: str
) -> None:
    snippet = logs("logrotate", "--folder", str(folder)).output
    assert "    nocreate\n" in snippet
    configuration = folder.parent / "logrotate.conf"
    configuration.write_text(snippet.replace("    nocreate\n", how))
    configuration.chmod(0o600)
    folder.chmod(0o755)
    file = LineFile(folder / "app.log")
    (folder / "audit.log").write_text("kept\n")
    for number in range(2):
        file.write(line(f"new-{number}").encode())
        (folder / "app.log").chmod(0o640)
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"
        state = str(folder.parent / "state")
        subprocess.run(
            ["logrotate", "--force", "--state", state, str(configuration)],
            check=True,
            capture_output=True,
            env={**os.environ, "PATH": path},
        )
        # The second time of a day there is no other name: a host rotates once.
        for moved in folder.glob("app.log-????????"):
            moved.rename(moved.with_name(f"app.log-2026010{number + 1}"))
    file.write(line("new-2").encode())
    result = logs("--folder", str(folder), "--stream", "app", "--json")
    events = [json.loads(row)["event"] for row in result.output.splitlines()]
    assert [event for event in events if event.startswith("new")] == ["new-0", "new-1", "new-2"]
    assert sorted(events[:3]) == ["failed", "order.placed", "started"]
    assert (folder / "audit.log").read_text() == "kept\n"
    assert json.loads((folder / "app.log").read_text())["event"] == "new-2"
