"""Where log lines go by the configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from tests.telemetry.consoles import record

from obskit.config import load
from obskit.telemetry import sinks
from obskit.telemetry.pipeline import Sink
from obskit.telemetry.providers import Providers

RESOURCE = Resource(
    {
        "service.name": "shop",
        "service.version": "1.2.3",
        "deployment.environment.name": "test",
        "host.name": "web-1",
    }
)


def built(way: object = None, hosts_own: tuple[str, ...] = (), **given: Any) -> list[Sink]:
    config = load({"service": "shop", **given}, environ={}, folder=Path("/nowhere"))
    owned = frozenset(hosts_own)
    providers = Providers(None, None, LoggerProvider(), owned, frozenset(), {})
    return sinks.build(config, RESOURCE, providers, way)


def kinds(found: list[Sink]) -> list[str]:
    return [type(sink).__name__ for sink in found]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"log_format": "none"}, []),
        ({"log_format": "json"}, ["Console"]),
        ({"log_format": "json", "way": object()}, ["Console", "OtlpLogs"]),
        ({"log_format": "none", "hosts_own": ("logs",)}, ["OtlpLogs"]),
        ({"log_format": "none", "hosts_own": ("traces", "metrics")}, []),
    ],
)
def test_lines_go_where_the_configuration_says(
    options: dict[str, Any], expected: list[str]
) -> None:
    assert kinds(built(**options)) == expected


def test_lines_go_into_files_where_a_folder_is_named(tmp_path: Path) -> None:
    folder = str(tmp_path / "logs")
    assert kinds(built(log_format="none", log_folder=folder)) == ["Files"]
    assert kinds(built(log_format="json", log_folder=folder, way=object())) == [
        "Console",
        "Files",
        "OtlpLogs",
    ]


def test_a_line_on_the_console_says_which_service_it_is_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (console,) = built(log_format="json", log_stream="stdout")
    console.write(record())
    line = json.loads(capsys.readouterr().out)
    assert {name: value for name, value in line.items() if name in RESOURCE.attributes} == {
        "service.name": "shop",
        "service.version": "1.2.3",
        "deployment.environment.name": "test",
    }


def test_a_way_of_another_kind_is_reached_through_the_provider() -> None:
    memory = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(memory))
    config = load({"service": "shop", "log_format": "none"}, environ={}, folder=Path("/nowhere"))
    providers = Providers(None, None, provider, frozenset(), frozenset(), {})
    (sink,) = sinks.build(config, RESOURCE, providers, object())
    sink.write(record())
    assert len(memory.get_finished_logs()) == 1
