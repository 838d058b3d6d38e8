"""An error and its stack as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from obskit.dev.plain import plain
from obskit.stories.signals import Error, Frame, Raised

# What is worth reading first. The rest is a click away in Sentry.
_FRAMES = 4
_VARIABLES = 8
_STACK_LINES = 8
_PACKAGES = 4


def error_text(error: Error, width: int) -> list[Text]:
    """Write an error: what was raised, the innermost frames of the program's own code, the causes.

    Args:
        error: The error, from any source.
        width: The width of the terminal, in cells. Source and locals are cut to it.
    """
    if not error.exceptions:
        return [*_titled("", error.message), *_event_id(error)]
    *causes, last = error.exceptions
    lines = [*_titled(last.type, last.message), *_stack(last)]
    for cause in reversed(causes):
        lines.append(Text(f"    from {_title(cause)}", "red"))
        lines += _stack(cause, frames=1)
    lines += _event_id(error)
    for line in lines[1:]:
        line.truncate(width, overflow="ellipsis")
    return lines


def _titled(name: str, message: str) -> list[Text]:
    first, *more = message.splitlines() or [""]
    title = Text("  ✗ ", "bold red")
    title.append(": ".join(filter(None, (plain(name), plain(first)))))
    return [title, *(Text(f"    {plain(line)}", "red") for line in more[:_STACK_LINES])]


def _title(raised: Raised) -> str:
    return f"{plain(raised.type)}: {plain(raised.message)}"


def _stack(raised: Raised, frames: int = _FRAMES) -> Iterator[Text]:
    if not raised.frames:
        yield from _raw(raised.stacktrace)
        return
    shown = worth_showing(raised.frames, frames)
    own = [frame for frame in shown if frame.in_app is not False]
    # The innermost frame first: it is what one looks for. Locals where one can do something.
    for frame in reversed(shown):
        yield from _frame(frame, with_variables=frame is (own or shown)[-1])
    hidden = len(raised.frames) - len(shown)
    if hidden:
        yield Text(f"    … {hidden} more {_plural(hidden, 'frame')}{_packages(raised)}", "dim")


def worth_showing(frames: tuple[Frame, ...], most: int) -> list[Frame]:
    """Return the innermost frames of the program's own code, and the one that raised.

    Args:
        frames: All of them, the innermost last.
        most: How many at most.
    """
    own = [frame for frame in frames[:-1] if frame.in_app is not False]
    # The innermost is always shown, even in a library: it is where it was raised.
    return [*own[-(most - 1) :], frames[-1]] if most > 1 else [frames[-1]]


def _frame(frame: Frame, *, with_variables: bool) -> Iterator[Text]:
    place = Text("    ")
    place.append(f"{plain(_short_file(frame.file))}:{frame.line}", "cyan")
    place.append(f" in {plain(frame.function)}")
    yield place
    if source := frame.source.strip():
        yield Text(f"      {plain(source)}", "bold")
    if with_variables:
        for name, value in list(frame.variables.items())[:_VARIABLES]:
            variable = Text("      ")
            variable.append(f"{plain(name)} = ", "dim")
            variable.append(plain(value))
            yield variable


def _short_file(file: str) -> str:
    # Within a package the part after site-packages says all; else the last three parts do.
    _, found, inside = file.rpartition("-packages/")
    return inside if found else "/".join(file.split("/")[-3:])


def _packages(raised: Raised) -> str:
    names = {
        _short_file(frame.file).partition("/")[0].removesuffix(".py")
        for frame in raised.frames
        if frame.in_app is False
    }
    some = sorted(plain(name) for name in names if not name.startswith("<"))[:_PACKAGES]
    return f" in {', '.join(some)}" if some else ""


def _raw(stacktrace: str) -> Iterator[Text]:
    lines = stacktrace.splitlines()
    for line in lines[:_STACK_LINES]:
        yield Text(f"    {plain(line)}", "dim")
    hidden = len(lines) - _STACK_LINES
    if hidden > 0:
        yield Text(f"    … {hidden} more {_plural(hidden, 'line')}", "dim")


def _event_id(error: Error) -> Iterator[Text]:
    if error.event_id:
        yield Text(f"    Sentry event {plain(error.event_id)}", "dim")


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
