"""`obskit doctor`: which diagnoses it makes, and how it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host, kept
from tests.faults import blackholed, faulty, stall

from obskit.cli import main
from obskit.cli.doctor import DIAGNOSES
from obskit.cli.doctor.patient import Finding, Patient
from obskit.state.opening import open_store


def test_without_a_complaint_all_are_looked_into(app: Host, doctor: Doctor) -> None:
    found = doctor("--json")
    complaints = [one["complaint"] for one in json.loads(found.stdout)["findings"]]
    assert list(dict.fromkeys(complaints)) == [
        "configuration",
        "versions",
        "server",
        "places",
        "checks",
        "logs",
        "alerts",
        "false-alarms",
        "overhead",
        "endpoints",
        "journey",
    ]
    assert found.exit_code == 1


def test_where_nothing_is_wrong_it_ends_with_0(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "log" / "app.log").write_text("{}\n")
    found = doctor("logs", "false-alarms", "overhead")
    assert (found.exit_code, "FAILED" in found.output) == (0, False)


def test_a_finding_stands_in_a_line_with_what_to_do(app: Host, doctor: Doctor) -> None:
    found = doctor("logs", OBSKIT_LOG_FOLDER=None)
    assert found.stdout.splitlines() == [
        (
            "WARNING logs          no file is written: there is no folder: name one that exists by"
            " OBSKIT_LOG_FOLDER"
        )
    ]


def test_another_complaint_is_refused(app: Host, doctor: Doctor) -> None:
    found = doctor("headache")
    assert found.exit_code == 4
    assert "'logs', 'alerts', 'false-alarms', 'overhead', 'endpoints', 'journey'" in found.output


def test_a_state_that_cannot_be_read_is_a_finding(
    app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.mkdir()
    found = doctor("overhead", OBSKIT_STATE_URL=f"sqlite:///{broken}")
    assert found.exit_code == 1
    assert "the state cannot be read" in found.output
    assert found.output.rstrip().endswith("see OBSKIT_STATE_URL")


def test_where_all_is_well_it_is_a_line_each(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "log" / "app.log").write_text("{}\n")
    with closing(open_store(f"sqlite:///{tmp_path}/state/state.sqlite3", "shop")) as store:
        store.keep(kept("rows", time.time() - 30))
    environ = {
        "OTEL_SERVICE_NAME": "shop",
        # In that of the user something may wait, of another service of this name.
        "OBSKIT_SPOOL_DIR": str(tmp_path / "spool"),
        # Other tests of this process may have imported what together is a warning.
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*",
    }
    with faulty() as server:
        found = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.url, **environ)
    told = [line.split()[:2] for line in found.output.splitlines()]
    assert told == [
        ["OK", "configuration"],
        ["OK", "versions"],
        ["OK", "server"],
        ["OK", "places"],
        ["OK", "checks"],
        ["OK", "logs"],
        ["OK", "alerts"],
        ["OK", "false-alarms"],
        ["OK", "overhead"],
        ["OK", "endpoints"],
        ["OK", "journey"],
    ]
    assert found.exit_code == 0
    assert max(map(len, found.output.splitlines())) < 200


def test_a_warning_is_nothing_wrong(app: Host, doctor: Doctor) -> None:
    found = doctor("logs", "--json", OBSKIT_LOG_FOLDER=None)
    (one,) = json.loads(found.stdout)["findings"]
    assert (one["level"], one["wrong"], found.exit_code) == ("warning", False, 0)


def test_without_an_app_the_environment_is_examined(doctor: Doctor, tmp_path: Path) -> None:
    with faulty() as server:
        environ = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": server.url}
        found = CliRunner(env=environ).invoke(main, ["doctor", "configuration", "endpoints"])
    assert found.exit_code == 0
    assert "what its code gives to init is not known (--app shop:app)" in found.output
    assert f"traces: {server.url} answers: name" in found.output


def test_what_never_answers_holds_it_no_longer_than_its_time(app: Host, doctor: Doctor) -> None:
    with blackholed() as url, faulty(stall) as mute:
        found = doctor(
            "journey",
            "endpoints",
            "--timeout",
            "3s",
            "--loki",
            mute.url,
            OTEL_EXPORTER_OTLP_ENDPOINT=url,
            OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=mute.url,
        )
        # It ended although nothing has answered yet.
        assert (mute.held.is_set(), mute.ended.is_set()) == (True, False)
    assert found.exit_code == 1
    assert "a firewall drops it, or nobody has that address" in found.output
    assert "it hangs, or speaks another protocol" in found.output
    assert "span: its receiver did not answer" in found.output


def test_a_diagnosis_that_hangs_is_given_up_and_the_others_are_told(
    app: Host, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Event()

    def hang(_: Patient) -> Iterator[Finding]:
        yield Finding("it began")
        ended.wait(60)

    monkeypatch.setitem(DIAGNOSES, "server", hang)
    found = doctor("server", "overhead", "--timeout", "1s")
    ended.set()
    lines = [line.split(maxsplit=2) for line in found.output.splitlines()]
    assert [line[:2] for line in lines[:3]] == [
        ["OK", "server"],
        ["FAILED", "server"],
        ["OK", "overhead"],
    ]
    assert lines[1][2].startswith("it did not end in time, and was given up: look at it alone")
    assert found.exit_code == 1


def test_a_diagnosis_that_fails_leaves_the_others(
    app: Host, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Patient) -> Iterator[Finding]:
        yield Finding(f"{1 // len('')}")

    monkeypatch.setitem(DIAGNOSES, "server", fail)
    found = doctor("server", "overhead")
    assert "FAILED  server        it failed: ZeroDivisionError: integer division" in found.output
    assert "OK      overhead" in found.output
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (None, "--sentry-token {file} cannot be read: No such file or directory"),
        (b"\xff\n", "--sentry-token {file} cannot be read: 'utf-8' codec can't decode byte 0xff"),
        (b"\n", "--sentry-token {file} holds no token: write it in one line, and only it"),
        (b"sntrys_1\nsntrys_2\n", "--sentry-token {file} holds no token"),
    ],
)
def test_a_file_without_a_token_is_refused(
    app: Host, doctor: Doctor, tmp_path: Path, written: bytes | None, why: str
) -> None:
    file = tmp_path / "token"
    if written is not None:
        file.write_bytes(written)
    found = doctor("journey", "--sentry-token", str(file))
    assert (found.exit_code, why.format(file=file) in found.output) == (4, True)
    assert "sntrys" not in found.output
