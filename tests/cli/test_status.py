"""`obskit status`, over processes that run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

click_testing = pytest.importorskip("click.testing")

from obskit.cli import main  # noqa: E402

HOST = """
import logging, sys, time
import obskit
obskit.init("shown", log_format="json")
print("ready", flush=True)
for line in sys.stdin:
    time.sleep(1.1)  # a process looks at the levels once a second
    obskit.get_logger("shop").warning("looks")
    print(logging.getLogger("shop").getEffectiveLevel(), flush=True)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment without anything of ours but the folder that processes share."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "OBSKIT_", "SENTRY_"))
    }
    return {**kept, "OBSKIT_RUN_DIR": str(tmp_path)}


def status(environment: dict[str, str], *arguments: str) -> Any:
    """The result of the command."""
    cleared = {
        name: None for name in os.environ if name.startswith(("OTEL_", "OBSKIT_", "SENTRY_"))
    }
    runner = click_testing.CliRunner(env={**cleared, **environment})
    return runner.invoke(main, ["status", *arguments])


def test_it_says_where_each_signal_goes(environment: dict[str, str]) -> None:
    environment |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://app:hunter2@collector:4318",
        "SENTRY_DSN": "http://key@sentry/1",
    }
    result = status(environment, "--service", "shown")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "service      shown",
        "traces       otlp     http://app:[redacted]@collector:4318/v1/traces",
        "metrics      otlp     http://app:[redacted]@collector:4318/v1/metrics",
        "logs         otlp     http://app:[redacted]@collector:4318/v1/logs",
        "errors       sentry   to the DSN",
        "console      auto on stderr",
        "processes    0 running on this host",
    ]


def test_without_an_endpoint_it_says_what_to_set(environment: dict[str, str]) -> None:
    result = status(environment)
    assert "traces       none     nowhere: set OTEL_EXPORTER_OTLP_ENDPOINT" in result.output
    assert "errors       none     nowhere: set SENTRY_DSN" in result.output


def test_a_level_is_changed_in_a_process_that_runs(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOST],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        shown = status(environment, "--service", "shown", "--json")
        assert json.loads(shown.output)["processes"] == [{"slot": 0, "pid": process.pid}]
        changed = status(environment, "--service", "shown", "--set-level", "shop=error")
        assert changed.exit_code == 0
        process.stdin.write("look\n")
        process.stdin.flush()
        assert process.stdout.readline() == "40\n"
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set-level", "shop"], "'shop' is no LOGGER=LEVEL: write sqlalchemy.engine=DEBUG"),
        (["--set-level", "shop=loud"], "the level is 'loud': use DEBUG, INFO"),
        (["--set-level", "shop=debug"], "no process of this service runs on this host"),
    ],
)
def test_a_wrong_use_is_told_in_a_sentence(
    environment: dict[str, str], arguments: list[str], message: str
) -> None:
    result = status(environment, "--service", "nobody", *arguments)
    assert result.exit_code != 0
    assert message in result.output


def test_a_wrong_configuration_is_told_whole(environment: dict[str, str]) -> None:
    environment |= {"OBSKIT_LOG_LEVEL": "loud", "OTEL_BSP_SCHEDULE_DELAY": "soon"}
    result = status(environment)
    assert result.exit_code == 1
    assert "2 wrong values in the configuration of obskit" in result.output
