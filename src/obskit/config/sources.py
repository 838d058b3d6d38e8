"""Where a configuration comes from: arguments, then the environment, then a file, then defaults."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from obskit import names
from obskit.config.model import OPTIONS, Config
from obskit.config.option import Option
from obskit.config.otlp import SIGNALS, Otlp
from obskit.exceptions import ConfigError

_MASK = "[masked]"
# What stands before an @ or in a URL's query may be a secret, however wrong the rest is.
_USER = re.compile(r"(\w+://)?.*@", re.DOTALL)
_QUERY = re.compile(r"(://[^?]*\?).*", re.DOTALL)
#: Names the file; it is no option of the file itself.
_CONFIG_FILE = "OBSKIT_CONFIG_FILE"
# One or two wrong letters in a long name; further away it may be somebody else's variable.
_STANDARD_NEARNESS = 0.96
_OWN_NEARNESS = 0.76
_COUNT_LIMITS = tuple(f"{what}_attribute_count_limit" for what in ("span", "event", "link", "log"))
_PREFIXES = ("OBSKIT_", "OTEL_", "SENTRY_")


def load(
    arguments: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Config:
    """Read the configuration.

    Args:
        arguments: Options given in code, by field name; `None` values count as not given.
        environ: The environment; `os.environ` by default.
        folder: Where `obskit.toml` and `pyproject.toml` are sought; the working directory by
            default.

    Returns:
        The configuration.

    Raises:
        ConfigError: Something is wrong. It lists everything that is.

    >>> load({"service": "shop"}, environ={"OBSKIT_LOG_LEVEL": "debug"}).log_level
    'DEBUG'
    """
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    file_values, file_name = _read_file(environ, folder or Path(), problems)
    given = {name: value for name, value in (arguments or {}).items() if value is not None}
    chosen: dict[str, Any] = {}
    for option in OPTIONS:
        found = _find(option, given, environ, file_values, file_name)
        if found is not None:
            value, source = found
            _parse(option, value, source, chosen, problems)
    problems += _misspelt(given, environ, file_values, file_name)
    if not problems:
        problems += _contradictions(chosen)
    if problems:
        raise ConfigError(problems)
    return _assemble(chosen)


def _find(
    option: Option,
    arguments: Mapping[str, Any],
    environ: Mapping[str, str],
    file_values: Mapping[str, Any],
    file_name: str,
) -> tuple[Any, str] | None:
    """What was given for an option and by whom. An empty variable counts as unset (SDK specification)."""
    if option.name in arguments:
        return arguments[option.name], "an argument of init"
    for variable in option.env:
        if environ.get(variable, "").strip():
            return environ[variable], variable
    if option.name in file_values:
        return file_values[option.name], file_name
    return None


def _parse(
    option: Option, given: Any, source: str, chosen: dict[str, Any], problems: list[str]
) -> None:
    try:
        chosen[option.name] = option.value.parse(given)
    except (ValueError, TypeError, KeyError):
        shown = _MASK if option.secret else _shown(given)
        problems.append(f"{option.name} is {shown} (from {source}): use {option.value.allowed}")


def _shown(given: Any) -> str:
    """A value as a message may show it: short, and without what may be a secret."""
    if isinstance(given, str):
        given = _QUERY.sub(rf"\1{_MASK}", _USER.sub(rf"\1{_MASK}@", given, count=1))
    return repr(given)[:200]


def _read_file(
    environ: Mapping[str, str], folder: Path, problems: list[str]
) -> tuple[dict[str, Any], str]:
    """The options of the file, flattened: `{"log_level": …, "traces.endpoint": …}`."""
    named = environ.get(_CONFIG_FILE, "").strip()
    candidates = [Path(named)] if named else [folder / "obskit.toml", folder / "pyproject.toml"]
    for path in candidates:
        if not named and not _is_readable(path):
            continue
        try:
            table = _load_toml(path)
        except (OSError, ValueError) as error:
            problems.append(f"{path} cannot be read: {error}")
            return {}, str(path)
        if path.name == "pyproject.toml":
            table = _own_table(table)
            if not table:
                continue
        return dict(_flatten(table)), str(path)
    return {}, ""


def _own_table(pyproject: Mapping[str, Any]) -> dict[str, Any]:
    tools = pyproject.get("tool")
    table = tools.get("obskit") if isinstance(tools, Mapping) else None
    return table if isinstance(table, dict) else {}


def _is_readable(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except (OSError, ValueError):  # ValueError: a null character
        return False


def _load_toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    with path.open("rb") as file:
        return tomllib.load(file)


def _flatten(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if key in {"otlp", *SIGNALS} and isinstance(value, Mapping):
            yield from ((f"{key}.{name}", inner) for name, inner in value.items())
        else:
            yield key, value


def _misspelt(
    arguments: Mapping[str, Any],
    environ: Mapping[str, str],
    file_values: Mapping[str, Any],
    file_name: str,
) -> Iterator[str]:
    known_names = [option.name for option in OPTIONS]
    known_variables = [variable for option in OPTIONS for variable in option.env] + [_CONFIG_FILE]
    for name, source in [
        *((name, "an argument of init") for name in arguments),
        *((name, file_name) for name in file_values),
    ]:
        if name not in known_names:
            near = get_close_matches(name, known_names, 1)
            hint = f"did you mean {near[0]}?" if near else "remove it"
            yield f"{name} (from {source}) is not an option: {hint}"
    for variable in environ:
        if variable in known_variables or not variable.startswith(_PREFIXES):
            continue
        meant = _nearest(variable, known_variables)
        # Where the right one is set as well, this one is somebody else's.
        if meant is not None and not environ.get(meant, "").strip():
            yield f"{variable} (from the environment) is not an option: did you mean {meant}?"


def _nearest(variable: str, known: list[str]) -> str | None:
    """The variable that was meant, if it is clear enough that this one is a slip of the pen."""
    if variable.startswith("OBSKIT_"):
        return next(iter(get_close_matches(variable, known, 1, _OWN_NEARNESS)), None)
    slips = [one for one in known if _one_slip_apart(variable, one)]
    return next(iter(slips or get_close_matches(variable, known, 1, _STANDARD_NEARNESS)), None)


def _one_slip_apart(one: str, other: str) -> bool:
    """Whether a letter was left out, added, replaced, or changed places with the next."""
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    swapped = len(one) == len("ab") and one == other[::-1]
    return swapped or max(len(one), len(other)) == 1


def _contradictions(chosen: Mapping[str, Any]) -> Iterator[str]:
    config = _assemble(chosen)
    for kind in ("span", "log"):
        batch, queue = getattr(config, f"{kind}_batch_size"), getattr(config, f"{kind}_queue_size")
        if batch > queue:
            yield (
                f"{kind}_batch_size is {batch}, more than {kind}_queue_size, which is {queue}:"
                f" use a batch of at most {queue}"
            )
    for signal in SIGNALS:
        otlp: Otlp = getattr(config, signal)
        for name in ("certificate", "client_key", "client_certificate"):
            path = getattr(otlp, name)
            if path and not _is_readable(Path(path)):
                yield f"{signal}.{name} is {path!r}: use a file that exists and can be read"
        if otlp.client_key and not otlp.client_certificate:
            yield f"{signal}.client_key is set without {signal}.client_certificate: set both"
        bare = otlp.endpoint and "://" not in otlp.endpoint
        if bare and otlp.protocol != "grpc" and config.exporter(signal) == "otlp":
            yield (
                f"{signal}.endpoint is {otlp.endpoint!r} with the protocol {otlp.protocol}:"
                " put http:// or https:// before it"
            )


def _assemble(chosen: Mapping[str, Any]) -> Config:
    """The configuration of parsed values: general settings reach each signal, resource names agree."""
    values = {name: value for name, value in chosen.items() if "." not in name}
    for signal in SIGNALS:
        settings = {
            name.partition(".")[2]: value
            for section in ("otlp", signal)
            for name, value in chosen.items()
            if name.startswith(f"{section}.")
        }
        exporter = values.get(f"{signal}_exporter")
        settings["endpoint"] = _endpoint(chosen, signal, exporter, settings.get("protocol"))
        values[signal] = Otlp(**settings)
    for name in _COUNT_LIMITS:  # the SDK would read the environment for what is left None
        values.setdefault(name, values.get("attribute_count_limit", Config.attribute_count_limit))
    resource: Mapping[str, str] = values.get("resource_attributes", {})
    for name, attribute in [
        ("service", names.SERVICE_NAME),
        ("version", names.SERVICE_VERSION),
        ("environment", names.DEPLOYMENT_ENVIRONMENT_NAME),
    ]:
        if name not in values and attribute in resource:
            values[name] = resource[attribute]
    return Config(**values)


def _endpoint(
    chosen: Mapping[str, Any], signal: str, exporter: str | None, protocol: str | None
) -> str | None:
    """The full URL of a signal: its own as it is, the general one with the signal's path added.

    A base URL where a signal's was expected and the other way round are the commonest mistakes
    (open-telemetry/opentelemetry-python#3200), and have only one sensible meaning.
    """
    own: str | None = chosen.get(f"{signal}.endpoint")
    general: str | None = chosen.get("otlp.endpoint")
    if own is None and general is None and exporter == "otlp":
        general = "http://localhost:4317" if protocol == "grpc" else "http://localhost:4318"
    if protocol == "grpc":
        return own or general
    if own is not None:
        parts = urlsplit(own)
        return own if parts.path.strip("/") else _with_path(own, f"/v1/{signal}")
    if general is None:
        return None
    base = urlsplit(general).path.rstrip("/")
    for other in SIGNALS:
        base = base.removesuffix(f"/v1/{other}")
    return _with_path(general, f"{base}/v1/{signal}")


def _with_path(url: str, path: str) -> str:
    if "://" not in url:  # host:port, which `_contradictions` refuses
        return url
    return urlunsplit(urlsplit(url)._replace(path=path))
