"""The launcher: real backends with the project's own configuration, on free loopback ports."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from .bugsink import Bugsink, start_bugsink
from .build import COLLECTOR_PART, JAEGER_PART, LOKI_PART, ROOT
from .processes import Process
from .reading import fetch
from .services import (
    PORTS,
    SERVICES,
    Addresses,
    Service,
    free_ports,
    in_containers,
    on_loopback,
)
from .waiting import wait_until
from .webhook import WebhookReceiver

if TYPE_CHECKING:
    from typing_extensions import Self

PROGRAMS: Mapping[str, str] = {
    "collector": str(COLLECTOR_PART.path / "obskit-collector"),
    "jaeger": str(JAEGER_PART.path / "jaeger"),
    "prometheus": "prometheus",
    "alertmanager": "prometheus-alertmanager",
    "loki": str(LOKI_PART.path / "loki"),
}

# What differs from the project's files: times, so that a test need not wait for minutes.
TEST_INTERVALS: Mapping[str, str] = {
    r"scrape_interval: \S+": "scrape_interval: 1s",
    r"evaluation_interval: \S+": "evaluation_interval: 1s",
    r"keep_firing_for: \S+": "keep_firing_for: 1s",
    r"group_wait: \S+": "group_wait: 1s",
    r"group_interval: \S+": "group_interval: 1s",
}


class Stack:
    """Backends of one test run; whatever was started is stopped on leaving the ``with`` block."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.addresses: Addresses = on_loopback(free_ports(PORTS))
        self.processes: dict[str, Process] = {}
        #: What is taken in place of a file or folder of the project, by its path there.
        self.instead: dict[str, Path] = {}
        #: What is changed in the configuration: a pattern, and what stands there then.
        self.intervals = dict(TEST_INTERVALS)
        self._leaving = ExitStack()
        self.webhook = WebhookReceiver()
        self._leaving.callback(self.webhook.close)
        self._bugsink: Bugsink | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self.processes.values():
            process.terminate()  # all at once; then each is waited for
        self._leaving.close()

    def url(self, port: str) -> str:
        """Where a port of the table answers."""
        return f"http://{self.addresses.reach[port]}"

    @property
    def bugsink(self) -> Bugsink:
        """The Sentry-compatible server, which must have been started."""
        assert self._bugsink is not None, "Bugsink was not started"
        return self._bugsink

    @property
    def dsn(self) -> str:
        """Where the Sentry-compatible server takes events; empty where it was not started."""
        return self._bugsink.dsn if self._bugsink else ""

    def start(
        self, *names: str, env: Mapping[str, str] | None = None, config: Sequence[str] = ()
    ) -> None:
        """Start services side by side, and return once each one's API says that it serves.

        A collector (Jaeger is one too) takes more `config`: files that are installed for it, and
        texts that begin with `yaml:`.
        """
        for name in names:
            self._spawn(SERVICES[name], env or {}, config)
        for name in names:
            self._await_ready(SERVICES[name])

    def start_all(self) -> None:
        """Start every backend there is."""
        for service in SERVICES.values():
            self._spawn(service)
        self._bugsink = start_bugsink(self.directory / "bugsink")
        self._leaving.callback(self._bugsink.process.stop)
        for service in SERVICES.values():
            self._await_ready(service)

    def _spawn(
        self, service: Service, env: Mapping[str, str] | None = None, config: Sequence[str] = ()
    ) -> None:
        etc = self.directory / service.name / "etc"
        data = self.directory / service.name / "data"
        etc.mkdir(parents=True, exist_ok=True)
        data.mkdir(exist_ok=True)
        for source, target in service.files.items():
            self._install(self.instead.get(source, ROOT / source), etc / target)

        def fill(template: str) -> str:
            return self.addresses.fill(template, etc=str(etc), data=str(data))

        args = [fill(argument) for argument in service.args]
        args += [f"--config={c if c.startswith('yaml:') else etc / c}" for c in config]
        process = Process(
            service.name,
            [PROGRAMS[service.name], *args],
            cwd=data,
            log=self.directory / f"{service.name}.log",
            env={**{name: fill(value) for name, value in service.env.items()}, **(env or {})},
        )
        self.processes[service.name] = process
        self._leaving.callback(process.stop)

    def _install(self, source: Path, target: Path) -> None:
        """Copy configuration, with our ports and the short intervals."""
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
            files: Iterable[Path] = [path for path in target.rglob("*") if path.is_file()]
        else:
            shutil.copy(source, target)
            files = [target]
        for file in files:
            file.write_text(self._adapted(file.read_text()))

    def _adapted(self, text: str) -> str:
        for pattern, replacement in self.intervals.items():
            text = re.sub(pattern, replacement, text)
        for port, address in in_containers().reach.items():
            text = text.replace(f'"{address}"', f'"{self.addresses.reach[port]}"')
        return text.replace("http://127.0.0.1:9095/", self.webhook.url)

    def _await_ready(self, service: Service) -> None:
        port, path = service.ready
        process = self.processes[service.name]

        def ready() -> bool:
            process.require_alive()
            return fetch(self.url(port) + path).status == 200

        wait_until(f"{service.name} is ready", ready, seconds=60)
