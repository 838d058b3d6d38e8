"""The store, for commands that look into it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.host import Host

from obskit.cli import main

DAMAGED = b"no database at all\n" * 500


@pytest.fixture
def damaged(host: Host) -> Path:
    """The file of a store that is none."""
    host.write('checks.add("rows", lambda: None, every="1m")')
    path = host.folder / "state" / "state.sqlite3"
    path.parent.mkdir()
    path.write_bytes(DAMAGED)
    return path


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("check history rows", 4),
        ("check report", 4),
        ("check silence --list", 4),
        ("check silence --end rows", 4),
        ("check list", 0),
        ("check run", 0),
        ("top --once", 0),
        ("doctor places", 1),
    ],
)
def test_a_command_that_looks_leaves_a_damaged_store_and_says_what_to_do(
    command: str, code: int, host: Host, damaged: Path
) -> None:
    app = ("--app", f"{host.name}:checks")
    name, *rest = command.split()
    given = [name, *rest[:1], *app, *rest[1:]] if name == "check" else [name, *app, *rest]
    result = CliRunner().invoke(main, given)
    told = " ".join(result.output.split())
    assert f"{damaged} cannot be used: file is not a database. It is left as it is" in told
    assert "put a good copy in its place, or let the service begin anew" in told
    assert result.exit_code == code
    assert [one.name for one in damaged.parent.iterdir()] == ["state.sqlite3"]
    assert damaged.read_bytes() == DAMAGED


def test_a_command_that_writes_keeps_a_damaged_store_under_another_name(
    host: Host, damaged: Path
) -> None:
    given = ["check", "silence", "--app", f"{host.name}:checks", "rows", "--for", "1h"]
    result = CliRunner().invoke(main, [*given, "--reason", "moving"])
    assert (result.exit_code, result.output[:16]) == (0, "rows is silenced")
    (aside,) = damaged.parent.glob("state.sqlite3.corrupt-*Z")
    assert aside.read_bytes() == DAMAGED
