"""What watches the academy: the collector, Prometheus, Alertmanager, Sentry, and those who are told."""

from __future__ import annotations

import json
import math
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.config.receiver import Receiver
from tests.e2e.reading import fetch, prometheus
from tests.e2e.services import LOOPBACK
from tests.e2e.stack import Stack
from tests.e2e.vendors import Vendors
from tests.rows.academy_service import FOLDER, Academy, prepared
from tests.rows.warehouse_stack import Box, mails

KEY = "0123456789abcdef0123456789abcdef"
#: Of what takes hours and weeks so small a part.
SCALE = 0.005
WEEK = 7 * 86_400 * SCALE


class Watched:
    """An academy that serves, and what watches it.

    Attributes:
        academy: The academy.
        sentry: What stands for Sentry, and for Slack where obskit itself tells it.
        vendors: PagerDuty and Slack.
        box: The mails.
        told: The example's `alerts.toml`, which names those who listen here.
    """

    def __init__(
        self, academy: Academy, stack: Stack, sentry: Receiver, vendors: Vendors, box: Box
    ) -> None:
        self.academy, self.stack, self.sentry = academy, stack, sentry
        self.vendors, self.box = vendors, box
        self.told = academy.folder / "alerts.toml"

    def asked(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """What Prometheus answers."""
        return prometheus(self.stack.url("prometheus_http"), expression)

    def firing(self) -> set[tuple[str, ...]]:
        """The alerts that fire: each with its severity, and the check or operation that it is of."""
        found = fetch(f"{self.stack.url('prometheus_http')}/api/v1/alerts").json["data"]["alerts"]
        of = ("obskit_check_name", "obskit_operation_name")
        return {
            (
                one["labels"]["alertname"],
                one["labels"]["severity"],
                *(one["labels"][x] for x in of if x in one["labels"]),
            )
            for one in found
            if one["state"] == "firing"
        }

    def panel(self, board: str, title: str, letter: str = "A", **chosen: str) -> list[Any]:
        """What a panel of a generated dashboard shows: the labels and the value of each series."""
        file = FOLDER / "generated" / "grafana" / "dashboards" / f"obskit-{board}.json"
        panels = json.loads(file.read_text(encoding="utf-8"))["panels"]
        (panel,) = (one for one in panels if one["title"] == title)
        (target,) = (one for one in panel["targets"] if one["refId"] == letter)
        values = {"__rate_interval": "15s", "service": "academy", **chosen}
        return self.asked(re.sub(r"\$(\w+)", lambda one: values.get(one[1], ".*"), target["expr"]))

    def shown(self, *panel: str, **chosen: str) -> float:
        """The largest value that a panel shows; 0 where it shows none."""
        found = (value for _, value in self.panel(*panel, **chosen))
        return max((value for value in found if not math.isnan(value)), default=0.0)

    def pages(self, action: str) -> list[str]:
        """What PagerDuty was told."""
        taken = self.vendors.messages("/pagerduty")
        return [one["payload"]["summary"] for one in taken if one["event_action"] == action]

    def slack(self) -> str:
        """All that Slack was told, by Alertmanager and by obskit itself."""
        own = [request.body.decode() for request in self.sentry.of("/slack")]
        return json.dumps([*self.vendors.messages("/slack"), *own], ensure_ascii=False)


def text_of(mail: EmailMessage) -> str:
    """All that a mail says."""
    parts = [part for part in mail.walk() if not part.is_multipart()]
    return "".join(bytes(part.get_payload(decode=True)).decode() for part in parts)


def rules(academy: Academy, folder: Path) -> Path:
    """The rules of the example, generated and its own, with a small part of their times."""
    generating = ("generate", "alerts", "--app", "watch", "--scale", str(SCALE), "-o", str(folder))
    done = academy.run("obskit", *generating)
    assert done.returncode == 0, done.stderr
    made = folder / "prometheus" / "rules"
    pages = (FOLDER / "rules" / "pages.yml").read_text()
    (made / "pages.yml").write_text(pages.replace("[1h]", "[20s]"))
    return made


def told(folder: Path, vendors: Vendors, smtp: int) -> Path:
    """The example's Alertmanager configuration, which tells those who listen here."""
    secrets = {"pagerduty": KEY, "slack": vendors.url("/slack"), "mail": "hunter2"}
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    place = folder / "alertmanager" / "etc"
    place.mkdir(parents=True)
    generated = FOLDER / "generated" / "alertmanager"
    (place / "obskit.tmpl").write_text((generated / "obskit.tmpl").read_text())
    text = _here((generated / "alertmanager.yml").read_text(), folder, smtp)
    text = text.replace("smtp_require_tls: true", "smtp_require_tls: false")
    added = f"global:\n  pagerduty_url: {vendors.url('/pagerduty')}\n"
    file = folder / "alertmanager.yml"
    file.write_text(text.replace("global:\n", added, 1))
    return file


def _here(text: str, folder: Path, smtp: int) -> str:
    text = text.replace("/run/secrets", str(folder))
    return text.replace("mail.example.org:587", f"{LOOPBACK}:{smtp}")


def heard(folder: Path, file: Path, smtp: int, slack: str) -> None:
    """The example's `alerts.toml`, for obskit's own notifications."""
    (folder / "own-slack").write_text(slack)
    text = _here((FOLDER / "alerts.toml").read_text(), folder, smtp)
    text = re.sub(r"username.*\npassword_file.*", "require_tls = false", text)
    own = f'slack = {{ url_file = "{folder}/own-slack" }}'
    file.write_text(re.sub(r"slack = .*", own, text))


def remember(data: Path) -> None:
    """Have Prometheus know how long queries took at this time a week ago: five thousandths of a second."""
    begin = int(time.time() - WEEK) - 120
    labels = 'service_name="academy",deployment_environment_name="production"'
    lines = ["# TYPE obskit:db_duration_quantile:hour gauge"]
    for quantile in ("p50", "p95", "p99"):
        series = f'obskit:db_duration_quantile:hour{{{labels},quantile="{quantile}"}}'
        lines += [f"{series} 0.005 {begin + second}" for second in range(0, 1_200, 5)]
    data.mkdir(parents=True)
    past = data.parent / "past.om"
    past.write_text("\n".join([*lines, "# EOF", ""]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(past), str(data)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def watching(folder: Path, server: str) -> Iterator[Watched]:
    """An academy that serves and is well, with all that watches it."""
    vendors = Vendors()
    place = folder / "academy"
    place.mkdir()
    try:
        with Stack(folder) as stack, mails() as (box, smtp), Receiver() as sentry:
            given = {
                "OTEL_EXPORTER_OTLP_ENDPOINT": stack.url("collector_otlp_http"),
                "OTEL_TRACES_EXPORTER": "none",
                "OTEL_LOGS_EXPORTER": "none",
                "SENTRY_DSN": sentry.dsn,
                "SENTRY_TRACES_SAMPLE_RATE": "0.1",
                "SENTRY_PROFILES_SAMPLE_RATE": "0.1",
            }
            with prepared(place, server, **given) as academy:
                remember(folder / "prometheus" / "data")
                stack.instead = {
                    "collector/prometheus/rules": rules(academy, folder / "generated"),
                    "collector/alertmanager/alertmanager.yml": told(folder, vendors, smtp),
                }
                heard(
                    folder, academy.folder / "alerts.toml", smtp, f"json://{sentry.address}/slack"
                )
                stack.start("prometheus", "alertmanager", "collector")
                academy.serve()
                yield Watched(academy, stack, sentry, vendors, box)
    finally:
        vendors.close()
