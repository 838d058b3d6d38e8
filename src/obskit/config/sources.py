"""Where a configuration comes from: arguments, then the environment, then a file, then defaults."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from obskit import names
from obskit.config.model import OPTIONS, SIGNALS, Config, Option, Otlp
from obskit.exceptions import ConfigError

_MASK = "[masked]"
#: Variables that obskit's own tools read elsewhere; they configure no service.
_CONFIG_FILE = "OBSKIT_CONFIG_FILE"
# One or two wrong letters in a long name; further away it may be somebody else's variable.
_STANDARD_NEARNESS = 0.96
_OWN_NEARNESS = 0.75


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
        shown = _MASK if option.secret else repr(given)[:200]
        problems.append(f"{option.name} is {shown} (from {source}): use {option.value.allowed}")


def _read_file(
    environ: Mapping[str, str], folder: Path, problems: list[str]
) -> tuple[dict[str, Any], str]:
    """The options of the file, flattened: `{"log_level": …, "traces.endpoint": …}`."""
    named = environ.get(_CONFIG_FILE, "").strip()
    candidates = [Path(named)] if named else [folder / "obskit.toml", folder / "pyproject.toml"]
    for path in candidates:
        if not named and not path.is_file():
            continue
        try:
            table = _load_toml(path)
        except (OSError, ValueError) as error:
            problems.append(f"{path} cannot be read: {error}")
            return {}, str(path)
        if path.name == "pyproject.toml":
            table = table.get("tool", {}).get("obskit", {})
            if not table:
                continue
        return dict(_flatten(table)), str(path)
    return {}, ""


def _load_toml(path: Path) -> dict[str, Any]:
    try:
        import tomllib
    except ModuleNotFoundError:
        import tomli as tomllib  # Python 3.10
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
        if variable in known_variables or not variable.startswith(("OBSKIT_", "OTEL_", "SENTRY_")):
            continue
        own = variable.startswith("OBSKIT_")
        nearness = _OWN_NEARNESS if own else _STANDARD_NEARNESS
        near = get_close_matches(variable, known_variables, 1, nearness)
        if near:
            yield f"{variable} (from the environment) is not an option: did you mean {near[0]}?"


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
            if path and not Path(path).is_file():
                yield f"{signal}.{name} is {path!r}: use a file that exists"
        if otlp.client_key and not otlp.client_certificate:
            yield f"{signal}.client_key is set without {signal}.client_certificate: set both"


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
        return own if urlsplit(own).path.strip("/") else f"{own.rstrip('/')}/v1/{signal}"
    if general is None:
        return None
    base = general.rstrip("/")
    for other in SIGNALS:
        base = base.removesuffix(f"/v1/{other}")
    return f"{base}/v1/{signal}"
