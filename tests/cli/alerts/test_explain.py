"""`obskit alerts explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cli.host import Host

if TYPE_CHECKING:
    from click.testing import Result

testing = pytest.importorskip("click.testing")

from obskit.cli import main  # noqa: E402

DIRECTORY = """
[receivers.team.webhook]
url = "http://127.0.0.1:9/"
[default]
receiver = "team"
"""


def explain(host: Host, *arguments: str) -> Result:
    app = ("--app", f"{host.name}:checks")
    result: Result = testing.CliRunner().invoke(main, ["alerts", "explain", *app, *arguments])
    return result


@pytest.fixture
def database(host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    host.write('checks.add("database", lambda: True, every="1m", severity="sev1", owner="data")')
    return host


def test_each_alert_is_told_with_who_hears_of_it(database: Host) -> None:
    (database.folder / "alerts.toml").write_text(DIRECTORY)
    result = explain(database, "database")
    assert result.output.split("\n\n")[1].splitlines() == [
        "CheckWarning",
        "  when      the process that decided the check last says that it warns, after damping",
        "  reads     the last 10m",
        "  fires     at once",
        "  severity  warning",
        "  owner     data",
        "  says      database of shop warns",
        "  runbook   runbooks.md#checkwarning",
        "  hears     team, by Webhook",
        "  again     every 12h while it fires",
    ]
    assert result.exit_code == 0


def test_without_a_directory_it_says_that_it_is_not_known_who_hears(database: Host) -> None:
    result = explain(database, "database", "--alerts", "people.toml")
    assert result.stderr == ("who hears is not known: there is no people.toml; give --alerts\n")
    assert "hears" not in result.stdout
    assert result.exit_code == 0


def test_a_directory_that_is_wrong_is_refused(database: Host) -> None:
    (database.folder / "alerts.toml").write_text("[default]\n")
    result = explain(database, "database")
    assert "[receivers] is missing: name who hears" in result.stderr
    assert result.exit_code == 4


def test_an_unknown_name_is_refused(database: Host) -> None:
    result = explain(database, "databse")
    assert result.stderr.endswith(
        "no check, job or operation is named 'databse': did you mean 'database'?\n"
    )
    assert result.exit_code == 4
