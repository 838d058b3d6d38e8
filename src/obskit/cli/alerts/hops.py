"""The hops from a fault to a person, and back: what is looked at, and what it means to see nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from obskit.alerts.promql import DRILL, metric, select
from obskit.alerts.rule import Alert
from obskit.cli.alerts import alertmanager, prometheus
from obskit.cli.alerts.alertmanager import Sent
from obskit.cli.alerts.ask import NoAnswer, shown
from obskit.cli.alerts.stories import Story
from obskit.cli.alerts.way import Barred, Hop
from obskit.export.answer import Answer
from obskit.telemetry.console import visible

# Who hears of it once a day hears so of its end.
_DAILY = "info"


@dataclass
class Stations:
    """Where a drill comes by.

    Attributes:
        drill: The value of its mark.
        story: What is told.
        alert: The alert that it makes fire, as it is generated.
        prometheus: Prometheus' URL.
        alertmanager: Alertmanager's URL.
        collector: Where the telemetry goes, without secrets.
        answer: Gives what the collector last answered.
    """

    drill: str
    story: Story
    alert: Alert
    prometheus: str
    alertmanager: str
    collector: str
    answer: Callable[[], Answer | None]
    _sent: dict[str, Sent] = field(default_factory=dict)

    @property
    def _read(self) -> str:
        read = self.story.read
        return metric(read, "count" if read.kind == "histogram" else "")

    def begin(self) -> None:
        """Ask all that will be asked, before anything is sent.

        Raises:
            NoAnswer: One does not answer.
        """
        prometheus.alerts(self.prometheus)
        self.count()

    def count(self) -> None:
        """From now on the notifications count.

        Raises:
            NoAnswer: Alertmanager does not say.
        """
        self._sent = alertmanager.sent(self.alertmanager)

    def there(self) -> Iterator[Hop]:
        """From the fault to the person."""
        yield Hop(
            "collector",
            self._accepted,
            "it took nothing",
            f"does the collector run, and is {self.collector} its address?",
        )
        yield Hop(
            "prometheus",
            self._arrived,
            f"no series {self._read} with this drill came to {shown(self.prometheus)}",
            "the collector's log and its otelcol_exporter_send_failed_metric_points; does it write to"
            " this Prometheus, which must run with --web.enable-remote-write-receiver or scrape it?",
        )
        yield Hop(
            "rule",
            self._fires,
            f"{self.alert.name} does not fire",
            f"{shown(self.prometheus)}/rules: are the rules there that `obskit generate alerts` writes"
            " now, and are they evaluated?",
            patience=self.alert.holds_for,
        )
        yield Hop(
            "alertmanager",
            self._alerted,
            f"{shown(self.alertmanager)} has no alert of this drill",
            f"{shown(self.prometheus)}/status: is this Alertmanager the one that Prometheus tells"
            " (`alerting` in its configuration), and what does its log say?",
        )
        yield Hop(
            "delivery",
            self._delivered,
            "no notification was sent",
            "Alertmanager's log; hours in which this severity and owner are muted; group_wait",
        )

    def back(self) -> Iterator[Hop]:
        """From the end of the fault to the person."""
        yield Hop(
            "rule resolves",
            self._resolves,
            f"{self.alert.name} goes on to fire",
            f"{shown(self.prometheus)}/alerts: it fires until what it reads back is over",
            patience=self.story.lingers + self.alert.keeps_for,
        )
        yield Hop(
            "alertmanager resolves",
            self._resolved,
            f"{shown(self.alertmanager)} still has the alert",
            "is Prometheus still connected with Alertmanager?",
        )
        if self.alert.labels.get("severity") != _DAILY:
            yield Hop(
                "delivery of the end",
                self._delivered,
                "no notification was sent",
                "send_resolved of the receiver, and group_interval: the end is told with the next round",
            )

    def _accepted(self) -> str | None:
        answer = self.answer()
        if answer is None:
            return None
        if answer.kind == "accepted" and not answer.rejected:
            return f"{self.collector} took it"
        why = answer.message or answer.reason
        # Of what did not come about the message names the endpoint.
        if answer.kind == "retry":
            raise NoAnswer(why)
        raise Barred(f"{self.collector} refused it: {why}")

    def _arrived(self) -> str | None:
        series = select(self._read, {DRILL: self.drill})
        found = prometheus.values(self.prometheus, series)
        return f"{self._read} is there, {len(found)} series" if found else None

    def _marked(self) -> list[dict[str, Any]]:
        return [
            alert
            for alert in prometheus.alerts(self.prometheus)
            if alert["labels"].get(DRILL) == self.drill
        ]

    def _fires(self) -> str | None:
        marked = self._marked()
        firing = sorted({one["labels"]["alertname"] for one in marked if one["state"] == "firing"})
        if firing:
            return f"{', '.join(firing)} fires"
        if marked:
            return None  # it pends
        rules = [one for one in prometheus.rules(self.prometheus) if one["name"] == self.alert.name]
        if not rules:
            raise NoAnswer(f"{shown(self.prometheus)} has no rule {self.alert.name}")
        wrong = {one["lastError"] for one in rules if one.get("lastError")}
        if wrong:
            raise NoAnswer(f"{self.alert.name} cannot be evaluated: {visible(min(wrong))}")
        return None

    def _alerted(self) -> str | None:
        found = self._held()
        if not found:
            return None
        heard = sorted({visible(to["name"]) for one in found for to in one["receivers"]})
        return f"it has the alert, for {', '.join(heard)}"

    def _held(self) -> list[dict[str, Any]]:
        return alertmanager.alerts(self.alertmanager, DRILL, self.drill)

    def _delivered(self) -> str | None:
        now = alertmanager.sent(self.alertmanager)
        before = {name: self._sent.get(name, Sent(0.0, 0.0)) for name in now}
        answered = [name for name in sorted(now) if now[name].answered > before[name].answered]
        if answered:
            return f"notifications were taken: {', '.join(answered)}"
        failed = sorted(name for name in now if now[name].failed > before[name].failed)
        if failed:
            raise NoAnswer(f"the receiver does not take it: requests of {', '.join(failed)} failed")
        self._refuse_suppressed()
        return None

    def _refuse_suppressed(self) -> None:
        for one in self._held():
            status = one["status"]
            if status.get("silencedBy"):
                raise Barred(f"it is silenced by {', '.join(status['silencedBy'])}")
            if status.get("inhibitedBy"):
                raise Barred(f"it is inhibited by {', '.join(status['inhibitedBy'])}")

    def _resolves(self) -> str | None:
        return None if self._marked() else f"{self.alert.name} fires no more"

    def _resolved(self) -> str | None:
        return None if self._held() else "it has the alert no more"
