"""`manage.py obskit …`: every command of `obskit`, with the project's settings and checks."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand

from obskit.django import settings
from obskit.exceptions import MissingExtra

_PROJECT = "obskit.django.project"
_APP = "--app"


class Command(BaseCommand):
    """Hands its words on, and names the project where a command asks for an app."""

    help = "Checks, status, alerts: every command of obskit, about this project."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """All words are Click's to read.

        Args:
            parser: Of `call_command`.
        """
        parser.add_argument("args", nargs=argparse.REMAINDER)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run `manage.py obskit …`. Ends the process with the command's own exit code.

        Args:
            argv: All the words, `manage.py` first.
        """
        self.execute(*argv[2:])

    def execute(self, *args: str, **_: Any) -> None:
        """Run a command, as `call_command("obskit", "check", "run")` does too.

        Args:
            args: Its words.

        Raises:
            MissingExtra: Click is not installed.
            SystemExit: Always.
        """
        try:
            from obskit.cli import main
        except SystemExit as error:
            raise MissingExtra("cli", "manage.py obskit") from error
        settings.into_environment()
        main(args=_about_this_project(list(args)), prog_name=f"{sys.argv[0]} obskit")


def _about_this_project(words: list[str]) -> list[str]:
    """The words, with the project as the app of a command that takes one and is given none."""
    import click

    from obskit.cli import main

    command: click.Command | None = main
    at = 0
    while isinstance(command, click.Group) and at < len(words):
        command = command.get_command(click.Context(command), words[at])
        at += 1
    taken = [] if command is None else [option for one in command.params for option in one.opts]
    if _APP in taken and not any(word.partition("=")[0] == _APP for word in words[at:]):
        return [*words[:at], _APP, _PROJECT, *words[at:]]
    return words
