"""The faults of a shop: where each happens, what it is broken by from outside, which alert tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.e2e.stack import Stack

from . import breaking
from .breaking import Broken
from .house import House
from .shops import World

_CHECK, _JOB = "obskit_check_name", "obskit_job_name"


@dataclass(frozen=True)
class Fault:
    """Something that is wrong while a block lasts.

    Attributes:
        name: What is wrong.
        where: The environment in which it happens.
        alert: The alert that must tell of it.
        breaks: Breaks it, until the block is left.
        labels: What tells the alert from its like, beside the environment.
        at_least: Seconds that it lasts even where it was told of before.
        reloads: Whether Prometheus has to read its rules anew for it; then it knows no Alertmanager
            for some seconds, and sends again a minute later what it could not send.
    """

    name: str
    where: str
    alert: str
    breaks: Callable[[], Broken]
    labels: Mapping[str, str] = field(default_factory=dict)
    at_least: float = 0.0
    reloads: bool = False

    def tells(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is that of the fault."""
        where = labels.get("deployment_environment_name", self.where)
        found = {"alertname": self.alert, **self.labels}
        return where == self.where and found.items() <= labels.items()


def faults(world: World, houses: Mapping[str, House], stack: Stack, other: Stack) -> list[Fault]:
    """Every fault; those that last longest come first.

    Args:
        world: What the shops talk to.
        houses: The shops by environment.
        stack: What watches all but one of them.
        other: What watches the last one.
    """
    return [
        *_of_processes(houses, stack, other),
        *_of_requests(world, houses),
        *_of_jobs(houses),
        *_of_checks(world, houses),
    ]


def _of_processes(houses: Mapping[str, House], stack: Stack, other: Stack) -> list[Fault]:
    at = houses.__getitem__
    return [
        Fault(
            "job never ran",
            "never",
            "JobNeverRan",
            lambda: breaking.deployed(at("never"), stack),
            reloads=True,
        ),
        Fault(
            "workers killed again and again",
            "restarts",
            "ServiceRestarts",
            lambda: breaking.restarting(at("restarts")),
        ),
        Fault("rules out of date", "newer", "RulesOutOfDate", lambda: breaking.canary(at("newer"))),
        Fault("app killed", "killed", "ServiceDown", lambda: at("killed").killed("web")),
        Fault(
            "worker killed",
            "worker",
            "CheckSilent",
            lambda: at("worker").killed("worker"),
            {_CHECK: "database"},
        ),
        Fault(
            "collector killed", "collector", "TelemetryPipelineDown", lambda: breaking.away(other)
        ),
    ]


def _of_requests(world: World, houses: Mapping[str, House]) -> list[Fault]:
    web, gateways = houses["web"], world.gateways
    refused, declined = gateways["telemetry"].answering, gateways["web"].answering
    labels = houses["labels"]
    return [
        Fault("telemetry dropped", "telemetry", "TelemetryLost", lambda: refused(400)),
        Fault("slow route", "web", "RouteSlow", lambda: web.file("slow")),
        Fault("no traffic", "quiet", "TrafficLost", houses["quiet"].paused),
        Fault("burst of errors", "web", "ServiceErrors", lambda: web.file("broken")),
        Fault("explosion of labels", "labels", "SeriesLimit", lambda: breaking.exploded(labels)),
        Fault("operation fails", "web", "OperationErrors", lambda: declined(402)),
        Fault("budget used up", "web", "QuotaUsedUp", lambda: breaking.used_up(web)),
    ]


def _of_jobs(houses: Mapping[str, House]) -> list[Fault]:
    late, jobs = houses["late"], houses["jobs"]
    return [
        Fault("job late", "late", "JobLate", lambda: late.killed("jobs"), {_JOB: "import"}),
        Fault("job fails", "jobs", "JobFailed", lambda: jobs.file("no-export")),
        Fault("job takes too long", "jobs", "JobTooLong", lambda: jobs.file("much-to-clean")),
    ]


def _of_checks(world: World, houses: Mapping[str, House]) -> list[Fault]:
    at = houses.__getitem__

    def critical(
        name: str, where: str, check: str, breaks: Callable[[], Broken], at_least: float = 0.0
    ) -> Fault:
        return Fault(name, where, "CheckCritical", breaks, {_CHECK: check}, at_least)

    return [
        critical(
            "flapping", "flapping", "stock", lambda: breaking.flapping(at("flapping")), at_least=25
        ),
        critical(
            "database locked, 12 checks depend on it",
            "dependents",
            "database",
            lambda: breaking.locked(at("dependents")),
            at_least=15,
        ),
        critical("database down", "databases", "postgres", world.postgres.down),
        critical("certificate expired", "databases", "certificate", world.tls.expired),
        critical("disk full", "files", "disk", lambda: breaking.full(at("files"))),
        critical("nothing synchronised", "files", "crm-sync", at("files").paused),
        critical("check hung", "hung", "gateway", world.gateways["hung"].hanging),
        critical("pattern in a log", "hung", "log", lambda: breaking.written(at("hung"))),
    ]
