"""Levels of loggers, changed while the service runs.

In one process `set_level` does it. For all processes of a host a small file tells them; each looks
at it when it logs or serves, at most once a second.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from obskit.config.values import LEVELS
from obskit.exceptions import ObskitError

_SECONDS_BETWEEN_LOOKS = 1.0

_root_chosen = False
_file: Path | None = None
_seen: tuple[int, int, int] | None = None
_next_look = 0.0


def set_level(logger: str, level: str) -> None:
    """Change the level of a logger in this process, now.

    Args:
        logger: The logger's name, or `root`. Loggers below it follow.
        level: DEBUG, INFO, WARNING, ERROR or CRITICAL, in any case.

    Raises:
        ValueError: The level is none of these.

    >>> set_level("sqlalchemy.engine", "warning")
    """
    name = _known(level)
    if logger == "root":
        global _root_chosen
        _root_chosen = True
        logging.getLogger().setLevel(name)
    else:
        logging.getLogger(logger).setLevel(name)


def passes(logger: logging.Logger, level: int) -> bool:
    """Whether a line of ours counts although `logging` says that it does not.

    `dictConfig` disables every logger that it does not name, and a host that has handlers but never
    set a level has WARNING on its root logger. Both are meant for `logging`: they must not silence
    ours, which tell INFO unless somebody says otherwise.

    Args:
        logger: The logger of the same name.
        level: The line's level.
    """
    refresh()  # where nothing passes, nobody else looks
    if level <= logger.manager.disable:
        return False
    while logger.parent is not None:
        if logger.level:
            return level >= logger.level
        logger = logger.parent
    untouched = logger.level == logging.WARNING and not _root_chosen
    return level >= (logging.INFO if untouched else logger.level)


def follow(folder: Path) -> None:
    """Read the levels that are written in a folder, from now on.

    Args:
        folder: What the processes of a service share.
    """
    global _file, _seen, _next_look
    _file, _seen, _next_look = folder / "levels.json", None, 0.0
    refresh()


def forget() -> None:
    """Follow no file, and take the root logger's level as nobody's choice."""
    global _file, _root_chosen
    _file, _root_chosen = None, False


def refresh() -> None:
    """Look at the file, unless that was done within the last second. Never raises."""
    global _seen, _next_look
    now = monotonic()
    if _file is None or now < _next_look:
        return
    _next_look = now + _SECONDS_BETWEEN_LOOKS
    try:
        stat = _file.stat()
        # Two changes may fall within one tick of the file system's clock.
        now_there = stat.st_mtime_ns, stat.st_ino, stat.st_size
        if now_there != _seen:
            _seen = now_there
            for logger, level in _written(_file).items():
                with suppress(Exception):  # a level that a later version knows, say
                    set_level(logger, level)
    except Exception:
        return  # nobody has changed a level, or something else is written there


def write(folder: Path, logger: str, level: str) -> None:
    """Tell all processes that follow a folder to change a level.

    Args:
        folder: What the processes of the service share.
        logger: The logger's name, or `root`.
        level: As for `set_level`.

    Raises:
        ObskitError: No process of the service has ever run here.
        ValueError: The level is wrong.
    """
    name = _known(level)
    if not folder.is_dir():
        raise ObskitError(f"no process of this service runs on this host ({folder} is missing)")
    file = folder / "levels.json"
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({**told(folder), logger: name}))
    draft.replace(file)


def told(folder: Path) -> dict[str, str]:
    """The levels that processes were told, by logger; none where nobody did, or it cannot be read.

    Args:
        folder: What the processes of the service share.
    """
    try:
        return {str(name): str(level) for name, level in _written(folder / "levels.json").items()}
    except (OSError, ValueError, TypeError):
        return {}


def _written(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text()))


def _known(level: str) -> str:
    name = level.upper()
    if name not in LEVELS:
        raise ValueError(f"the level is {level!r}: use {', '.join(LEVELS)}")
    return name
