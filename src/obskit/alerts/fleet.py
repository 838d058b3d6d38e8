"""The rules of a fleet: Kafka between agents and gateways, sampling at its end, limits by service.

A collector without any of it shows none of these series, and nothing fires. Agents and gateways must
be read by one Prometheus.

A gateway goes on to show the lag that a partition had when another gateway took it over: no rule
believes a lag by itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from obskit import names
from obskit.alerts import fleet_trials as trials
from obskit.alerts.fleet_trials import LATE_COMMIT_LAG, RECEIVER_LAG, WAYS
from obskit.alerts.growth import growth
from obskit.alerts.inventory import Inventory
from obskit.alerts.platform import alert
from obskit.alerts.promql import INSTANCE, by, label, select, span
from obskit.alerts.rule import Alert, Group, Recording
from obskit.alerts.telemetry_trials import PARTS

_OF = "telemetry"
#: Messages of a partition that are not read yet from which on its gateway is behind: ten megabytes,
#: which are ten fetches. A message of spans is a trace, of about a kilobyte; one of metrics or logs
#: is a batch, of 100 kB where much comes.
BEHIND = {LATE_COMMIT_LAG: 10_000, RECEIVER_LAG: 100}
#: The share of what agents write that gateways may not have read: they are scraped at other moments
#: than agents are, and of little traffic that is more than a tenth.
UNREAD = 0.2
#: The share of spans that may come after the decision on their trace: they only follow it. One in a
#: hundred is a service that retries; more is a wait that is too short.
LATE = 0.05
#: The share of a queue from which on one more collector is advised: the collector's own documentation
#: scales at 60 to 70 %, where `telemetry.FULL` warns.
BUSY = 0.6

_UNDECIDED = "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early"
_FOLLOWED = "otelcol_processor_tail_sampling_early_releases_from_cache_decision"
_DROPPED = "otelcol_processor_service_limit_dropped_items"
_LIMITED = "obskit:collector_service_limit:grown"
_SERVICE = label(names.SERVICE_NAME)


def groups(inventory: Inventory) -> list[Group]:
    """The rules of a fleet, the same for every service.

    Args:
        inventory: Where runbooks and dashboards are.
    """
    return [Group("obskit-fleet", tuple(_rules(inventory)))]


def _rules(inventory: Inventory) -> Iterable[Recording | Alert]:
    yield _behind(inventory)
    yield _reads_nothing(inventory)
    yield _unread(inventory)
    yield _undecided(inventory)
    yield _too_soon(inventory)
    yield _limited(inventory)
    yield _service_limited(inventory)
    yield _scale_out(inventory)


def _behind(inventory: Inventory) -> Alert:
    seen, waits, keeps = (inventory.scaled(each) for each in (300.0, 600.0, 300.0))
    # Of a partition that is read the lag moves.
    each = [
        f"({lag} > {most} and changes({lag}[{span(seen)}]) > 0)" for lag, most in BEHIND.items()
    ]
    return alert(
        inventory,
        "CollectorBehind",
        f"max by {by(INSTANCE, 'topic', 'partition')} (\n" + "\nor\n".join(each) + "\n)",
        severity="sev2",
        of=_OF,
        summary="The collector {{ $labels.instance }} does not keep up with {{ $labels.topic }}",
        description="{{ $value | humanize }} messages of partition {{ $labels.partition }} are not"
        f" read yet, and it has been that far behind for {span(waits)}.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_behind(inventory, waits, keeps),
    )


def _reads_nothing(inventory: Inventory) -> Alert:
    seen, waits, keeps = (inventory.scaled(each) for each in (300.0, 600.0, 900.0))
    each = []
    for signal, way in WAYS.items():
        lag = select(way.lag, {"topic": way.topic})
        accepted = select(f"otelcol_receiver_accepted_{PARTS[signal]}", {"receiver": way.receiver})
        each.append(
            f"max by {by(INSTANCE, 'topic')} ({lag}) > 0 unless on {by(INSTANCE)}"
            f" sum by {by(INSTANCE)} (increase({accepted}[{span(seen)}])) > 0"
        )
    return alert(
        inventory,
        "CollectorReadsNothing",
        "\nor\n".join(f"({one})" for one in each),
        severity="sev2",
        of=_OF,
        summary="The collector {{ $labels.instance }} reads nothing of {{ $labels.topic }}",
        description="{{ $value | humanize }} messages of one of its partitions wait in Kafka, and it"
        f" has read none for {span(waits)}. They are not lost until Kafka deletes them.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_reads_nothing(inventory, seen + waits, keeps),
    )


def _unread(inventory: Inventory) -> Alert:
    seen, waits, keeps = (inventory.scaled(each) for each in (600.0, 600.0, 1_800.0))
    each = []
    for signal, way in WAYS.items():
        sent = select(f"otelcol_exporter_sent_{PARTS[signal]}", {"exporter": "kafka"})
        accepted = select(f"otelcol_receiver_accepted_{PARTS[signal]}", {"receiver": way.receiver})
        written, read = (f"sum(increase({one}[{span(seen)}]))" for one in (sent, accepted))
        # Where no gateway is left, nothing is read.
        share = f"1 - ({read} or 0 * {written}) / ({written} > 0)"
        each.append(f'label_replace({share}, "signal", "{signal}", "", "")')
    return alert(
        inventory,
        "CollectorUnread",
        "(\n" + "\nor\n".join(each) + f"\n) > {UNREAD}",
        severity="sev1",
        of=_OF,
        summary="More {{ $labels.signal }} are written to Kafka than are read",
        description="{{ $value | humanizePercentage }} of what agents write is not read by gateways,"
        f" for {span(waits)}. What waits is lost when Kafka deletes it.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_unread(inventory, seen + waits, keeps),
    )


def _undecided(inventory: Inventory) -> Alert:
    seen, keeps = inventory.scaled(300.0), inventory.scaled(600.0)
    return alert(
        inventory,
        "CollectorUndecided",
        f"sum by {by(INSTANCE)} (increase({_UNDECIDED}[{span(seen)}])) > 0",
        severity="sev2",
        of=_OF,
        summary="The collector {{ $labels.instance }} loses traces before it decides on them",
        description="{{ $value | humanize }} traces of late found no room to wait for their decision.",
        keeps=keeps,
        trials=trials.of_undecided(inventory, seen, keeps),
    )


def _too_soon(inventory: Inventory) -> Alert:
    seen, waits, keeps = (inventory.scaled(each) for each in (300.0, 600.0, 900.0))
    late, all_of_them = (
        f"sum by {by(INSTANCE)} (increase({one}[{span(seen)}]))"
        for one in (_FOLLOWED, "otelcol_receiver_accepted_spans")
    )
    return alert(
        inventory,
        "CollectorDecidesTooSoon",
        f"{late}\n/ ({all_of_them} > 0)\n> {LATE}",
        severity="sev3",
        of=_OF,
        summary="Spans come to the collector {{ $labels.instance }} after the decision on their trace",
        description="{{ $value | humanizePercentage }} of its spans do. They share the decision: an"
        " error among them does not have its trace kept.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_too_soon(inventory, seen + waits, keeps),
    )


def _limited(inventory: Inventory) -> Recording:
    # An alert's own label `service` says whose rule it is.
    grown = f"({growth(_DROPPED, inventory.scaled(300.0))})"
    named = f'label_replace({grown}, "{_SERVICE}", "$1", "service", "(.+)")'
    return Recording(_LIMITED, f"sum by {by(_SERVICE, 'signal')} (\n{named}\n)")


def _service_limited(inventory: Inventory) -> Alert:
    keeps = inventory.scaled(600.0)
    return alert(
        inventory,
        "CollectorServiceLimited",
        f"{_LIMITED} > 0",
        severity="sev2",
        of=_OF,
        summary=f"The service {{{{ $labels.{_SERVICE} }}}} sends more than it may",
        description="{{ $value | humanize }} of its {{ $labels.signal }} of late were dropped by"
        " service_limit, before they left their host.",
        keeps=keeps,
        trials=trials.of_service_limited(inventory, keeps),
    )


def _scale_out(inventory: Inventory) -> Alert:
    waits, keeps = inventory.scaled(1_800.0), inventory.scaled(600.0)
    return alert(
        inventory,
        "CollectorScaleOut",
        f"otelcol_exporter_queue_size / (otelcol_exporter_queue_capacity > 0) > {BUSY}",
        severity="sev3",
        of=_OF,
        summary="The collector {{ $labels.instance }} could do with one more beside it",
        description="Its queue of {{ $labels.exporter }} for {{ $labels.data_type }} has been at more"
        f" than {BUSY:.0%} for {span(waits)}.",
        waits=waits,
        keeps=keeps,
        trials=trials.of_scale_out(inventory, waits, keeps),
    )
