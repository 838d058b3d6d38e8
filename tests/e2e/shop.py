"""The example shop under gunicorn, as a user would run it, sending to the stack."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .build import ROOT
from .processes import Process
from .reading import Answer, fetch
from .services import LOOPBACK, free_ports
from .stack import Stack
from .waiting import wait_until

if TYPE_CHECKING:
    from typing_extensions import Self


class Shop:
    """Two gunicorn workers of ``examples/shop``, in an environment of their own."""

    def __init__(self, stack: Stack, environment: str, directory: Path) -> None:
        self.environment = environment
        self.break_file = directory / "payment-gateway-is-broken"
        port = free_ports(["shop"])["shop"]
        self.url = f"http://{LOOPBACK}:{port}"
        self._process = Process(
            "shop",
            [
                sys.executable,
                "-m",
                "gunicorn",
                "--workers=2",
                f"--bind={LOOPBACK}:{port}",
                "shop:app",
            ],
            cwd=ROOT / "examples" / "shop",
            log=directory / "shop.log",
            env={
                "OTEL_EXPORTER_OTLP_ENDPOINT": stack.url("collector_otlp_http"),
                "SENTRY_DSN": stack.dsn,
                "OTEL_RESOURCE_ATTRIBUTES": f"deployment.environment.name={environment}",
                "OTEL_METRIC_EXPORT_INTERVAL": "1000",
                "OTEL_BSP_SCHEDULE_DELAY": "200",
                "OTEL_BLRP_SCHEDULE_DELAY": "200",
                "OBSKIT_LOG_FORMAT": "json",
                "OBSKIT_SPOOL_DIR": str(directory / "spool"),
                "SHOP_BREAK_FILE": str(self.break_file),
                "SHOP_CHECK_EVERY": "1s",
            },
        )

    def __enter__(self) -> Self:
        try:
            wait_until("the shop serves", self._serves, seconds=60)
        except BaseException:
            self._process.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.stop()

    def get(self, path: str) -> Answer:
        """Ask the shop."""
        return fetch(self.url + path)

    def post(self, path: str, body: object) -> Answer:
        """Send the shop JSON."""
        return fetch(self.url + path, json_body=body)

    def lines(self, request_id: str) -> list[dict[str, Any]]:
        """The JSON lines on its standard error that carry a request id."""
        texts = self._process.log.read_text(errors="replace").splitlines()
        lines = [json.loads(text) for text in texts if text.startswith("{") and request_id in text]
        return [line for line in lines if line.get("request_id") == request_id]

    def _serves(self) -> bool:
        self._process.require_alive()
        return self.get("/livez").status == 200
