"""`obskit doctor`: which diagnoses it makes, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host


def test_without_a_complaint_all_are_looked_into(app: Host, doctor: Doctor) -> None:
    found = doctor("--json")
    complaints = [one["complaint"] for one in json.loads(found.stdout)["findings"]]
    assert list(dict.fromkeys(complaints)) == ["logs", "alerts", "false-alarms", "overhead"]
    assert found.exit_code == 1


def test_where_nothing_is_wrong_it_ends_with_0(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "log" / "app.log").write_text("{}\n")
    found = doctor("logs", "false-alarms", "overhead")
    assert (found.exit_code, "WRONG" in found.output) == (0, False)


def test_a_finding_stands_in_a_line_with_what_to_do(app: Host, doctor: Doctor) -> None:
    found = doctor("logs", OBSKIT_LOG_FOLDER=None)
    assert found.stdout.splitlines() == [
        (
            "WRONG logs          no file is written: there is no folder: name one that exists by"
            " OBSKIT_LOG_FOLDER"
        )
    ]


def test_another_complaint_is_refused(app: Host, doctor: Doctor) -> None:
    found = doctor("headache")
    assert found.exit_code == 4
    assert "'logs', 'alerts', 'false-alarms', 'overhead'" in found.output


def test_a_state_that_cannot_be_read_is_a_finding(
    app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.mkdir()
    found = doctor("overhead", OBSKIT_STATE_URL=f"sqlite:///{broken}")
    assert found.exit_code == 1
    assert "the state cannot be read" in found.output
    assert found.output.rstrip().endswith("see OBSKIT_STATE_URL")
