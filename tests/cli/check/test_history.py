"""`obskit check history`."""

from __future__ import annotations

import json
import re
import time

import pytest
from click.testing import CliRunner
from tests.cli.host import Host, kept

from obskit.cli import main


@pytest.fixture
def rows(host: Host) -> Host:
    """An app whose check `rows` ran four times in the last hour, and once a year ago."""
    host.write('checks.add("rows", lambda: None, every="1m")')
    now = time.time()
    host.store.keep(kept("rows", now - 365 * 86_400, message="long ago"))
    for minutes, status, value in ((40, "ok", 1), (30, "ok", 5), (20, "critical", 9)):
        run = kept("rows", now - 60 * minutes, status=status, value=value, unit="{row}")
        host.store.keep(run)
    held = kept("rows", now - 60, status="critical", damped="ok", message="a\x1b[31mb")
    host.store.keep(held)
    return host


def history(host: Host, *arguments: str) -> list[str]:
    shown = host.run(*arguments, command="history").stdout
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "THEN", shown).splitlines()


def test_the_kept_runs_are_shown_the_newest_last_and_the_values_as_bars(rows: Host) -> None:
    assert history(rows, "rows") == [
        "THEN  OK        1 row   12ms",
        "THEN  OK        5 row   12ms",
        "THEN  CRITICAL  9 row   12ms",
        r"THEN  CRITICAL      -   12ms  (counts as ok) a\x1b[31mb",
        "up in 2 of 4 runs, 50 %",
        "▁▅█  1 to 9, last 9",
    ]


def test_large_values_are_written_whole(rows: Host) -> None:
    now = time.time()
    for minutes, value in ((2, 1_200_000), (1, 3_200_001)):
        rows.store.keep(kept("users", now - 60 * minutes, value=value, unit="{user}"))
    assert history(rows, "users") == [
        "THEN  OK        1200000 user   12ms",
        "THEN  OK        3200001 user   12ms",
        "up in 2 of 2 runs, 100 %",
        "▁█  1200000 to 3200001, last 3200001",
    ]


def test_it_goes_back_as_far_as_is_asked(rows: Host) -> None:
    assert history(rows, "rows", "--since", "25m")[0] == "THEN  CRITICAL  9 row   12ms"
    assert history(rows, "rows", "--since", "366d")[0] == "THEN  OK            -   12ms  long ago"
    assert history(rows, "rows", "--since", "1s") == ["no run of rows in the last 1s"]


def test_the_runs_are_json_too(rows: Host) -> None:
    shown = json.loads(rows.run("rows", "--json", "--since", "25m", command="history").stdout)
    first, last = shown.pop("runs")
    assert shown == {"check": "rows", "silence": None}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{15}Z", first.pop("started"))
    assert first == {
        "status": "critical",
        "counts_as": "critical",
        "value": 9.0,
        "unit": "{row}",
        "message": "",
        "duration_seconds": 0.012,
        "details": {},
        "evidence": [],
        "trace_id": None,
        "instance": "",
    }
    assert (last["status"], last["counts_as"], last["value"]) == ("critical", "ok", None)


def test_the_app_need_not_be_imported(rows: Host) -> None:
    arguments = ["check", "history", "--service", "unknown_service:python", "rows"]
    assert CliRunner().invoke(main, arguments).exit_code == 0


def test_the_service_is_the_one_that_the_app_names(host: Host) -> None:
    """Here nothing is kept of it."""
    host.write('obskit.init("shop"); checks.add("rows", lambda: None, every="1m")')
    result = host.run("rows", command="history")
    assert result.stderr == (
        f"Error: no run of 'rows' of the service 'shop' is kept in"
        f" sqlite:///{host.folder}/state/state.sqlite3, nor of any other check:"
        " does its service run, and is it this one?\n"
    )
    assert result.exit_code == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["row"], "state.sqlite3: did you mean 'rows'?"),
        (["xyz"], "state.sqlite3, but of rows\n"),
        ([], "Missing argument 'NAME'"),
        (["rows", "--since", "yesterday"], "'yesterday' is no span of time"),
    ],
)
def test_a_wrong_use_is_told(rows: Host, arguments: list[str], message: str) -> None:
    result = rows.run(*arguments, command="history")
    assert message in result.stderr
    assert (result.exit_code, result.stdout) == (4, "")


def test_a_store_that_cannot_be_read_is_told(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.write("")
    (host.folder / "state.sqlite3").mkdir()
    monkeypatch.setenv("OBSKIT_STATE_URL", f"sqlite:///{host.folder}/state.sqlite3")
    result = host.run("rows", command="history")
    assert f"{host.folder}/state.sqlite3" in result.stderr
    assert result.exit_code == 4


def test_a_process_shows_it(rows: Host) -> None:
    done = rows.process("check", "history", "rows")
    assert done.stdout.splitlines()[-1] == "▁▅█  1 to 9, last 9"
    assert (done.returncode, done.stderr) == (0, "")
