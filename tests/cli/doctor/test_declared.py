"""What is unwise in what is declared."""

from __future__ import annotations

from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host


def test_what_is_wise_is_a_line(app: Host, doctor: Doctor) -> None:
    found = doctor("checks")
    assert (found.exit_code, found.stdout) == (
        0,
        "OK      checks        1 checks are declared, 0 findings of obskit check lint\n",
    )


def test_what_cannot_be_meant_is_wrong(app: Host, doctor: Doctor) -> None:
    app.write('checks.add("rows", lambda: None, every="1s", timeout="10s")')
    found = doctor("checks")
    assert "FAILED  checks        rows (" in found.stdout
    assert (
        "it may take 10s and runs every 1s: give it a timeout of less than its period"
        in found.stdout
    )
    assert found.exit_code == 1


def test_what_may_be_unwise_is_a_warning(app: Host, doctor: Doctor) -> None:
    app.write('checks.add("rows", lambda: None, every="1m", timeout="10s", scope="fleet")')
    found = doctor("checks", OBSKIT_STATE_URL=None)
    assert "WARNING checks        rows (" in found.stdout
    assert found.exit_code == 0
