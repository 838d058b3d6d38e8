"""Who gave the options of a configuration: code, a variable, or a file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from obskit.config import sources
from obskit.config.model import OPTIONS, Config
from obskit.config.option import Option
from obskit.config.otlp import SIGNALS
from obskit.redaction.sensitive import MASK, is_sensitive, redact_own_url

_ARGUMENT = "an argument of init"
_LONGEST = 80


class Origin(NamedTuple):
    """An option that was given.

    Attributes:
        name: The option.
        value: Its value as it may be shown.
        source: A variable's name, a file's path, or `an argument of init`.
    """

    name: str
    value: str
    source: str


def origins(
    config: Config, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> list[Origin]:
    """The options that were given, in the order of the reference, without secrets.

    What the environment and the file do not say is an argument of `init`.

    Args:
        config: What they came to.
        environ: The environment; `os.environ` by default.
        folder: Where the file is sought; the working directory by default.

    >>> config = sources.load({"service": "shop"}, {"OBSKIT_LOG_LEVEL": "debug"})
    >>> for origin in origins(config, {"OBSKIT_LOG_LEVEL": "debug"}):
    ...     print(*origin)
    service shop an argument of init
    log_level DEBUG OBSKIT_LOG_LEVEL
    """
    environ = os.environ if environ is None else environ
    found = sources._read_file(environ, folder or Path(), [])
    return list(_each(config, _without_code(environ, *found), environ, *found))


def secrets(environ: Mapping[str, str] | None = None) -> list[str]:
    """The values of the environment's variables that are named like secrets, and are no files.

    Args:
        environ: The environment; `os.environ` by default.

    >>> secrets({"DB_PASSWORD": "hunter2", "PWD": "/", "LANG": "C"})
    ['hunter2']
    """
    environ = os.environ if environ is None else environ
    held = (value for name, value in environ.items() if is_sensitive(name))
    return [value for value in held if not _is_there(value)]


def _without_code(
    environ: Mapping[str, str], file_values: Mapping[str, Any], file_name: str
) -> Config:
    """What the environment and the file come to; what is wrong there is code's to mend."""
    chosen: dict[str, Any] = {}
    for option in OPTIONS:
        given = sources._find(option, {}, environ, file_values, file_name)
        if given is not None:
            sources._parse(option, *given, chosen, [])
    return sources._assemble(chosen)


def _each(
    config: Config,
    without: Config,
    environ: Mapping[str, str],
    file_values: Mapping[str, Any],
    file_name: str,
) -> Iterator[Origin]:
    for option in OPTIONS:
        value, plain = _value(config, option), _value(without, option)
        given = sources._find(option, {}, environ, file_values, file_name)
        if value != plain and not _is_general(option):
            if given is None and _follows(config, option):
                continue
            yield Origin(option.name, _shown(option, value), _ARGUMENT)
        elif given is not None:
            shown = given[0] if _is_general(option) else value
            yield Origin(option.name, _shown(option, shown), given[1])


def _is_there(value: str) -> bool:
    try:
        return Path(value).is_absolute() and Path(value).exists()
    except (OSError, ValueError):  # longer than a name may be, or no text of the file system's
        return False


def _is_general(option: Option) -> bool:
    return option.name.startswith("otlp.")


def _value(config: Config, option: Option) -> Any:
    section, dot, name = option.name.partition(".")
    if not dot:
        return getattr(config, option.name)
    return getattr(getattr(config, section), name) if section in SIGNALS else None


def _follows(config: Config, option: Option) -> bool:
    """Whether the value of one signal is that of all: code gave the general one."""
    section, dot, name = option.name.partition(".")
    if not dot or section == SIGNALS[0]:
        return False
    first = SIGNALS[0]
    return str(getattr(getattr(config, first), name)).replace(f"/v1/{first}", "") == str(
        _value(config, option)
    ).replace(f"/v1/{section}", "")


def _shown(option: Option, value: Any) -> str:
    if option.secret:
        return MASK
    if isinstance(value, Mapping):
        value = " ".join(
            f"{key}={MASK if is_sensitive(key) else each}" for key, each in value.items()
        )
    elif isinstance(value, tuple):
        value = " ".join(map(str, value))
    shown = redact_own_url(str(value))
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
