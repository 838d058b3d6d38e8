"""The shops, one an environment, and what they talk to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .house import Plan
from .postgres import Postgres
from .servers import Gateway, TlsServer

#: A scale at which a week lasts a minute.
QUIET = 0.0001
#: A scale at which what is looked back for half an hour is forgotten within one.
SHORT = 0.02


@dataclass(frozen=True)
class World:
    """What the shops talk to."""

    gateways: Mapping[str, Gateway]
    tls: TlsServer
    postgres: Postgres


def plans(world: World) -> dict[str, Plan]:
    """The shop of each environment."""
    logs_to = {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": world.gateways["telemetry"].url + "/v1/logs"}
    few = {"OBSKIT_METRIC_CARDINALITY_LIMIT": "30"}
    elsewhere = {"OBSKIT_CHECKS_IN": "worker"}
    # A worker that follows another is there at once.
    forked = {"GUNICORN_CMD_ARGS": "--preload"}
    most = ("database", "dependents", "freshness", "gateway", "log", "stock", "payment", "quota")
    return {
        "control": Plan(most, ("web",)),
        "web": Plan(("payment", "quota"), ("web",)),
        "labels": Plan((), ("web",), few),
        "telemetry": Plan((), ("web",), logs_to, scale=SHORT),
        "killed": Plan(("database", "gateway"), ("web",)),
        "worker": Plan(("database",), ("web", "worker"), elsewhere),
        "newer": Plan(("database",), ("worker",)),
        "dependents": Plan(("database", "dependents"), ("worker",)),
        "databases": Plan(("postgres", "certificate"), ("worker",)),
        "files": Plan(("disk", "freshness"), ("worker",)),
        "hung": Plan(("gateway", "log"), ("worker",)),
        "flapping": Plan(("stock",), ("worker",)),
        "jobs": Plan(("jobs", "database"), ("worker", "jobs")),
        "late": Plan(("late",), ("jobs",)),
        "never": Plan(("never",), ()),
        "restarts": Plan((), ("web",), forked, scale=SHORT),
        "quiet": Plan((), ("web",), scale=QUIET),
        "collector": Plan(("database",), ("worker",)),
    }
