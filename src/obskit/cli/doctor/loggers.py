"""Loggers: what keeps a line back before it is written, by a level, a filter or a switch."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from obskit.cli.doctor.patient import Finding, Patient
from obskit.redaction import describe
from obskit.telemetry import levels
from obskit.telemetry.instance import run_directory

_ROOT = "root"
_TOLD = frozenset({"DEBUG", "INFO"})
_MOST = 5


def diagnose(patient: Patient) -> Iterator[Finding]:
    """Why a line may come to no sink.

    Args:
        patient: The service; its app has been imported, and has set up `logging`.
    """
    config = patient.config
    live = levels.told(run_directory(config.run_dir, config.service))
    yield from _of_root(config.log_level, live)
    for name, level in {**config.log_levels, **live}.items():
        if name != _ROOT:
            yield Finding(f"lines of {name} are written from {level} on")
    off = logging.root.manager.disable
    if off >= logging.INFO:
        yield Finding(
            f"logging.disable({logging.getLevelName(off)}) is in force: no line of that level or below"
            " is written, whoever writes it",
            "take that call out of the app, or out of what it imports",
        )
    yield from _of_loggers()


def _of_root(level: str | None, live: dict[str, str]) -> Iterator[Finding]:
    if _ROOT in live:
        if live[_ROOT] not in _TOLD:
            yield Finding(
                f"lines below {live[_ROOT]} are not written: somebody changed the level in all processes",
                "change it back: obskit status --set-level root=INFO",
            )
        return
    if level is not None:
        if level not in _TOLD:
            yield Finding(f"lines below {level} are not written", "set OBSKIT_LOG_LEVEL=INFO")
        return
    root = logging.getLogger()
    of_host = logging.getLevelName(root.level)
    if root.level > logging.WARNING:
        yield Finding(
            f"lines below {of_host} are not written: the app sets the root logger to {of_host}",
            "set it to INFO there, or OBSKIT_LOG_LEVEL=INFO",
        )
    elif root.level == logging.WARNING and root.handlers:
        yield Finding(
            "lines of logging below WARNING are not written: the app gives the root logger handlers and"
            " no level",
            "set OBSKIT_LOG_LEVEL=INFO",
            mild=True,
        )


def _of_loggers() -> Iterator[Finding]:
    known = dict(logging.root.manager.loggerDict)
    loggers = [one for _, one in sorted(known.items()) if isinstance(one, logging.Logger)]
    switched_off = [one.name for one in loggers if one.disabled]
    if switched_off:
        yield Finding(
            f"lines of logging are switched off for {_named(switched_off)}",
            "name them in the app's dictConfig, or give it disable_existing_loggers: False",
            mild=True,
        )
    for logger in (logging.getLogger(), *loggers):
        refused = _refused(logger)
        if refused:
            yield Finding(
                f"a filter of the logger {logger.name} {refused}",
                "lines that it refuses are written nowhere: take it out, or put it on a handler",
                mild=True,
            )


def _refused(logger: logging.Logger) -> str:
    """What the filters of a logger do with a plain line, where they do not let it pass."""
    if not logger.filters:
        return ""
    record = logger.makeRecord(logger.name, logging.INFO, "", 0, "obskit doctor", (), None)
    try:
        return "" if logger.filter(record) else "refuses a plain line"
    except Exception as error:  # the host's own code
        return f"fails on a plain line, {describe(error)}"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(names[:_MOST])}{more}"
