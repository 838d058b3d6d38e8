"""`obskit check silence`, and where a silence is seen."""

from __future__ import annotations

import json
import os
import re
import time

import pytest
from click.testing import CliRunner, Result
from tests.cli.host import Host, kept, lines

from obskit.cli import main
from obskit.state.store import Silence


def silence(host: Host, *arguments: str) -> Result:
    return host.run(*arguments, command="silence")


@pytest.fixture
def database(host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.delenv("SUDO_USER", raising=False)
    host.write('checks.add("database", lambda: False, every="1m")')
    return host


def shown(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "THEN", text)


def test_a_silence_is_kept_with_its_end_its_reason_and_its_author(database: Host) -> None:
    before = time.time()
    result = silence(database, "database", "--for", "2h", "--reason", "we move it")
    assert (shown(result.stdout), result.exit_code) == ("database is silenced until THEN\n", 0)
    (found,) = database.store.silences(before)
    assert (found.check, found.reason, found.author) == ("database", "we move it", "ada")
    assert before + 7_200 <= found.until <= time.time() + 7_200


def test_who_called_sudo_is_the_author(database: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "grace")
    silence(database, "database", "--for", "2h", "--reason", "we move it")
    assert database.store.silences(0.0)[0].author == "grace"


def test_a_silenced_check_runs_and_is_shown_as_silenced(database: Host) -> None:
    silence(database, "database", "--for", "2h", "--reason", "we move\nit")
    told = r"    silenced until THEN by ada: we move\nit"
    result = database.run()
    assert [shown(line) for line in lines(result)] == [
        "NOW  CRITICAL  database  it returned False  (TIME)",
        told,
        "UNHEALTHY",
    ]
    assert result.exit_code == 2
    assert shown(database.run(command="list").stdout).splitlines()[1] == told
    found = json.loads(database.run("--json").stdout)["checks"][0]["silence"]
    assert (found["author"], found["reason"]) == ("ada", "we move\nit")
    database.store.keep(kept("database", time.time() - 60))
    history = shown(database.run("database", command="history").stdout)
    assert history.splitlines()[-1] == told.strip()


def test_silences_are_listed(database: Host) -> None:
    assert silence(database, "--list").stdout == "nothing is silenced\n"
    silence(database, "database", "--for", "2h", "--reason", "we move it")
    listed = silence(database, "--list").stdout
    assert shown(listed) == "database  silenced until THEN by ada: we move it\n"
    found = json.loads(silence(database, "--list", "--json").stdout)["silences"]
    assert [each["check"] for each in found] == ["database"]


def test_a_silence_is_ended(database: Host) -> None:
    silence(database, "database", "--for", "2h", "--reason", "we move it")
    assert silence(database, "--end", "database").stdout == "database is silenced no more\n"
    assert database.store.silences(0.0) == []


def test_a_silence_ends_by_itself(database: Host) -> None:
    now = time.time()
    database.store.silence(Silence("database", now - 1, "we moved it", "ada", now - 60))
    assert silence(database, "--list").stdout == "nothing is silenced\n"
    assert len(lines(database.run())) == 2


def test_without_the_app_what_has_run_can_be_silenced(database: Host) -> None:
    database.store.keep(kept("database", 1.0))
    arguments = ["check", "silence", "--for", "2h", "--reason", "we move it"]
    result = CliRunner().invoke(main, [*arguments, "databse"])
    assert result.stderr == "Error: no check has run 'databse': did you mean 'database'?\n"
    assert CliRunner().invoke(main, [*arguments, "database"]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give one of NAME, --list and --end NAME"),
        (["database", "--list"], "give one of NAME, --list and --end NAME"),
        (["database", "--reason", "x"], 'give --for 2h --reason "…"'),
        (["database", "--for", "2h"], 'give --for 2h --reason "…"'),
        (["database", "--for", "2h", "--reason", " "], 'give --for 2h --reason "…"'),
        (["database", "--for", "2 hours", "--reason", "x"], "'2 hours' is no span of time"),
        (["--list", "--for", "2h"], "--for and --reason belong to a NAME"),
        (["--end", "x", "--json"], "--json belongs to --list"),
        (["--end", "database"], "'database' is not silenced: nothing is"),
        (["x", "--for", "2h", "--reason", "x"], "no check is named 'x': give --app"),
    ],
)
def test_a_wrong_use_is_told(database: Host, arguments: list[str], message: str) -> None:
    result = silence(database, *arguments)
    assert message in result.stderr
    assert (result.exit_code, result.stdout) == (4, "")


def test_a_silence_in_memory_is_refused(database: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_STATE_URL", "memory:")
    result = silence(database, "database", "--for", "2h", "--reason", "x")
    assert "a silence would end with this command" in result.stderr
    assert result.exit_code == 4


def test_one_process_silences_and_another_sees_it(database: Host) -> None:
    done = database.process("check", "silence", "database", "--for", "2h", "--reason", "x")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"by {os.environ['LOGNAME']}: x" in database.process("check", "run").stdout
