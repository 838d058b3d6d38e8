"""A fleet on one machine: Kafka, agents, gateways and the backends, with the project's own profiles."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.build import COLLECTOR, ROOT
from tests.e2e.processes import Process
from tests.e2e.reading import fetch
from tests.e2e.roles import ROLES
from tests.e2e.services import LOOPBACK, free_ports
from tests.e2e.stack import PROGRAMS, Stack
from tests.e2e.waiting import wait_until
from tests.scale.broker import Broker

if TYPE_CHECKING:
    from typing_extensions import Self

#: Seconds that a trace waits for its decision; what was read in twice of that is read again after a kill.
DECISION_WAIT, COMMIT_AFTER = 3, 6
_PARTITIONS = 6


class Member:
    """A collector of the fleet.

    Args:
        folder: Where the fleet keeps its files.
        name: Of this one.
        profiles: What it is made of, over `otel-collector.yaml`.
        env: More of its environment.
        config: More of its configuration, as the collector takes it.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        profiles: Sequence[str],
        env: Mapping[str, str],
        config: Sequence[str] = (),
    ) -> None:
        self.name = name
        ports = free_ports(("grpc", "http", "health", "metrics"))
        self.otlp = f"http://{LOOPBACK}:{ports['http']}"
        self.metrics = f"http://{LOOPBACK}:{ports['metrics']}/metrics"
        self._health = f"http://{LOOPBACK}:{ports['health']}/"
        self._folder = folder / name
        self._folder.mkdir(parents=True)
        #: What it is told at its next start.
        self.env = {
            "OTELCOL_OTLP_GRPC_ENDPOINT": f"{LOOPBACK}:{ports['grpc']}",
            "OTELCOL_OTLP_HTTP_ENDPOINT": f"{LOOPBACK}:{ports['http']}",
            "OTELCOL_HEALTH_ENDPOINT": f"{LOOPBACK}:{ports['health']}",
            "OTELCOL_METRICS_HOST": LOOPBACK,
            "OTELCOL_METRICS_PORT": str(ports["metrics"]),
            "OTELCOL_QUEUE_DIR": str(self._folder / "queue"),
            "OTELCOL_HOST_NAME": name,
            "OTELCOL_LOG_FILES": f"[{self._folder}/*.log.txt]",
            **env,
        }
        files = [COLLECTOR / "profiles" / f"{profile}.yaml" for profile in profiles]
        given = [ROOT / "otel-collector.yaml", *files, *config]
        self._config = [f"--config={each}" for each in given]
        self._spent = 0.0
        self.start()

    def kill(self) -> None:
        """`kill -9`."""
        self._spent = self.cpu_seconds()
        self.process.kill()

    def stop(self) -> None:
        """Ask it to end."""
        self.process.stop()

    def start(self) -> None:
        """Have it, or have it back with what it has on its disk."""
        self.process = Process(
            self.name,
            [PROGRAMS["collector"], *self._config],
            cwd=self._folder,
            log=self._folder / "output",
            env=self.env,
        )
        wait_until(f"{self.name} is ready", self._is_ready, seconds=60)

    def cpu_seconds(self) -> float:
        """What it has used of a processor, also before it was killed."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return self._spent + ticks / os.sysconf("SC_CLK_TCK")

    def told(self, metric: str, **labels: str) -> float:
        """What it says of itself: the sum of the series of a metric that have these labels."""
        wanted = [f'{name}="{value}"' for name, value in labels.items()]
        lines = fetch(self.metrics).text.splitlines()
        mine = (line for line in lines if re.match(rf"{metric}[{{ ]", line))
        found = (line for line in mine if all(label in line for label in wanted))
        return sum(float(line.rpartition(" ")[2]) for line in found)

    def _is_ready(self) -> bool:
        self.process.require_alive()
        return fetch(self._health).status == 200


def for_gateways(stack: Stack) -> dict[str, str]:
    """The environment by which gateways find the backends, and keep every trace."""
    return {
        "JAEGER_OTLP_ENDPOINT": stack.url("jaeger_otlp_http"),
        "PROMETHEUS_REMOTE_WRITE_ENDPOINT": stack.url("prometheus_http") + "/api/v1/write",
        "LOKI_OTLP_ENDPOINT": stack.url("loki_http") + "/otlp",
        "OTELCOL_KEPT_PERCENT": "100",
        "OTELCOL_DECISION_WAIT": f"{DECISION_WAIT}s",
        "OTELCOL_COMMIT_AFTER": f"{COMMIT_AFTER}s",
    }


def _says_who(name: str) -> list[str]:
    """Configuration by which each span that a gateway has kept says which gateway that was."""
    said = f"""['set(span.attributes["gateway"], "{name}")']"""
    chain = "[memory_limiter, redaction, tail_sampling, transform/who, batch/decided]"
    return [
        f"yaml:processors::transform/who::trace_statements: {said}",
        f"yaml:service::pipelines::traces::processors: {chain}",
    ]


class Fleet:
    """What a scenario runs in; all of it ends with the block.

    Args:
        folder: Where everything keeps its files.
        agents: How many hosts.
        gateways: How many gateways at first.
    """

    def __init__(self, folder: Path, *, agents: int = 3, gateways: int = 2) -> None:
        self._folder = folder
        self._counts = agents, gateways
        self._leaving = ExitStack()
        self.gateways: list[Member] = []
        self.agents: list[Member] = []

    def __enter__(self) -> Self:
        agents, gateways = self._counts
        with ExitStack() as leaving:
            self._leaving = leaving
            self.stack = leaving.enter_context(Stack(self._folder / "backends"))
            self.stack.start("jaeger", "loki", "prometheus")
            self.broker = leaving.enter_context(Broker(self._folder / "kafka", _PARTITIONS))
            for _ in range(gateways):
                self.add_gateway()
            for number in range(agents):
                self.agents.append(self.add(f"agent-{number}", ROLES["agent"], self.kafka))
            self._leaving = leaving.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        for member in (*self.agents, *self.gateways):
            member.process.terminate()  # all at once; then each is waited for
        self._leaving.close()

    @property
    def kafka(self) -> dict[str, str]:
        """Where members find Kafka: their environment."""
        return {"KAFKA_BROKERS": f"[{self.broker.address}]"}

    def add_gateway(self) -> None:
        """One more that takes its share of the partitions."""
        name = f"gateway-{len(self.gateways)}"
        profiles = ROLES["gateway"]
        env = {**self.kafka, **for_gateways(self.stack)}
        self.gateways.append(self.add(name, profiles, env, _says_who(name)))

    def add(
        self,
        name: str,
        profiles: Sequence[str],
        env: Mapping[str, str],
        config: Sequence[str] = (),
    ) -> Member:
        """A collector that ends with the fleet."""
        member = Member(self._folder, name, profiles, env, config)
        self._leaving.callback(member.stop)
        return member
