"""The project's configuration files agree with each other and with what the launcher starts."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from .build import COLLECTOR, COLLECTOR_PART, ROOT
from .roles import OF_ROLES, ROLES
from .services import PORTS, SERVICES, Service, in_containers, on_loopback

README = COLLECTOR / "README.md"
PROFILES = sorted((COLLECTOR / "profiles").iterdir())
ALONE = [file for file in PROFILES if file.stem not in OF_ROLES]
TIERS = [
    [COLLECTOR / "profiles" / f"{name}.yaml" for name in (*names, *more)]
    for names in ROLES.values()
    for more in ((), ("kafka-tls",))
]
# The others are generated, and proved where what generates them is.
RULES = sorted(
    file.name.removesuffix(".test.yml") for file in (COLLECTOR / "prometheus").glob("*.test.yml")
)
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
    command = own["command"]
    words = shlex.split(command) if isinstance(command, str) else command
    assert words == [fill(argument) for argument in service.args]
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
        "applications.yml": [],  # until the collector is told to show them
        "probes.yml": [],  # until somebody says what to probe
    }


def test_memory_is_limited_first_in_every_pipeline() -> None:
    """Refusing comes before any work."""
    first = {
        name: pipeline["processors"][0]
        for file in (ROOT / "otel-collector.yaml", *PROFILES)
        for name, pipeline in yaml.safe_load(file.read_text())
        .get("service", {})
        .get("pipelines", {})
        .items()
        if "processors" in pipeline
    }
    assert first == dict.fromkeys(
        (
            *("traces", "traces/span_metrics", "metrics", "metrics/host"),
            *("metrics/span_metrics", "logs", "logs/files"),
        ),
        "memory_limiter",
    )


def test_the_profiles_are_these() -> None:
    """The README has a row for each."""
    names = ["files", "host", "limits", "span-metrics", "tail-sampling", "tls"]
    assert [file.stem for file in ALONE] == names
    names = sorted([*names, "agent", "gateway", "kafka", "kafka-tls"])
    assert sorted(file.stem for file in PROFILES) == names
    rows = re.findall(r"^\| `profiles/([a-z-]+)\.yaml` \|", README.read_text(), re.MULTILINE)
    assert sorted(rows) == names


def test_no_two_profiles_replace_the_same_list() -> None:
    """Of two lists the later one counts, and nobody is told: so any of them can be combined."""
    written = Counter(path for file in ALONE for path in lists(yaml.safe_load(file.read_text())))
    assert [path for path, times in written.items() if times > 1] == []
    # Those of the routing file that a profile replaces, which therefore must repeat what is in them.
    base = set(lists(yaml.safe_load((ROOT / "otel-collector.yaml").read_text())))
    assert base & written.keys() == {
        ("service", "pipelines", "traces", "processors"),
        ("service", "extensions"),
    }


def lists(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the lists of a configuration are, also those that come from the environment."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from lists(value, (*path, key))
        elif isinstance(value, list) or "[" in str(value):
            yield (*path, key)


def test_a_list_that_a_profile_replaces_keeps_what_was_in_it() -> None:
    """In its order."""
    base = yaml.safe_load((ROOT / "otel-collector.yaml").read_text())["service"]
    sampling = yaml.safe_load((COLLECTOR / "profiles" / "tail-sampling.yaml").read_text())
    traces = base["pipelines"]["traces"]["processors"]
    own = sampling["service"]["pipelines"]["traces"]["processors"]
    assert own == [*traces, "tail_sampling", "batch/decided"]
    tls = yaml.safe_load((COLLECTOR / "profiles" / "tls.yaml").read_text())
    assert tls["service"]["extensions"] == [*base["extensions"], "bearertokenauth"]


@pytest.mark.parametrize(
    "profiles",
    [*([file] for file in ALONE), ALONE, *TIERS],
    ids=lambda them: "-".join(file.stem for file in them),
)
def test_a_profile_is_valid_alone_and_all_are_together(
    profiles: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the collector that is run."""
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text("- one\n")
    monkeypatch.setenv("OTELCOL_TOKENS_FILE", str(tokens))
    files = [ROOT / "otel-collector.yaml", *profiles]
    program = str(COLLECTOR_PART.path / "obskit-collector")
    assert run(program, "validate", *(f"--config={file}" for file in files)) == ""


@pytest.mark.parametrize("content", ["", "one\n", "[]\n"])
def test_a_collector_without_a_token_does_not_start(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing, a token that is no list, and a list of none."""
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text(content)
    monkeypatch.setenv("OTELCOL_TOKENS_FILE", str(tokens))
    program = str(COLLECTOR_PART.path / "obskit-collector")
    files = (ROOT / "otel-collector.yaml", COLLECTOR / "profiles" / "tls.yaml")
    argv = [program, "validate", *(f"--config={file}" for file in files)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, "bearertokenauth" in done.stderr) == (1, True), done


def test_compose_takes_more_profiles_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are mounted beside the routing file."""
    profiles = "--config=/etc/otelcol-contrib/profiles/host.yaml"
    monkeypatch.setenv("OTELCOL_PROFILES", profiles)
    text = run("docker-compose", "-p", "obskit", "-f", "compose.yaml", "config")
    command = yaml.safe_load(text)["services"]["collector"]["command"]
    words = shlex.split(command) if isinstance(command, str) else command
    assert words == ["--config=/etc/otelcol-contrib/otel-collector.yaml", profiles]


def test_the_blackbox_exporter_accepts_its_modules() -> None:
    """Those that targets may name."""
    run("prometheus-blackbox-exporter", "--config.file=blackbox/blackbox.yml", "--config.check")
    modules = yaml.safe_load((COLLECTOR / "blackbox" / "blackbox.yml").read_text())["modules"]
    assert set(modules) == {"http", "tls", "dns"}


def test_prometheus_and_alertmanager_accept_their_files() -> None:
    """By their own tools, of the versions that run here."""
    run("promtool", "check", "config", "prometheus/prometheus.yml")
    run("amtool", "check-config", "alertmanager/alertmanager.yml")


@pytest.mark.parametrize("name", RULES)
def test_the_rules_pass_their_own_tests(name: str) -> None:
    """Firing, resolving, hand-over, silence."""
    run("promtool", "test", "rules", f"prometheus/{name}.test.yml")


@pytest.mark.parametrize("name", RULES)
def test_every_alert_says_what_to_do(name: str) -> None:
    """Summary, description, a section of the README as runbook, a severity."""
    readme = README.read_text()
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", readme, re.MULTILINE)
    }
    rules = yaml.safe_load((COLLECTOR / "prometheus" / "rules" / f"{name}.yml").read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}, rule
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}, rule
        assert set(rule["labels"]) == {"severity", "owner", "service"}, rule
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (page, anchor in anchors) == ("collector/README.md", True), rule
