"""A token that stands in a file."""

from __future__ import annotations

from pathlib import Path

from obskit.cli.group import Refused


def read_token(file: Path, option: str) -> str:
    """The token that a file holds, in one line.

    Args:
        file: The file.
        option: Which option named it, for messages.

    Raises:
        Refused: There is no file, or no token in it.
    """
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise Refused(f"{option} {file} cannot be read: {why}") from None
    if not found or not found.isascii() or not found.isprintable() or " " in found:
        raise Refused(f"{option} {file} holds no token: write it in one line, and only it")
    return found
