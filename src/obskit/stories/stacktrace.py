"""The text of a Python traceback, read back into frames."""

from __future__ import annotations

import re
from collections.abc import Iterator

from obskit.stories.signals import Frame

_FRAME = re.compile(r' {2}File "(?P<file>[^"\n]*)", line (?P<line>\d{1,9}), in (?P<function>.*)')
_HEADER = "Traceback (most recent call last):"


def frames_of(stacktrace: str) -> tuple[Frame, ...]:
    r"""Read the frames of the last exception in the text, the innermost last.

    Args:
        stacktrace: The text of a traceback, as `traceback.format_exception` writes it.

    Returns:
        The frames; nothing when the text is not a Python traceback.

    >>> text = 'Traceback (most recent call last):\n  File "a.py", line 3, in go\n    1 / 0\n'
    >>> frames_of(text)[0].source
    '1 / 0'
    """
    # With a cause, the text holds several tracebacks; the last is of what was raised at last.
    return tuple(_frames(stacktrace.rpartition(_HEADER)[2].splitlines()))


def _frames(lines: list[str]) -> Iterator[Frame]:
    for number, line in enumerate(lines):
        match = _FRAME.fullmatch(line)
        if match is None:
            continue
        following = lines[number + 1] if number + 1 < len(lines) else ""
        yield Frame(
            file=match["file"],
            line=int(match["line"]),
            function=match["function"],
            source=following.strip() if following.startswith("    ") else "",
            in_app=not is_installed(match["file"]),
        )


def is_installed(file: str) -> bool:
    """Whether a file is of a library, or of Python itself.

    Args:
        file: The file's whole path.

    >>> is_installed("/srv/.venv/lib/python3.12/site-packages/flask/app.py")
    True
    """
    return (
        "site-packages" in file
        or "dist-packages" in file
        or re.search(r"[/\\]lib[/\\]python3", file) is not None
        or file.startswith("<frozen")
    )
