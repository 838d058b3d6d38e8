"""Commands that cannot be run, or are interrupted, end with the exit codes of their group."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from obskit.cli.group import Group, Refused


@click.group(cls=Group, refused=7, interrupted=9)
def group() -> None:
    """A group."""


@group.command()
def refused() -> None:
    raise Refused("no such app")


@group.command()
def interrupted() -> None:
    raise KeyboardInterrupt


@group.command()
def ended() -> None:
    click.get_current_context().exit(2)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["refused"], 7, "Error: no such app\n"),
        (["refused", "--loud"], 7, "No such option '--loud'"),
        (["--loud"], 7, "No such option '--loud'"),
        (["no"], 7, "No such command 'no'"),
        ([], 7, "Usage:"),
        (["interrupted"], 9, "Error: interrupted\n"),
        (["ended"], 2, ""),
    ],
)
def test_how_commands_end(arguments: list[str], code: int, said: str) -> None:
    result = CliRunner().invoke(group, arguments)
    assert result.exit_code == code
    assert said in result.stderr
