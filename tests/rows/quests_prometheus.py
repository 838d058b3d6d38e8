"""Prometheus, which scrapes the quests, and the panels of the generated dashboards asked of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.e2e.processes import Process
from tests.e2e.reading import fetch, prometheus
from tests.e2e.waiting import wait_until
from tests.rows.quests_service import HOME, TOKEN, Quests
from tests.servers.conftest import free_port
from typing_extensions import Self


class Shown:
    """The dashboards of a service that runs. Stands in a `with`.

    Args:
        quests: The service.
        folder: For Prometheus' files.
    """

    def __init__(self, quests: Quests, folder: Path) -> None:
        self._port = free_port()
        self._url = f"http://127.0.0.1:{self._port}"
        (folder / "health-token").write_text(TOKEN)
        written = (HOME / "prometheus.yml").read_text()
        written = written.replace("quests:8000", f"127.0.0.1:{quests.port}")
        written = written.replace("/run/secrets/quests", str(folder))
        written = written.replace("generated/", f"{HOME}/generated/").replace(": 15s", ": 1s")
        self._folder, self._file = folder, folder / "prometheus.yml"
        self._file.write_text(written)

    def __enter__(self) -> Self:
        self._server = Process(
            "prometheus",
            [
                *("prometheus", f"--config.file={self._file}", "--storage.tsdb.path=tsdb"),
                f"--web.listen-address=127.0.0.1:{self._port}",
            ],
            cwd=self._folder,
            log=self._folder / "prometheus.log",
            env={},
        )
        wait_until("Prometheus is ready", lambda: fetch(f"{self._url}/-/ready").status == 200)
        wait_until("it has scraped twice", lambda: self._asked("count_over_time(up[1m]) > 1"))
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def panel(self, board: str, title: str, letter: str = "A", **chosen: str) -> list[Any]:
        """What a panel shows: the labels and the value of each series."""
        file = HOME / "generated" / "grafana" / "dashboards" / f"obskit-{board}.json"
        panels = json.loads(file.read_text(encoding="utf-8"))["panels"]
        (panel,) = (one for one in panels if one["title"] == title and "targets" in one)
        (target,) = (one for one in panel["targets"] if one["refId"] == letter)
        values = {"__rate_interval": "1m", "service": "quests", **chosen}
        return self._asked(
            re.sub(r"\$(\w+)", lambda name: values.get(name[1], ".*"), target["expr"])
        )

    def value(self, check: str) -> float:
        """What a check has measured.

        Raises:
            LookupError: Nothing is shown of it.
        """
        return self._one(self.panel("business", "$measured", measured=check))

    def risen(self, counter: str) -> float:
        """By how much a counter has risen.

        Raises:
            LookupError: Nothing is shown of it.
        """
        found = self.panel("business", "$counter", counter=f"{counter}_total")
        return self._one([found[0]])

    def approvals(self) -> float:
        """How many applications are approved a second."""
        rates = self.panel("operations", "Runs by outcome")
        return sum(float(rate) for one, rate in rates if one["obskit_operation_outcome"] == "ok")

    def state(self, check: str) -> float:
        """The number by which a check's state has its colour.

        Raises:
            LookupError: Nothing is shown of it.
        """
        states = {
            one["obskit_check_name"]: value for one, value in self.panel("checks", "Each check")
        }
        return float(states[check])

    def _asked(self, expression: str) -> list[Any]:
        return prometheus(self._url, expression)

    @staticmethod
    def _one(found: list[Any]) -> float:
        return float(found[0][1])
