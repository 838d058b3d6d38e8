"""What watches the warehouse: Prometheus, Alertmanager, the collector, Loki, and those who are told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MailHandler
from aiosmtpd.smtp import AuthResult
from tests.e2e.reading import fetch, loki, prometheus
from tests.e2e.services import LOOPBACK, free_ports
from tests.e2e.stack import Stack
from tests.e2e.vendors import Vendors
from tests.rows.warehouse_service import FOLDER, TOKEN, Warehouse

PROFILES = [f"profiles/{name}.yaml" for name in ("host", "files")]
KEY = "0123456789abcdef0123456789abcdef"


class Box(MailHandler):
    """Keeps mails."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.mails: list[EmailMessage] = []

    def handle_message(self, message: Any) -> None:
        """Keep one."""
        self.mails.append(message)

    @property
    def subjects(self) -> list[str]:
        """What they are about."""
        return [str(mail["Subject"]) for mail in self.mails]


class Watched:
    """A warehouse, and what watches it.

    Attributes:
        stack: Its backends.
        vendors: PagerDuty and Slack.
        box: The mails.
    """

    def __init__(self, house: Warehouse, stack: Stack, vendors: Vendors, box: Box) -> None:
        self.house, self.stack, self.vendors, self.box = house, stack, vendors, box

    def asked(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """What Prometheus answers."""
        return prometheus(self.stack.url("prometheus_http"), expression)

    def firing(self) -> set[tuple[str, str]]:
        """The alerts that fire, each with the check or operation that it is of."""
        found = fetch(f"{self.stack.url('prometheus_http')}/api/v1/alerts").json["data"]["alerts"]
        of = ("obskit_check_name", "obskit_operation_name")
        return {
            (
                one["labels"]["alertname"],
                next((one["labels"][x] for x in of if x in one["labels"]), ""),
            )
            for one in found
            if one["state"] == "firing"
        }

    def lines(self, text: str) -> list[dict[str, str]]:
        """The labels of the lines in the log store that hold a text."""
        query = f'{{service_name="warehouse"}} |= "{text}"'
        return [labels for labels, _ in loki(self.stack.url("loki_http"), query)]

    def panel(self, board: str, title: str, letter: str = "A", **chosen: str) -> list[Any]:
        """What a panel of a generated dashboard shows: the labels and the value of each series."""
        file = FOLDER / "generated" / "grafana" / "dashboards" / f"obskit-{board}.json"
        panels = json.loads(file.read_text(encoding="utf-8"))["panels"]
        (panel,) = (one for one in panels if one["title"] == title and "targets" in one)
        (target,) = (one for one in panel["targets"] if one["refId"] == letter)
        values = {"__rate_interval": "1m", "service": "warehouse", **chosen}
        return self.asked(
            re.sub(r"\$(\w+)", lambda name: values.get(name[1], ".*"), target["expr"])
        )


def rules(house: Warehouse, folder: Path) -> Path:
    """The rules of the example with a hundredth of their times."""
    generating = ("generate", "alerts", "--app", "watch", "--scale", "0.01", "-o", str(folder))
    done = house.run("obskit", *generating)
    assert done.returncode == 0, done.stderr
    return folder / "prometheus" / "rules"


def told(folder: Path, vendors: Vendors, smtp: int) -> Path:
    """The example's Alertmanager configuration, which tells those who listen here."""
    secrets = {"pagerduty": KEY, "slack": vendors.url("/slack"), "mail": "hunter2"}
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    text = (FOLDER / "generated" / "alertmanager" / "alertmanager.yml").read_text()
    text = text.replace("/run/secrets", str(folder)).replace(
        "mail.example.org:587", f"{LOOPBACK}:{smtp}"
    )
    added = f"global:\n  pagerduty_url: {vendors.url('/pagerduty')}\n"
    text = text.replace("global:\n", added, 1)
    file = folder / "alertmanager.yml"
    file.write_text(re.sub("smtp_require_tls: true", "smtp_require_tls: false", text))
    return file


def scraping(folder: Path, house: Warehouse) -> Path:
    """The example's Prometheus configuration, for the service and the Alertmanager that are here."""
    (folder / "health-token").write_text(TOKEN)
    text = (FOLDER / "prometheus.yml").read_text().replace("/run/secrets", str(folder))
    file = folder / "prometheus.yml"
    file.write_text(text.replace("warehouse:8000", f"{LOOPBACK}:{house.port}"))
    return file


@contextmanager
def mails() -> Iterator[tuple[Box, int]]:
    """A mail server that lets anybody in."""
    box, port = Box(), free_ports(["smtp"])["smtp"]
    controller = Controller(
        box,
        LOOPBACK,
        port,
        authenticator=lambda *_: AuthResult(success=True),
        auth_require_tls=False,
        auth_exclude_mechanism=["LOGIN"],
    )
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


@contextmanager
def watching(folder: Path, house: Warehouse) -> Iterator[Watched]:
    """Everything that watches, begun once."""
    vendors = Vendors()
    try:
        with Stack(folder) as stack, mails() as (box, port):
            stack.instead = {
                "collector/prometheus/prometheus.yml": scraping(folder, house),
                "collector/prometheus/rules": rules(house, folder / "generated"),
                "collector/alertmanager/alertmanager.yml": told(folder, vendors, port),
            }
            place = folder / "alertmanager" / "etc"
            place.mkdir(parents=True)
            template = FOLDER / "generated" / "alertmanager" / "obskit.tmpl"
            (place / "obskit.tmpl").write_text(template.read_text())
            env: Mapping[str, str] = {
                "OTELCOL_HOST_EVERY": "1s",
                "OTELCOL_HOST_NAME": "warehouse-1",
                "OTELCOL_FILES_SERVICE": "warehouse",
                "OTELCOL_LOG_FILES": f"[{house.logs}/*.log*, {house.folder}/out/*.log]",
            }
            stack.start("prometheus", "alertmanager", "loki")
            stack.start("collector", env=env, config=PROFILES)
            yield Watched(house, stack, vendors, box)
    finally:
        vendors.close()
