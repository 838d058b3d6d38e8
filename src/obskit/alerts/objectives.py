"""The rules of objectives: how fast the error budget burns, and how much of it is left.

Windows and rates are those of the Site Reliability Workbook (Google, 2018), chapter 5, "Multiwindow,
multi-burn-rate alerts", for thirty days.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from obskit import names
from obskit.alerts import objectives_trials as trials
from obskit.alerts.inventory import DAY, Inventory
from obskit.alerts.promql import by, label, metric, number, span
from obskit.alerts.rule import LOWER, Alert, Group, Recording
from obskit.alerts.service import SERVER_ERROR, window
from obskit.declaration import Objective

#: Requests a second that an objective is about, and those that break a promise of it.
REQUESTS = "obskit:objective_requests:rate"
BROKEN = "obskit:objective_broken:rate"
#: The share of requests that break the promise, by window.
RATIO = "obskit:objective_broken:ratio"
#: The share of the error budget that is left.
LEFT = "obskit:objective_budget:left"

_COUNT = metric(names.HTTP_SERVER_REQUEST_DURATION, "count")
_BUCKET = metric(names.HTTP_SERVER_REQUEST_DURATION, "bucket")
_CODE = label(names.HTTP_RESPONSE_STATUS_CODE)
_ROUTE = label(names.HTTP_ROUTE)
_PERIOD = 30 * DAY
_HOUR = 3_600.0
_DASHBOARD = "obskit-service"

#: Fewer requests in a window say nothing of a share: one that fails would be a tenth.
LEAST = 10
#: The largest share of requests that an alert may ask to have broken a promise.
MOST = 0.9


class Burn(NamedTuple):
    """The budget is used `rate` times as fast as it may be, in a long window and still in a short one."""

    rate: float
    long: float
    short: float


#: 2 % of the budget in an hour, 5 % in six: somebody must act at once.
FAST = (Burn(14.4, _HOUR, 300.0), Burn(6.0, 6 * _HOUR, 1_800.0))
#: 10 % in a day, 10 % in three: in the next days.
SLOW = (Burn(3.0, DAY, 2 * _HOUR), Burn(1.0, 3 * DAY, 6 * _HOUR))


class Promise(NamedTuple):
    """One of the two that an objective may make.

    Attributes:
        objective: Whose.
        kind: `availability` or `latency`.
        budget: The share of requests that may break it.
    """

    objective: Objective
    kind: str
    budget: float

    @property
    def labels(self) -> dict[str, str]:
        """What tells it from the others of its service."""
        return {"objective": self.objective.name, "promise": self.kind}


def groups(inventory: Inventory) -> list[Group]:
    """The rules of a service's objectives.

    Args:
        inventory: What is expected.
    """
    rules: list[Recording | Alert] = []
    for objective in inventory.registry.objectives.values():
        rules.append(_requests(inventory, objective))
        for promise in promises(objective):
            rules.extend(_rules(inventory, promise))
    return [Group(f"obskit-{inventory.service}-objectives", tuple(rules))] if rules else []


def promises(objective: Objective) -> list[Promise]:
    """What an objective promises."""
    shares = {"availability": objective.availability, "latency": objective.fast}
    return [
        # Without the error of a binary fraction: 1 - 0.999 is 0.0010000000000000009.
        Promise(objective, kind, round(1 - share, 9))
        for kind, share in shares.items()
        if share is not None
    ]


def _requests(inventory: Inventory, objective: Objective) -> Recording:
    labels = {**inventory.identity, "objective": objective.name}
    return Recording(REQUESTS, _rate(inventory, inventory.series(_COUNT, **_of(objective))), labels)


def _rules(inventory: Inventory, promise: Promise) -> Iterable[Recording | Alert]:
    labels = {**inventory.identity, **promise.labels}
    yield Recording(BROKEN, _broken(inventory, promise), labels)
    for seconds in sorted({one for burn in (*FAST, *SLOW) for one in (burn.long, burn.short)}):
        looked_back = max(inventory.scaled(seconds), window(inventory))
        ratio = _ratio(inventory, promise, looked_back)
        yield Recording(RATIO, ratio, {**labels, "window": span(seconds)})
    period = min(inventory.scaled(_PERIOD), inventory.retention)
    ratio = _ratio(inventory, promise, period)
    yield Recording(LEFT, f"1 - (\n{ratio}\n) / {number(promise.budget)}", labels)
    for name, burns in (("ErrorBudgetBurnsFast", FAST), ("ErrorBudgetBurns", SLOW)):
        # More than all requests cannot break it, and hardly ever do all.
        possible = tuple(burn for burn in burns if burn.rate * promise.budget <= MOST)
        if possible:
            yield _burning(inventory, promise, name, possible, fast=burns is FAST)


def _of(objective: Objective) -> dict[str, str]:
    return {_ROUTE: objective.route} if objective.route else {}


def _rate(inventory: Inventory, series: str) -> str:
    return f"sum(rate({series}[{span(window(inventory))}]))"


def _broken(inventory: Inventory, promise: Promise) -> str:
    objective = promise.objective
    requests = inventory.series(REQUESTS, objective=objective.name)
    if promise.kind == "availability":
        failed = inventory.series(_COUNT, **_of(objective), **{_CODE: SERVER_ERROR})
        return f"{_rate(inventory, failed)}\nor\n0 * sum({requests})"
    # Between two bounds of the histogram, as histogram_quantile() sees it: they lie evenly.
    lower, upper, share = trials.around(objective.limit or 0.0)
    fast = (
        f"{number(round(part, 9))} * {_rate(inventory, _up_to(inventory, objective, bound))}"
        for bound, part in ((lower, 1 - share), (upper, share))
        if part and bound
    )
    return "\n- ".join([f"sum({requests})", *fast])


def _ratio(inventory: Inventory, promise: Promise, seconds: float) -> str:
    def mean(name: str, **labels: str) -> str:
        return f"sum(avg_over_time({inventory.series(name, **labels)}[{span(seconds)}]))"

    requests = mean(REQUESTS, objective=promise.objective.name)
    return f"{mean(BROKEN, **promise.labels)}\n/\n({requests} >= {number(LEAST / seconds)})"


def _up_to(inventory: Inventory, objective: Objective, bound: float) -> str:
    # Newer versions of Prometheus write 1 as 1.0 where they scrape.
    written = number(bound)
    either = written if "." in written else (written, f"{written}.0")
    return inventory.series(_BUCKET, **_of(objective), le=either)


def _burning(
    inventory: Inventory, promise: Promise, name: str, burns: tuple[Burn, ...], *, fast: bool
) -> Alert:
    objective, keeps = promise.objective, inventory.scaled(300.0)
    severity = objective.severity if fast else LOWER[objective.severity]

    def above(seconds: float, rate: float) -> str:
        series = inventory.series(RATIO, **promise.labels, window=span(seconds))
        return f"{series} > {number(round(rate * promise.budget, 9))}"

    either = "\nor\n".join(
        f"(\n{above(burn.long, burn.rate)}\nand ignoring {by('window')}\n"
        f"{above(burn.short, burn.rate)}\n)"
        for burn in burns
    )
    what = "fail" if promise.kind == "availability" else f"take longer than {objective.limit:g} s"
    whose = f"{objective.route} of {inventory.service}" if objective.route else inventory.service
    return Alert(
        name,
        f"max without {by('window')} (\n{either}\n)",
        labels=inventory.labels(severity, objective.owner, **promise.labels),
        annotations=inventory.annotations(
            f"{whose} uses up its error budget of {promise.kind}" + (" fast" if fast else ""),
            f"{{{{ $value | humanizePercentage }}}} of the requests {what};"
            f" {promise.budget * 100:g}% may over thirty days.",
            runbook=objective.runbook,
            topic=name.lower(),
            dashboard=_DASHBOARD,
            variables={"route": objective.route} if objective.route else None,
        ),
        keeps_for=keeps,
        trials=trials.of_burning(inventory, objective, promise.kind, fast=fast),
    )
