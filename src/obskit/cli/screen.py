"""Lines that take the place of those before, on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from obskit.cli.check.table import write
from obskit.cli.group import Refused
from obskit.exceptions import MissingExtra

Show = Callable[[list[str]], None]


@contextmanager
def shown_on(output: TextIO, command: str) -> Iterator[Show]:
    """Shows lines in place of those before where there is a terminal, else below them.

    Args:
        output: Where.
        command: What is shown, for messages.

    Raises:
        Refused: There is a terminal, and nothing that can draw on it.
    """
    if not output.isatty():
        yield lambda lines: write([*lines, ""], output)
        return
    try:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text
    except ModuleNotFoundError:
        raise Refused(str(MissingExtra("cli", command))) from None
    console = Console(file=output, highlight=False, markup=False, emoji=False)
    with Live(console=console, auto_refresh=False) as live:
        yield lambda lines: live.update(Text.from_ansi("\n".join(lines)), refresh=True)
