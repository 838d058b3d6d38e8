"""Plugins of Nagios and its kin: exit code 0 to 3, a line for people, and numbers behind a bar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from obskit.checks.library.command import arguments, ending, run
from obskit.checks.model import CheckResult, Status
from obskit.duration import Duration, parse_duration

_STATUSES = (Status.OK, Status.WARNING, Status.CRITICAL, Status.UNKNOWN)
_MAX_LINES = 100
_MAX_LINE = 8_192
_MAX_NUMBERS = 64
# 'label'=value[unit];[warn];[crit];[min];[max], the label quoted where it has blanks.
_NUMBER = re.compile(
    r"(?<!\S)(?:'((?:[^']|'')+)'|([^\s='|]+))=(-?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)([^\s;]*)(?:;(\S*))?"
)
_BOUNDS = ("warning", "critical", "least", "most")
_UNITS = {"B": "By", "KB": "kBy", "MB": "MBy", "GB": "GBy", "TB": "TBy", "c": ""}


@dataclass(frozen=True)
class Plugin:
    """What a plugin says. Its first number is the value, all of them are details.

    Args:
        argv: The plugin and its arguments, a list. Not shown: it may hold a password.
        timeout: How long it may run; then it and its children are killed.

    Returns:
        Its status, its first line as the message, its further lines as evidence. Unknown where it
        ends with another number than 0 to 3, or cannot be started.

    Raises:
        TimeoutError: It did not end in time.
        ValueError: The command or the time-out is none.

    >>> said = Plugin(["sh", "-c", "echo 'USERS WARNING - 7 | users=7;5;10'; exit 1"])()
    >>> said.message, said.value, str(said.status)
    ('USERS WARNING - 7', 7.0, 'warning')
    """

    argv: Sequence[str] = field(repr=False)
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse a command line that only a shell could read."""
        object.__setattr__(self, "argv", arguments(self.argv))
        parse_duration(self.timeout)

    def __call__(self) -> CheckResult:
        """Run it."""
        lines = _First()
        errors = _First()
        code = run(self.argv, self.timeout, lines.take, errors.take)
        if isinstance(code, CheckResult):
            return code
        message, more, written = _parts(lines)
        message = message or next(iter(errors), "it wrote nothing")
        if not 0 <= code < len(_STATUSES):
            return CheckResult.unknown(
                f"{ending(self.argv, code)}, and no plugin does: {message}", evidence=errors
            )
        numbers = _numbers(written)
        value, unit = next(iter(numbers.values()), (None, "", {}))[:2]
        details = {name: {"value": v, "unit": u} | b for name, (v, u, b) in numbers.items()}
        return CheckResult(_STATUSES[code], message, value, unit, details, [*more, *errors])


class _First(list[str]):
    """The first lines."""

    def take(self, line: str) -> None:
        if len(self) < _MAX_LINES:
            self.append(line[:_MAX_LINE])


def _parts(lines: Sequence[str]) -> tuple[str, list[str], str]:
    """The first line's text, the further ones, and the numbers of all.

    >>> _parts(["DISK OK | /=3MB", "/ 15272 MB", "/boot 68 MB | /boot=68MB", "/home=69MB"])
    ('DISK OK', ['/ 15272 MB', '/boot 68 MB'], '/=3MB /boot=68MB /home=69MB')
    """
    if not lines:
        return "", [], ""
    message, _, numbers = lines[0].partition("|")
    # Of what follows, all behind the first bar is numbers, on whichever line.
    more, _, further = "\n".join(lines[1:]).partition("|")
    written = " ".join(part.strip() for part in (numbers, *further.splitlines()) if part.strip())
    return message.strip(), [line.rstrip() for line in more.splitlines()], written


def _numbers(written: str) -> dict[str, tuple[float, str, dict[str, str]]]:
    """By label: the value, its unit as OpenTelemetry writes it, and the bounds that it was given.

    >>> _numbers("'it''s free'=12.5%;20:;10:;0;100 time=0.003s;;;0 n=7c x=U")["it's free"]
    (12.5, '%', {'warning': '20:', 'critical': '10:', 'least': '0', 'most': '100'})
    """
    numbers: dict[str, tuple[float, str, dict[str, str]]] = {}
    for quoted, bare, value, unit, bounds in _NUMBER.findall(written[:_MAX_LINE]):
        if len(numbers) == _MAX_NUMBERS:
            break
        label = quoted.replace("''", "'") or bare
        given = zip(_BOUNDS, bounds.split(";"), strict=False)
        named = {name: bound for name, bound in given if bound}
        numbers[label] = (float(value), _UNITS.get(unit, unit), named)
    return numbers
