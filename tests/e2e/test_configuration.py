"""The project's configuration files agree with each other and with what the launcher starts."""

from __future__ import annotations

import re
import subprocess
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

from .build import COLLECTOR, ROOT
from .services import PORTS, SERVICES, Service, in_containers, on_loopback

EVERY_SERVICE = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


def run(*argv: str) -> str:
    """Standard output of a tool that must accept a file of ours."""
    done = subprocess.run(argv, cwd=COLLECTOR, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file as Docker's own tool understands it."""
    text = run("docker-compose", "-p", "obskit", "-f", "compose.yaml", "config")
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


@EVERY_SERVICE
def test_compose_starts_a_service_as_the_launcher_does(
    compose: dict[str, Any], service: Service
) -> None:
    """The same image version, command line and environment, at the addresses of containers."""
    own = compose["services"][service.name]
    addresses = in_containers()

    def fill(template: str) -> str:
        return addresses.fill(template, etc=service.etc, data=service.data)

    assert own["image"] == service.image
    assert own["command"] == [fill(argument) for argument in service.args]
    environment = {**own.get("environment", {})}
    environment.pop("GOMEMLIMIT", None)  # a container's own
    assert environment == {name: fill(value) for name, value in service.env.items()}


@EVERY_SERVICE
def test_compose_publishes_ports_on_loopback_only(
    compose: dict[str, Any], service: Service
) -> None:
    """And the same ones as on a host."""
    assert sorted(compose["services"][service.name]["ports"]) == sorted(
        f"127.0.0.1:{PORTS[port]}:{PORTS[port]}/tcp" for port in service.published
    )


@EVERY_SERVICE
def test_compose_mounts_what_the_launcher_installs(
    compose: dict[str, Any], service: Service
) -> None:
    """Configuration read-only, and a volume under the data directory where there is one."""
    volumes: list[str] = compose["services"][service.name]["volumes"]
    mounts = {volume for volume in volumes if volume.endswith(":ro")}
    assert mounts == {
        f"{ROOT / source}:{service.etc}/{target}:ro" for source, target in service.files.items()
    }
    kept = [volume.split(":") for volume in volumes if volume not in mounts]
    assert [name for name, _, _ in kept] == ([service.name] if service.data else [])
    for _, target, mode in kept:
        assert (PurePosixPath(service.data).is_relative_to(target), mode) == (True, "rw")


@EVERY_SERVICE
def test_compose_asks_for_health_as_the_launcher_does(
    compose: dict[str, Any], service: Service
) -> None:
    """The same port and path, by a program that the image has."""
    port, path = service.ready
    url = f"http://127.0.0.1:{PORTS[port]}{path}"
    probe = ["CMD", *(word.format(url=url) for word in service.probe)] if service.probe else None
    assert compose["services"][service.name].get("healthcheck", {}).get("test") == probe


@EVERY_SERVICE
def test_a_configuration_file_defaults_to_loopback(service: Service) -> None:
    """Every address that the environment can set has the table's port as its default."""
    text = "".join((ROOT / file).read_text() for file in service.files if (ROOT / file).is_file())
    defaults = dict(re.findall(r"\$\{(?:env:)?(\w+):-([^}]*)\}", text))
    addresses = on_loopback(PORTS)
    for name, template in service.env.items():
        if "{data}" not in template:
            assert defaults[name] == addresses.fill(template, etc="", data=""), name


@pytest.mark.parametrize(
    ("directory", "addresses"),
    [("targets", on_loopback(PORTS)), ("targets-compose", in_containers())],
)
def test_prometheus_finds_the_others(directory: str, addresses: Any) -> None:
    """On a host and in containers."""
    found = {
        file.name: yaml.safe_load(file.read_text())
        for file in (COLLECTOR / "prometheus" / directory).iterdir()
    }
    assert found == {
        "collector.yml": [{"targets": [addresses.reach["collector_metrics"]]}],
        "alertmanager.yml": [{"targets": [addresses.reach["alertmanager_http"]]}],
    }


def test_memory_is_limited_first_in_every_pipeline() -> None:
    """Refusing comes before any work."""
    pipelines = yaml.safe_load((ROOT / "otel-collector.yaml").read_text())["service"]["pipelines"]
    assert {name: pipeline["processors"][0] for name, pipeline in pipelines.items()} == {
        "traces": "memory_limiter",
        "metrics": "memory_limiter",
        "logs": "memory_limiter",
    }


def test_prometheus_and_alertmanager_accept_their_files() -> None:
    """By their own tools, of the versions that run here."""
    run("promtool", "check", "config", "prometheus/prometheus.yml")
    run("amtool", "check-config", "alertmanager/alertmanager.yml")


def test_the_rules_pass_their_own_tests() -> None:
    """Firing, resolving, hand-over, silence."""
    run("promtool", "test", "rules", "prometheus/checks.test.yml")


def test_every_alert_says_what_to_do() -> None:
    """Summary, description, a section of the README as runbook, a severity."""
    readme = (COLLECTOR / "README.md").read_text()
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", readme, re.MULTILINE)
    }
    rules = yaml.safe_load((COLLECTOR / "prometheus" / "rules" / "checks.yml").read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}, rule
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}, rule
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (page, anchor in anchors) == ("collector/README.md", True), rule
