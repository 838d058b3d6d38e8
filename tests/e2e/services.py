"""The one table of backends: what each listens on, is started with, and is asked whether it is up.

The launcher reads it to start real processes on free ports; the test of ``collector/compose.yaml``
reads it to know what a container must be given. In a template ``{listen[x]}`` is the address that
the service itself binds for port ``x``, ``{reach[x]}`` the address under which others find it,
``{etc}`` its configuration and ``{data}`` its data directory.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"

# Default ports; the same stand in the configuration files as defaults.
PORTS: Mapping[str, int] = {
    "collector_otlp_grpc": 4317,
    "collector_otlp_http": 4318,
    "collector_health": 13133,
    "collector_metrics": 8888,
    "collector_scrape": 8889,
    "jaeger_otlp_grpc": 14317,
    "jaeger_otlp_http": 14318,
    "jaeger_query_http": 16686,
    "jaeger_query_grpc": 16685,
    "prometheus_http": 9090,
    "alertmanager_http": 9093,
    "loki_http": 3100,
    "loki_grpc": 9096,
}


@dataclass(frozen=True)
class Service:
    """How one backend is run.

    Attributes:
        name: Its name here, in compose and in the log file.
        image: The upstream image of the version that the tests run.
        ready: Port and path that answer 200 once it serves.
        args: Command line after the program.
        env: Environment, which the configuration file reads.
        files: Project file or directory → its name below ``etc``.
        etc: Where an image looks for its configuration.
        data: Where an image keeps its data; empty when it keeps none.
        published: Ports that compose publishes, on the host's loopback only.
        probe: What asks ``ready`` inside the image; empty where an image can run no command.
    """

    name: str
    image: str
    ready: tuple[str, str]
    args: tuple[str, ...]
    files: Mapping[str, str]
    etc: str
    data: str
    published: tuple[str, ...]
    probe: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


# A GET, as the launcher's; --spider may ask with HEAD, which not every API takes.
WGET = ("wget", "-q", "-O", "/dev/null", "{url}")

COLLECTOR = Service(
    name="collector",
    image="otel/opentelemetry-collector-contrib:0.155.0",
    ready=("collector_health", "/"),
    args=("--config={etc}/otel-collector.yaml",),
    files={"otel-collector.yaml": "otel-collector.yaml", "collector/profiles": "profiles"},
    etc="/etc/otelcol-contrib",
    data="/var/lib/otelcol/queue",
    published=(
        "collector_otlp_grpc",
        "collector_otlp_http",
        "collector_health",
        "collector_metrics",
    ),
    probe=(),  # the image holds the collector and nothing else
    env={
        "OTELCOL_OTLP_GRPC_ENDPOINT": "{listen[collector_otlp_grpc]}",
        "OTELCOL_OTLP_HTTP_ENDPOINT": "{listen[collector_otlp_http]}",
        "OTELCOL_HEALTH_ENDPOINT": "{listen[collector_health]}",
        "OTELCOL_SCRAPE_ENDPOINT": "{listen[collector_scrape]}",
        "OTELCOL_METRICS_HOST": "{host}",
        "OTELCOL_METRICS_PORT": "{port[collector_metrics]}",
        "OTELCOL_QUEUE_DIR": "{data}",
        "JAEGER_OTLP_ENDPOINT": "http://{reach[jaeger_otlp_http]}",
        "PROMETHEUS_REMOTE_WRITE_ENDPOINT": "http://{reach[prometheus_http]}/api/v1/write",
        "LOKI_OTLP_ENDPOINT": "http://{reach[loki_http]}/otlp",
    },
)

JAEGER = Service(
    name="jaeger",
    image="jaegertracing/jaeger:2.0.0",
    ready=("jaeger_query_http", "/api/services"),
    args=("--config={etc}/jaeger.yaml",),
    files={"collector/jaeger/jaeger.yaml": "jaeger.yaml"},
    etc="/etc/jaeger",
    data="",
    published=("jaeger_query_http",),
    probe=WGET,
    env={
        "JAEGER_OTLP_GRPC_ENDPOINT": "{listen[jaeger_otlp_grpc]}",
        "JAEGER_OTLP_HTTP_ENDPOINT": "{listen[jaeger_otlp_http]}",
        "JAEGER_QUERY_HTTP_ENDPOINT": "{listen[jaeger_query_http]}",
        "JAEGER_QUERY_GRPC_ENDPOINT": "{listen[jaeger_query_grpc]}",
    },
)

PROMETHEUS = Service(
    name="prometheus",
    image="prom/prometheus:v2.42.0",
    ready=("prometheus_http", "/-/ready"),
    args=(
        "--config.file={etc}/prometheus.yml",
        "--storage.tsdb.path={data}",
        "--web.listen-address={listen[prometheus_http]}",
        "--web.enable-remote-write-receiver",
        "--enable-feature=exemplar-storage",
    ),
    files={
        "collector/prometheus/prometheus.yml": "prometheus.yml",
        "collector/prometheus/rules": "rules",
        "collector/prometheus/targets-compose": "targets",
    },
    etc="/etc/prometheus",
    data="/prometheus",
    published=("prometheus_http",),
    probe=WGET,
)

ALERTMANAGER = Service(
    name="alertmanager",
    image="prom/alertmanager:v0.25.0",
    ready=("alertmanager_http", "/-/ready"),
    args=(
        "--config.file={etc}/alertmanager.yml",
        "--storage.path={data}",
        "--web.listen-address={listen[alertmanager_http]}",
        "--cluster.listen-address=",  # one of them: no gossip port
    ),
    files={"collector/alertmanager/alertmanager.yml": "alertmanager.yml"},
    etc="/etc/alertmanager",
    data="/alertmanager",
    published=("alertmanager_http",),
    probe=WGET,
)

LOKI = Service(
    name="loki",
    image="grafana/loki:3.7.8",
    ready=("loki_http", "/ready"),
    args=("-config.file={etc}/loki.yaml", "-config.expand-env=true"),
    files={"collector/loki/loki.yaml": "loki.yaml"},
    etc="/etc/loki",
    data="/loki",
    published=("loki_http",),
    probe=("/usr/bin/loki", "-health", "-health.url={url}"),
    env={
        "LOKI_HOST": "{host}",
        "LOKI_HTTP_PORT": "{port[loki_http]}",
        "LOKI_GRPC_PORT": "{port[loki_grpc]}",
        "LOKI_DATA_DIR": "{data}",
    },
)

SERVICES: Mapping[str, Service] = {
    service.name: service for service in (COLLECTOR, JAEGER, PROMETHEUS, ALERTMANAGER, LOKI)
}


@dataclass(frozen=True)
class Addresses:
    """Every port of the table, with the host to bind and the host to find each under."""

    port: Mapping[str, int]
    host: str
    reach: Mapping[str, str]

    @property
    def listen(self) -> dict[str, str]:
        """The address that a service binds, by port name."""
        return {name: f"{self.host}:{number}" for name, number in self.port.items()}

    def fill(self, template: str, *, etc: str, data: str) -> str:
        """Put addresses and directories into a template of the table."""
        return template.format(
            listen=self.listen, reach=self.reach, port=self.port, host=self.host, etc=etc, data=data
        )


def on_loopback(ports: Mapping[str, int]) -> Addresses:
    """Processes side by side on one machine."""
    return Addresses(ports, LOOPBACK, {name: f"{LOOPBACK}:{n}" for name, n in ports.items()})


def in_containers() -> Addresses:
    """A container each: bound to all of its own interfaces, found under the service's name."""
    reach = {name: f"{name.partition('_')[0]}:{number}" for name, number in PORTS.items()}
    return Addresses(PORTS, "0.0.0.0", reach)


def free_ports(names: Iterable[str]) -> dict[str, int]:
    """Ask the system for a free loopback port for each name; all are held until the last is known."""
    sockets = {name: socket.create_server((LOOPBACK, 0)) for name in names}
    ports: dict[str, int] = {name: held.getsockname()[1] for name, held in sockets.items()}
    for held in sockets.values():
        held.close()
    return ports
