"""The rules of the collector, and the watchdog: without them no other alert is to be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from obskit.alerts import telemetry_trials as trials
from obskit.alerts.growth import growth
from obskit.alerts.inventory import Inventory
from obskit.alerts.platform import alert
from obskit.alerts.promql import INSTANCE, by, select, span
from obskit.alerts.rule import Alert, Group, Recording, Trial
from obskit.alerts.telemetry_trials import JOB, PARTS
from obskit.declaration import Severity

_OF = "telemetry"
#: Pushed by Prometheus to nobody's attention; whoever waits for it must hear if it stops.
WATCHDOG = "Watchdog"
#: The share of a queue from which on a backend is too slow: what remains is for an outage. The
#: collector's own documentation scales at 60 to 70 %.
FULL = 0.7
#: How often a collector may begin anew in half an hour: an upgrade does once or twice.
RESTARTS = 2

_COUNTERS = (
    "exporter_enqueue_failed",
    "processor_memory_limiter_refused",
    "receiver_refused",
    "exporter_send_failed",
)


def groups(inventory: Inventory) -> list[Group]:
    """The rules of the telemetry pipeline, the same for every service.

    Args:
        inventory: Where runbooks and dashboards are.
    """
    return [Group("obskit-telemetry", tuple(_rules(inventory)))]


def _rules(inventory: Inventory) -> Iterable[Recording | Alert]:
    yield _watchdog(inventory)
    yield _all_down(inventory)
    yield _one_down(inventory)
    yield _restarting(inventory)
    yield _queue(inventory)
    for stem in _COUNTERS:
        yield _grown(inventory, stem)
    yield _counted(
        inventory,
        "CollectorQueueFull",
        "exporter_enqueue_failed",
        "sev1",
        "has a full queue",
        "{{ $value | humanize }} {{ $labels.signal }} of late were refused by the queue of"
        " {{ $labels.exporter }}. Who cannot keep and send them again has lost them.",
    )
    yield _counted(
        inventory,
        "CollectorMemoryShort",
        "processor_memory_limiter_refused",
        "sev2",
        "is short of memory",
        "{{ $value | humanize }} {{ $labels.signal }} of late were refused by its memory limiter.",
    )
    yield _counted(
        inventory,
        "CollectorRefused",
        "receiver_refused",
        "sev2",
        "refuses telemetry",
        "{{ $value | humanize }} {{ $labels.signal }} of late at {{ $labels.receiver }},"
        " neither for a full queue nor for memory.",
    )
    yield _counted(
        inventory,
        "CollectorSendFailed",
        "exporter_send_failed",
        "sev2",
        "loses telemetry",
        "{{ $value | humanize }} {{ $labels.signal }} of late were not taken by the backend"
        " of {{ $labels.exporter }}, and are not sent again.",
    )


def _watchdog(inventory: Inventory) -> Alert:
    step = 60.0
    always = Trial("healthy", {}, step, {0.0: 1, 10 * step: 1})
    made = alert(
        inventory,
        WATCHDOG,
        "vector(1)",
        severity="sev3",
        of=_OF,
        summary="Prometheus evaluates rules",
        description="This always fires. When it stops, no alert reaches anybody.",
        trials=(always,),
    )
    return replace(made, labels={**made.labels, "severity": "none"})


def _all_down(inventory: Inventory) -> Alert:
    # Until every service has been heard again: it keeps their silence from being told.
    waits, keeps = inventory.scaled(120.0), inventory.scaled(300.0)
    up = select("up", {"job": JOB})
    return alert(
        inventory,
        "TelemetryPipelineDown",
        f"max by (job) ({up}) == 0\nor\nabsent({up})",
        severity="sev1",
        of=_OF,
        summary="No collector answers",
        description="Nothing is known of any service that sends to it: silence is not health.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_all_down(inventory, waits, keeps),
    )


def _one_down(inventory: Inventory) -> Alert:
    waits, keeps = inventory.scaled(300.0), inventory.scaled(60.0)
    up = select("up", {"job": JOB})
    return alert(
        inventory,
        "CollectorDown",
        f"{up} == 0\nunless on (job) (max by (job) ({up}) == 0)",
        severity="sev2",
        of=_OF,
        summary="The collector {{ $labels.instance }} does not answer",
        description="Others do.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_one_down(inventory, waits, keeps),
    )


def _restarting(inventory: Inventory) -> Alert:
    seen, keeps = inventory.scaled(1_800.0), inventory.scaled(600.0)
    return alert(
        inventory,
        "CollectorRestarts",
        f"resets(otelcol_process_uptime[{span(seen)}]) > {RESTARTS}",
        severity="sev2",
        of=_OF,
        summary="The collector {{ $labels.instance }} begins anew again and again",
        description=f"It was started {{{{ $value }}}} times in {span(seen)}.",
        keeps=keeps,
        trials=trials.of_restarts(inventory, seen, keeps),
    )


def _queue(inventory: Inventory) -> Alert:
    waits, keeps = inventory.scaled(300.0), inventory.scaled(300.0)
    return alert(
        inventory,
        "CollectorQueueFilling",
        f"otelcol_exporter_queue_size / (otelcol_exporter_queue_capacity > 0) > {FULL}",
        severity="sev2",
        of=_OF,
        summary="A queue of the collector {{ $labels.instance }} fills up",
        description="That of {{ $labels.exporter }} for {{ $labels.data_type }} is at"
        " {{ $value | humanizePercentage }}: its backend is away or too slow.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_queue(inventory, waits, keeps),
    )


def _grown(inventory: Inventory, stem: str) -> Recording:
    seconds, each = inventory.scaled(300.0), []
    for signal, part in PARTS.items():
        grown = growth(f"otelcol_{stem}_{part}", seconds)
        each.append(f'label_replace({grown}, "signal", "{signal}", "", "")')
    of = by(INSTANCE, "exporter", "receiver", "signal")
    return Recording(_record(stem), f"max by {of} (\n" + "\nor\n".join(each) + "\n)")


def _record(stem: str) -> str:
    return f"obskit:collector_{stem}:grown"


def _counted(
    inventory: Inventory,
    name: str,
    stem: str,
    severity: Severity,
    what: str,
    description: str,
) -> Alert:
    keeps = inventory.scaled(600.0)
    # What is refused at the door for a reason that has an alert is not told twice.
    why = " or ".join(f"{_record(inner)} > 0" for inner in _COUNTERS[:2])
    unless = f"\nunless on (instance)\n({why})" if stem == _COUNTERS[2] else ""
    return alert(
        inventory,
        name,
        f"{_record(stem)} > 0{unless}",
        severity=severity,
        of=_OF,
        summary=f"The collector {{{{ $labels.instance }}}} {what}",
        description=description,
        keeps=keeps,
        trials=trials.of_counter(inventory, stem, keeps),
    )
