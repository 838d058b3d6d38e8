"""Versions: what is installed, and what of it is known not to work together."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Container, Iterator, Mapping
from importlib.metadata import Distribution, distributions
from typing import Any, NamedTuple

from obskit.cli.doctor.patient import Finding, Patient

_OURS = "obskit-otel"
_OTEL = "opentelemetry-"
_INSTRUMENTATION = "opentelemetry-instrumentation-"
#: What is told of where it is there.
_TOLD: Mapping[str, str] = {
    _OURS: "obskit",
    "opentelemetry-api": "OpenTelemetry API",
    "opentelemetry-sdk": "OpenTelemetry SDK",
    "sentry-sdk": "sentry-sdk",
    "structlog": "structlog",
    "flask": "Flask",
    "django": "Django",
    "fastapi": "FastAPI",
    "starlette": "Starlette",
    "celery": "Celery",
    "sqlalchemy": "SQLAlchemy",
    "gunicorn": "Gunicorn",
    "uwsgi": "uWSGI",
    "uvicorn": "Uvicorn",
    "gevent": "gevent",
    "protobuf": "protobuf",
    "grpcio": "gRPC",
}
# Each measures requests by itself, and patches the frameworks for it.
_AGENTS = ("ddtrace", "elastic-apm", "newrelic", "scout-apm", "logfire", "appsignal")
# Each says which exporters `opentelemetry-instrument` begins with; it takes one.
_DISTROS = (
    "opentelemetry-distro",
    "aws-opentelemetry-distro",
    "elastic-opentelemetry",
    "splunk-opentelemetry",
)
# Drivers of databases, each with its module: they tell again of what SQLAlchemy's spans tell of.
_DRIVERS: Mapping[str, str] = {
    "aiopg": "aiopg",
    "asyncpg": "asyncpg",
    "mysql": "mysql.connector",
    "mysqlclient": "MySQLdb",
    "psycopg": "psycopg",
    "psycopg2": "psycopg2",
    "pymysql": "pymysql",
}
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*\(?([^;()]*)\)?\s*(?:;(.*))?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_SEPARATORS = re.compile("[-_.]+")


class Requirement(NamedTuple):
    """What a distribution asks of another.

    Attributes:
        name: Of the other, normalized.
        versions: Which versions fit, as in `>=1.0,<2.1`.
        extra: The extra that asks for it; empty where all of it does.
        marker: When it counts, with the extra; may be empty.
    """

    name: str
    versions: str
    extra: str
    marker: str


def diagnose(patient: Patient) -> Iterator[Finding]:
    """What is installed, and what of it is known not to work together.

    Args:
        patient: The service.
    """
    installed = {normal(each.metadata["Name"]): each for each in distributions() if each.metadata}
    told = [f"Python {platform.python_version()}"]
    told += [f"{name} {installed[one].version}" for one, name in _TOLD.items() if one in installed]
    yield Finding(", ".join(told))
    yield from conflicts(installed)
    off = patient.config.disabled_instrumentations
    if "*" not in off and "sqlalchemy" not in off:
        yield from _of_drivers({*installed} - {f"{_INSTRUMENTATION}{name}" for name in off})


def conflicts(installed: Mapping[str, Any]) -> Iterator[Finding]:
    """What is known not to work together.

    Args:
        installed: Distributions by their normalized names.
    """
    for name, one in sorted(installed.items()):
        if name == _OURS or name.startswith(_OTEL):
            for asked in requirements(one):
                other = installed.get(asked.name)
                if other is not None and not _fits(other.version, asked):
                    yield _conflict(name, one, asked, other)
    yield from _of_doubles(installed)


def normal(name: str) -> str:
    """A distribution's name as the index compares it (PEP 503).

    >>> normal("Flask_SQLAlchemy")
    'flask-sqlalchemy'
    """
    return _SEPARATORS.sub("-", name).lower()


def requirements(one: Distribution) -> Iterator[Requirement]:
    """What a distribution asks of others.

    Args:
        one: The distribution.
    """
    for text in one.requires or ():
        matched = _REQUIREMENT.fullmatch(text.strip())
        if matched is None:
            continue
        marker = (matched[3] or "").strip()
        extra = _EXTRA.search(marker)
        yield Requirement(normal(matched[1]), matched[2].strip(), extra[1] if extra else "", marker)


def _fits(version: str, asked: Requirement) -> bool:
    """Whether a version is one of those asked for; what cannot be judged is."""
    try:
        from packaging.markers import Marker
        from packaging.specifiers import SpecifierSet
        from packaging.version import Version
    except ModuleNotFoundError:  # without it only what is pinned can be compared
        pinned = asked.versions.removeprefix("==")
        return not asked.versions.startswith("==") or "," in pinned or version == pinned
    try:
        if asked.marker and not Marker(asked.marker).evaluate({"extra": asked.extra}):
            return True
        return SpecifierSet(asked.versions).contains(Version(version), prereleases=True)
    except ValueError:  # a version or a marker of somebody's own making
        return True


def _conflict(name: str, one: Any, asked: Requirement, other: Any) -> Finding:
    found = f"{asked.name} {other.version} is installed, and {name} {one.version} wants"
    wanted = f"{asked.name}{asked.versions}"
    install = f"pip install '{wanted}'"
    if name == _OURS:
        extra = f"[{asked.extra}]" if asked.extra else ""
        harm = f"what obskit does with {asked.name} fails or is left out"
        return Finding(f"{found} {wanted}: {harm}", f"pip install -U '{_OURS}{extra}'")
    if name.startswith(_INSTRUMENTATION) and asked.extra.startswith("instruments"):
        harm = f"it is not switched on, and {asked.name} leaves no spans"
        return Finding(
            f"{found} {wanted}: {harm}",
            f"{install}, or an instrumentation that knows it: pip install -U {name}",
            mild=True,
        )
    if asked.name == "protobuf":
        harm = "an import raises VersionError where gRPC or the stock exporters are used"
    else:
        harm = (
            "parts of OpenTelemetry of different releases fail at import, or call what is not there"
        )
    return Finding(f"{found} {wanted}: {harm}", f"{install}, or upgrade all of {_OTEL}* together")


def _of_doubles(installed: Mapping[str, Any]) -> Iterator[Finding]:
    for agent in _AGENTS:
        if agent in installed:
            yield Finding(
                f"{agent} is installed: where it runs too, each request is measured twice and both"
                " patch the same frameworks",
                f"run one of them: start the service without {agent}, or pip uninstall {agent}",
                mild=True,
            )
    distros = [one for one in _DISTROS if one in installed]
    if len(distros) > 1:
        yield Finding(
            f"{' and '.join(distros)} are installed: opentelemetry-instrument takes the first it finds",
            "keep one, or name it by OTEL_PYTHON_DISTRO",
            mild=True,
        )


def _of_drivers(installed: Container[str]) -> Iterator[Finding]:
    """The app has imported SQLAlchemy and a driver, and both are instrumented."""
    if "sqlalchemy" not in sys.modules or f"{_INSTRUMENTATION}sqlalchemy" not in installed:
        return
    for driver, module in _DRIVERS.items():
        if module in sys.modules and f"{_INSTRUMENTATION}{driver}" in installed:
            yield Finding(
                f"both SQLAlchemy and {driver} are instrumented: a statement that goes through both is"
                " two spans",
                f"set OTEL_PYTHON_DISABLED_INSTRUMENTATIONS={driver}, unless it is used alone too",
                mild=True,
            )
