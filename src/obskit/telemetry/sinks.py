"""Where log lines go by the configuration: the console, files, and the receiver."""

from __future__ import annotations

from opentelemetry.sdk.resources import Resource

from obskit import names
from obskit.config import Config
from obskit.export.processors import Logs
from obskit.redaction import Plain, plain
from obskit.telemetry.console import Console
from obskit.telemetry.files import Files
from obskit.telemetry.logs import OtlpLogs, has_usual_limits
from obskit.telemetry.pipeline import Sink
from obskit.telemetry.providers import Providers

_OF_THE_SERVICE = (
    names.SERVICE_NAME,
    names.SERVICE_VERSION,
    names.DEPLOYMENT_ENVIRONMENT_NAME,
)


def build(config: Config, resource: Resource, providers: Providers, way: object) -> list[Sink]:
    """The sinks of a configuration.

    Args:
        config: The configuration.
        resource: What the lines are of.
        providers: One of them takes log records; the host's own has ways out of its own.
        way: What takes log records out, or None.
    """
    sinks: list[Sink] = []
    service = of_the_service(resource)
    if config.log_format != "none":
        sinks.append(Console(config.log_format, config.log_stream, config.log_line_limit, service))
    if config.log_folder is not None:
        sinks.append(Files(config, config.log_folder, service))
    if way is not None or "logs" in providers.hosts_own:
        direct = way if isinstance(way, Logs) and has_usual_limits(config) else None
        sinks.append(OtlpLogs(providers.logger, direct))
    return sinks


def of_the_service(resource: Resource) -> dict[str, Plain]:
    """The fields that every line carries in JSON.

    Args:
        resource: What the lines are of.
    """
    known = resource.attributes
    return {key: plain(str(known[key])) for key in _OF_THE_SERVICE if known.get(key)}
