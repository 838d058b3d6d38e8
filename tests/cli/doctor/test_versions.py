"""What is installed, and what of it does not go together."""

from __future__ import annotations

import json
import platform
import sys
from types import ModuleType
from typing import NamedTuple

import pytest
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host

from obskit.cli.doctor.versions import conflicts
from obskit.version import version

pytest.importorskip("packaging")


class Installed(NamedTuple):
    """What a distribution's metadata say."""

    version: str
    requires: list[str] | None = None


def told(**installed: Installed) -> list[tuple[str, str, str]]:
    named = {name.replace("_", "-"): one for name, one in installed.items()}
    return [(found.level, found.what, found.remedy) for found in conflicts(named)]


def test_what_is_installed_is_told(app: Host, doctor: Doctor) -> None:
    found = json.loads(doctor("versions", "--json").stdout)["findings"]
    assert found[0]["what"].startswith(
        f"Python {platform.python_version()}, obskit {version()}, OpenTelemetry API 1."
    )
    assert ", structlog " in found[0]["what"]


def test_an_api_that_is_not_the_sdks_is_a_conflict() -> None:
    assert told(
        opentelemetry_api=Installed("1.44.0"),
        opentelemetry_sdk=Installed("1.45.0", ["opentelemetry-api==1.45.0"]),
    ) == [
        (
            "failed",
            (
                "opentelemetry-api 1.44.0 is installed, and opentelemetry-sdk 1.45.0 wants"
                " opentelemetry-api==1.45.0: parts of OpenTelemetry of different releases fail at"
                " import, or call what is not there"
            ),
            "pip install 'opentelemetry-api==1.45.0', or upgrade all of opentelemetry-* together",
        )
    ]


def test_a_library_that_its_instrumentation_does_not_know_is_a_warning() -> None:
    asked = ["sqlalchemy<2.1.0,>=1.0.0; extra == 'instruments'"]
    assert told(
        sqlalchemy=Installed("2.1.3"),
        opentelemetry_instrumentation_sqlalchemy=Installed("0.66b1", asked),
    ) == [
        (
            "warning",
            (
                "sqlalchemy 2.1.3 is installed, and opentelemetry-instrumentation-sqlalchemy 0.66b1"
                " wants sqlalchemy<2.1.0,>=1.0.0: it is not switched on, and sqlalchemy leaves no spans"
            ),
            (
                "pip install 'sqlalchemy<2.1.0,>=1.0.0', or an instrumentation that knows it: pip"
                " install -U opentelemetry-instrumentation-sqlalchemy"
            ),
        )
    ]


def test_a_protobuf_that_the_generated_code_does_not_run_with_is_a_conflict() -> None:
    ((level, what, remedy),) = told(
        protobuf=Installed("4.25.9"),
        opentelemetry_proto=Installed("1.45.1", ["protobuf<8.0,>=5.0"]),
    )
    assert (level, remedy.split(",")[0]) == ("failed", "pip install 'protobuf<8.0")
    assert what.endswith("an import raises VersionError where gRPC or the stock exporters are used")


def test_a_package_that_is_too_old_for_obskit_is_a_conflict() -> None:
    assert told(
        sentry_sdk=Installed("2.39.0"),
        obskit_otel=Installed("0.1.0", ["sentry-sdk>=2.40; extra == 'sentry'"]),
    ) == [
        (
            "failed",
            (
                "sentry-sdk 2.39.0 is installed, and obskit-otel 0.1.0 wants sentry-sdk>=2.40: what"
                " obskit does with sentry-sdk fails or is left out"
            ),
            "pip install -U 'obskit-otel[sentry]'",
        )
    ]


def test_what_fits_or_counts_for_another_python_is_none() -> None:
    asked = [
        "opentelemetry-api~=1.12",
        "grpcio<1; python_version < '3'",
        "no requirement at all ((",
    ]
    assert (
        told(
            opentelemetry_api=Installed("1.45.0"),
            grpcio=Installed("1.85.1"),
            opentelemetry_x=Installed("1.0", asked),
            opentelemetry_y=Installed("1.0"),
            somebodys=Installed("1.0", ["opentelemetry-api==0.1"]),
        )
        == []
    )


def test_a_version_of_ones_own_making_is_not_judged() -> None:
    assert (
        told(
            flask=Installed("ours"),
            obskit_otel=Installed("0.1.0", ["flask>=2.3; extra == 'flask'"]),
        )
        == []
    )


@pytest.mark.parametrize("agent", ["ddtrace", "elastic-apm", "newrelic", "logfire"])
def test_another_agent_is_a_warning(agent: str) -> None:
    ((level, what, _),) = told(**{agent: Installed("1.0")})
    assert level == "warning"
    assert what.startswith(
        f"{agent} is installed: where it runs too, each request is measured twice"
    )


def test_two_distributions_of_opentelemetry_are_a_warning() -> None:
    one, two = Installed("1.0"), Installed("1.1")
    ((level, what, remedy),) = told(opentelemetry_distro=one, elastic_opentelemetry=two)
    assert (level, remedy) == ("warning", "keep one, or name it by OTEL_PYTHON_DISTRO")
    assert what.startswith("opentelemetry-distro and elastic-opentelemetry are installed")
    assert told(opentelemetry_distro=one) == []


@pytest.mark.parametrize(
    ("off", "told"),
    [("", True), ("*", False), ("sqlalchemy", False), ("pymysql,psycopg2", False)],
)
def test_a_driver_that_tells_again_what_sqlalchemy_tells_is_a_warning(
    app: Host, doctor: Doctor, monkeypatch: pytest.MonkeyPatch, off: str, told: bool
) -> None:
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("opentelemetry.instrumentation.sqlalchemy")
    pytest.importorskip("opentelemetry.instrumentation.psycopg")
    monkeypatch.setitem(sys.modules, "psycopg", ModuleType("psycopg"))
    off = off.replace("pymysql,psycopg2", "psycopg,psycopg2")
    found = doctor("versions", OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=off)
    assert ("both SQLAlchemy and psycopg are instrumented" in found.stdout) == told
    assert found.exit_code == 0
