"""A real Alertmanager with a configuration that obskit made, fed by its API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from obskit import Registry
from obskit.alerts.alertmanager.rendering import render
from obskit.alerts.inventory import Inventory
from obskit.receivers.reading import directory_of

from .processes import Process
from .reading import fetch
from .services import LOOPBACK, free_ports
from .waiting import wait_until

if TYPE_CHECKING:
    from typing_extensions import Self

#: Groups wait for half a second, not for ten.
SCALE = 0.05


def shop() -> Inventory:
    """A service in which twelve checks need the database."""
    registry = Registry()
    registry.add("database", lambda: True, every="1m", severity="sev1")
    for number in range(12):
        registry.add(f"part-{number}", lambda: True, every="1m", depends_on=["database"])
    return Inventory("shop", "production", registry, scale=SCALE)


def alert(
    name: str, severity: str, *, ended: bool = False, check: str = "", **labels: str
) -> dict[str, Any]:
    """An alert as Prometheus sends it, of a check or of something else."""
    now = datetime.now(timezone.utc)
    of_check = {"obskit_check_name": check} if check else {}
    return {
        "labels": {
            "alertname": name,
            "severity": severity,
            "service": "shop",
            "owner": "unowned",
            "deployment_environment_name": "production",
            **of_check,
            **labels,
        },
        "annotations": {
            "summary": f"{check or name} of shop is critical",
            "description": 'It measured <7> rows & more. In environment "production".',
            "runbook_url": "https://wiki.example.org/database",
            "dashboard_url": "https://grafana.example.org/d/obskit-checks?var-check=database",
        },
        "generatorURL": "http://prometheus.example.org/graph?g0.expr=up",
        # A group of what began long ago does not wait for its company; a slow machine makes it long.
        "startsAt": (now + timedelta(seconds=-1 if ended else 10)).isoformat(),
        "endsAt": (now + timedelta(minutes=0 if ended else 60)).isoformat(),
    }


class Alertmanager:
    """Runs until the ``with`` block is left."""

    def __init__(self, folder: Path, given: Mapping[str, Any], **env: str) -> None:
        port = free_ports(["http"])["http"]
        self._url = f"http://{LOOPBACK}:{port}"
        target = folder / "alertmanager.yml"
        render(target, shop(), directory_of(given, "alerts.toml"))
        self.process = Process(
            "alertmanager",
            [
                *("prometheus-alertmanager", f"--config.file={target}"),
                *(f"--storage.path={folder}/data", f"--web.listen-address={LOOPBACK}:{port}"),
                *("--cluster.listen-address=", "--log.level=debug"),
                "--web.external-url=http://alerts.example.org",
                "--web.route-prefix=/",
            ],
            cwd=folder,
            log=folder / "alertmanager.log",
            env=env,
        )

    def __enter__(self) -> Self:
        wait_until("Alertmanager is ready", self._ready)
        return self

    def _ready(self) -> bool:
        self.process.require_alive()
        return fetch(f"{self._url}/-/ready").status == 200

    def post(self, *alerts: Mapping[str, Any]) -> None:
        """Tell it of alerts, all at once."""
        answer = fetch(f"{self._url}/api/v2/alerts", json_body=alerts)
        assert answer.status == 200, answer.text

    def states(self) -> dict[str, str]:
        """Whether each alert is ``active`` or ``suppressed``, by what it is about."""
        return {
            one["labels"].get("obskit_check_name", one["labels"]["alertname"]): one["status"][
                "state"
            ]
            for one in fetch(f"{self._url}/api/v2/alerts").json
        }

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.stop()
