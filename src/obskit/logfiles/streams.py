"""The files of a folder: which of them a line goes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import NamedTuple

from obskit.logfiles import naming
from obskit.logfiles.linefile import LineFile

APP, ERROR, AUDIT = "app", "error", "audit"
#: What has a file of its own unless the configuration says otherwise: what checks found.
USUAL = {"monitoring": "obskit.check"}
_ERROR_LEVEL = 40
_SECONDS_BETWEEN_CARES = 3_600.0


class Rule(NamedTuple):
    """Whose lines a stream takes.

    Attributes:
        stream: The stream.
        loggers: Loggers; those below them too.
        fields: Fields and their values, as text.
    """

    stream: str
    loggers: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]

    def takes(self, logger: str, fields: Mapping[str, object]) -> bool:
        """Whether a line is one of them."""
        below = any(logger == one or logger.startswith(f"{one}.") for one in self.loggers)
        return below or any(
            name in fields and str(fields[name]) == value for name, value in self.fields
        )


def rules(given: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules of a configuration, and the usual ones.

    Args:
        given: Stream → loggers, and fields with `=`, separated by spaces.

    >>> rules({"imports": "shop.imports job=nightly"})[0]
    Rule(stream='imports', loggers=('shop.imports',), fields=(('job', 'nightly'),))
    """
    found = []
    for stream, chosen in {**given, **{k: v for k, v in USUAL.items() if k not in given}}.items():
        words = [word.partition("=") for word in chosen.split()]
        loggers = tuple(name for name, equals, _ in words if not equals)
        fields = tuple((name, value) for name, equals, value in words if equals)
        found.append(Rule(stream, loggers, fields))
    return tuple(found)


class Streams:
    """Writes lines to the files of a folder.

    A line goes to one file: that of the first rule that takes it, or `app`. One of level ERROR or
    above goes to `error` as well.

    Args:
        folder: The folder.
        rules: Whose lines go elsewhere than to `app`.
        max_bytes: A file is rotated before it would become larger; 0 where somebody else does it.
        period: Seconds after which one is rotated.
        care: Compresses and removes what was rotated; called in a thread now and then.
    """

    def __init__(
        self,
        folder: Path,
        rules: tuple[Rule, ...],
        *,
        max_bytes: int,
        period: float,
        care: Callable[[], object],
    ) -> None:
        self._rules = rules
        self._care = care
        self._next_care = 0.0
        self._carer: Thread | None = None
        self._once_more = False
        self._rotates = max_bytes > 0
        self._files = {
            stream: LineFile(
                naming.active(folder, stream),
                max_bytes=max_bytes,
                period=period,
                rotated=self._begin_care,
            )
            for stream in (APP, ERROR, *(rule.stream for rule in rules))
        }

    def write(self, line: bytes, logger: str, level: int, fields: Mapping[str, object]) -> None:
        """Write a line.

        Args:
            line: The line, with its end.
            logger: Who logged it.
            level: The number of its level.
            fields: Its fields.

        Raises:
            OSError: A file could not be written.
        """
        stream = next((rule.stream for rule in self._rules if rule.takes(logger, fields)), APP)
        try:
            self._files[stream].write(line)
        finally:
            if level >= _ERROR_LEVEL:
                self._files[ERROR].write(line)
        if self._rotates and monotonic() >= self._next_care:
            self._begin_care()

    def _begin_care(self) -> None:
        """In a thread, which ends with its work: nothing is left to be forked or waited for."""
        self._next_care = monotonic() + _SECONDS_BETWEEN_CARES
        if self._carer is not None and self._carer.is_alive():
            # It may have looked already; and where it is ending just now, the next line begins another.
            self._once_more, self._next_care = True, 0.0
            return
        carer = Thread(target=self._care_for_all, name="obskit-log-files", daemon=True)
        try:
            carer.start()
        except RuntimeError:  # the interpreter is ending: another process will, or the next one
            return
        self._carer = carer

    def _care_for_all(self) -> None:
        self._once_more = True
        while self._once_more:
            self._once_more = False
            self._care()
