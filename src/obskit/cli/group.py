"""Commands with exit codes of their own: Click's say something else to whoever reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click


class Refused(click.ClickException):
    """The command cannot be run as it was given, or here. Its group says how that ends."""


class _Ending(click.Command):
    """How a command ends that cannot be run.

    Args:
        refused: How it ends when it cannot be run: `Refused`, or wrong arguments.
        interrupted: How it ends by Ctrl-C.
        given: What Click gives.
    """

    def __init__(self, *, refused: int, interrupted: int, **given: Any) -> None:
        super().__init__(**given)
        self._refused = refused
        self._interrupted = interrupted

    def make_context(self, *given: Any, **extra: Any) -> click.Context:
        with self._ending():
            return super().make_context(*given, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with self._ending():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Error: interrupted", err=True)
            ctx.exit(self._interrupted)

    @contextmanager
    def _ending(self) -> Iterator[None]:
        try:
            yield
        except click.ClickException as error:
            error.exit_code = self._refused  # type: ignore[misc]  # Click asks the instance
            raise


class Group(_Ending, click.Group):
    """A group; its exit codes are those of its commands."""


class Commands(Group):
    """A group whose commands are each imported when called.

    Args:
        package: Where their modules are.
        modules: Command → its module and the command's name there.
        given: What a group is given.
    """

    def __init__(
        self, *, package: str, modules: Mapping[str, tuple[str, str]], **given: Any
    ) -> None:
        super().__init__(**given)
        self._package = package
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in order."""
        return sorted(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them, or None where there is no such command."""
        if cmd_name not in self._modules:
            return None
        module, name = self._modules[cmd_name]
        command: click.Command = getattr(import_module(f"{self._package}.{module}"), name)
        return command


class Command(_Ending):
    """A command that stands alone."""
