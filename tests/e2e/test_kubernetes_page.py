"""What docs/kubernetes.md hands to the collector: it is accepted, and changes nothing but where it listens.

That a cluster accepts the rest is not tested.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from .build import COLLECTOR, COLLECTOR_PART, ROOT
from .roles import ROLES

PAGE = (ROOT / "docs" / "kubernetes.md").read_text()
RESOURCES: list[dict[str, Any]] = [
    resource
    for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for resource in yaml.safe_load_all(block)
]
COLLECTORS = {
    resource["metadata"]["name"].removeprefix("obskit-"): resource["spec"]
    for resource in RESOURCES
    if resource["kind"] == "OpenTelemetryCollector"
}


def merged(files: Sequence[str]) -> dict[str, Any]:
    """A configuration as the collector that is run reads it."""
    program = str(COLLECTOR_PART.path / "obskit-collector")
    argv = [program, "print-config", *(f"--config={file}" for file in files)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    parsed: dict[str, Any] = yaml.safe_load(done.stdout)
    return parsed


def here(role: str) -> list[str]:
    """The files of a resource, where they are in the project."""
    return [
        argument.removeprefix("--config=")
        .replace("/etc/obskit/profiles", str(COLLECTOR / "profiles"))
        .replace("/etc/obskit", str(ROOT))
        for argument in COLLECTORS[role]["command"][1:]
    ]


def test_the_resources_are_these() -> None:
    assert [resource["kind"] for resource in RESOURCES] == [
        *("OpenTelemetryCollector", "OpenTelemetryCollector", "KafkaTopic", "KafkaUser")
    ]
    assert list(COLLECTORS) == list(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_a_resource_runs_the_files_of_its_role_in_their_order(role: str) -> None:
    """By the program of the image."""
    names = [f"profiles/{name}" for name in (*ROLES[role], "kafka-tls")]
    assert COLLECTORS[role]["command"] == [
        "/usr/local/bin/obskit-collector",
        *(f"--config=/etc/obskit/{name}.yaml" for name in ("otel-collector", *names)),
    ]
    assert f"`{'`, `'.join(ROLES[role])}`, and `kafka-tls`" in PAGE


@pytest.mark.parametrize("role", ROLES)
def test_what_the_operator_adds_changes_only_where_it_listens(role: str, tmp_path: Path) -> None:
    """All else says what was said."""
    own = tmp_path / "collector.yaml"
    own.write_text(yaml.safe_dump(COLLECTORS[role]["config"]))
    without, full = merged(here(role)), merged([*here(role), str(own)])
    assert full["extensions"]["health_check"].pop("endpoint") == "0.0.0.0:13133"
    without["extensions"]["health_check"].pop("endpoint")
    if role == "agent":
        listens = full["receivers"]["otlp"]["protocols"]
        assert listens["grpc"].pop("endpoint") == "0.0.0.0:4317"
        assert listens["http"].pop("endpoint") == "0.0.0.0:4318"
        for protocol in without["receivers"]["otlp"]["protocols"].values():
            protocol.pop("endpoint")
    assert full == without


@pytest.mark.parametrize("role", ROLES)
def test_a_resource_sets_variables_that_are_read(role: str) -> None:
    """By its files, or by Go."""
    read = {
        name for file in here(role) for name in re.findall(r"\$\{env:(\w+)", Path(file).read_text())
    }
    assert {one["name"] for one in COLLECTORS[role]["env"]} - read == {"GOMEMLIMIT"}
