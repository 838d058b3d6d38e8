"""What is on, and where it sends."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider

from obskit.config import load
from obskit.ledger import Ledger
from obskit.telemetry.providers import Providers
from obskit.telemetry.status import status

NOTHING: Mapping[str, str] = {}


def told(given: Mapping[str, str] = NOTHING, *, errors: bool = False) -> dict[str, Any]:
    config = load({"service": "shop", **given}, environ={}, folder=Path("/nowhere"))
    owned, exported = frozenset({"traces", "logs"}), frozenset({"logs"})
    providers = Providers(None, MeterProvider(shutdown_on_exit=False), None, owned, exported, {})
    instrumented = ("requests", "redis")
    return status(
        config, providers, Ledger(), instance="i-1", errors=errors, instrumentations=instrumented
    )


def test_it_is_said_whose_provider_a_signal_has_and_who_exports_it() -> None:
    assert {
        signal: (way["provider"], way["exported_by_host"])
        for signal, way in told()["signals"].items()
    } == {
        "traces": ("host", False),
        "metrics": ("obskit", False),
        "logs": ("host", True),
    }


def test_it_is_said_what_is_on_in_this_process() -> None:
    found = told()
    assert (found["errors"], found["pid"], found["instance_id"]) == (None, os.getpid(), "i-1")
    assert found["instrumentations"] == ["requests", "redis"]
    assert found["metrics"] == {"overflowed": {}}
    assert found["ledger"] == Ledger().snapshot()
    assert told(errors=True)["errors"] == "sentry"


def test_it_is_plain_and_holds_no_secret() -> None:
    dsn = "https://hunter2@sentry.example/7"
    given = {"sentry_dsn": dsn, "otlp.endpoint": "http://app:hunter2@collector:4318"}
    assert "hunter2" not in json.dumps(told(given))
