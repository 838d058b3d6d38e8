"""The tier in containers: docker-compose accepts it, and it agrees with what is tested as processes."""

from __future__ import annotations

import os
import re
import subprocess
from typing import Any

import pytest
import yaml

from .build import COLLECTOR, ROOT
from .roles import ROLES
from .services import SERVICES, in_containers

MEMBERS = {"agent": "agent", "gateway-1": "gateway", "gateway-2": "gateway"}
BACKENDS = ("jaeger", "prometheus", "alertmanager", "loki")


def config(file: str, **env: str) -> subprocess.CompletedProcess[str]:
    """What Docker's own tool makes of a file."""
    return subprocess.run(
        ["docker-compose", "-p", "obskit", "-f", file, "config"],
        cwd=COLLECTOR,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
    )


def services(file: str, **env: str) -> dict[str, Any]:
    done = config(file, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    parsed: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return parsed


@pytest.fixture(scope="module")
def fleet() -> dict[str, Any]:
    """The services of the tier."""
    return services("compose.fleet.yaml", OBSKIT_COLLECTOR_IMAGE="obskit-collector:1")


def test_the_tier_is_these(fleet: dict[str, Any]) -> None:
    assert sorted(fleet) == sorted(["kafka", "topics", *MEMBERS, *BACKENDS])


def test_without_an_image_it_says_where_to_get_one() -> None:
    """Ours is not published."""
    done = config("compose.fleet.yaml")
    assert done.returncode != 0
    assert "OBSKIT_COLLECTOR_IMAGE" in done.stderr
    assert "name the image that is built as collector/Dockerfile says" in done.stderr


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_runs_the_files_of_its_role_in_their_order(
    fleet: dict[str, Any], name: str
) -> None:
    """By the image that was asked for, and after the topics are there."""
    own = fleet[name]
    files = ["otel-collector", *(f"profiles/{profile}" for profile in ROLES[MEMBERS[name]])]
    assert own["command"] == [f"--config=/etc/obskit/{file}.yaml" for file in files]
    assert own["image"] == "obskit-collector:1"
    condition = own["depends_on"]["topics"]["condition"]
    assert condition == "service_completed_successfully"


def test_members_are_told_apart_and_have_queues_of_their_own(fleet: dict[str, Any]) -> None:
    assert [fleet[name]["environment"]["OTELCOL_HOST_NAME"] for name in MEMBERS] == [*MEMBERS]
    assert [fleet[name]["volumes"][0] for name in MEMBERS] == [
        f"{name}:/var/lib/obskit:rw" for name in MEMBERS
    ]


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_finds_what_the_one_collector_finds(fleet: dict[str, Any], name: str) -> None:
    """What both are told is the same."""
    addresses = in_containers()
    table = {
        key: addresses.fill(value, etc="", data="")
        for key, value in SERVICES["collector"].env.items()
    }
    told = fleet[name]["environment"]
    of_role = "OTELCOL_OTLP" if name == "agent" else "JAEGER|PROMETHEUS|LOKI"
    wanted = [key for key in table if re.match(f"{of_role}|OTELCOL_(HEALTH|METRICS_HOST)", key)]
    assert len(wanted) == (4 if name == "agent" else 5)
    assert {key: told[key] for key in wanted} == {key: table[key] for key in wanted}


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_is_that_of_the_other_file(fleet: dict[str, Any], name: str) -> None:
    """Prometheus finds each member, and not one collector."""
    own, other = fleet[name], services("compose.yaml")[name]
    more = sorted(set(own.pop("volumes")) - set(other.pop("volumes")))
    targets = f"{COLLECTOR}/prometheus/targets-fleet.yml:/etc/prometheus/targets/collector.yml:ro"
    assert more == ([targets] if name == "prometheus" else [])
    assert own == other


def test_prometheus_finds_each_member() -> None:
    found = yaml.safe_load((COLLECTOR / "prometheus" / "targets-fleet.yml").read_text())
    assert found == [{"targets": [f"{name}:8888" for name in MEMBERS]}]


def test_kafka_is_the_version_that_the_tests_run_and_the_topics_are_made(
    fleet: dict[str, Any],
) -> None:
    pom = (COLLECTOR / "kafka" / "pom.xml").read_text()
    version = re.search(r"<artifactId>kafka</artifactId>\s*<version>(.*?)</version>", pom)
    assert version is not None
    assert fleet["kafka"]["image"] == fleet["topics"]["image"] == f"apache/kafka:{version[1]}"
    assert "for topic in otlp_spans otlp_metrics otlp_logs;" in fleet["topics"]["command"][-1]
    assert fleet["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_ports_are_published_on_loopback_only(fleet: dict[str, Any]) -> None:
    ports = [port for service in fleet.values() for port in service.get("ports", [])]
    assert len(ports) == 6
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_image_takes_files_that_are_there() -> None:
    """And the program, which is put in `build/` first."""
    text = (COLLECTOR / "Dockerfile").read_text()
    taken = dict(re.findall(r"^COPY (\S+) (\S+)$", text, re.MULTILINE))
    assert taken.pop("build/obskit-collector") == "/usr/local/bin/obskit-collector"
    assert taken == {
        "otel-collector.yaml": "/etc/obskit/otel-collector.yaml",
        "collector/profiles": "/etc/obskit/profiles",
    }
    assert [file for file in taken if not (ROOT / file).exists()] == []
