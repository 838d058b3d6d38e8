"""Delivery: whether alerts come to Alertmanager, what it keeps back, whether it gets rid of the rest."""

from __future__ import annotations

from collections.abc import Iterator

from obskit.alerts.alertmanager.routes import NOBODY
from obskit.alerts.report import Matcher, Silence
from obskit.alerts.telemetry import WATCHDOG
from obskit.cli.alerts import alertmanager
from obskit.cli.alerts.ask import shown
from obskit.cli.doctor.patient import Finding, Patient
from obskit.clock import to_rfc3339

# A silence that lasts for longer is one for ever: nobody remembers it.
_EVER = 7 * 86_400.0


def diagnose(patient: Patient, url: str) -> Iterator[Finding]:
    """Why an alert may not leave Alertmanager.

    Args:
        patient: The service.
        url: Alertmanager's URL.

    Raises:
        NoAnswer: Alertmanager does not say.
    """
    place = shown(url)
    yield _of_watchdog(url, place)
    for silence in alertmanager.silences(url):
        if silence.began <= patient.now < silence.ended and _meant(silence, patient.config.service):
            yield _of_silence(silence, patient.now, place)
    for name, sent in alertmanager.sent(url).items():
        if sent.failed:
            requests = f"{sent.failed:.0f} of {sent.failed + sent.answered:.0f}"
            yield Finding(
                f"{requests} notifications by {name} failed since {place} began",
                "its log says why: the receiver's address, its secret, or the network",
                mild=sent.answered > 0,
            )


def _of_watchdog(url: str, place: str) -> Finding:
    held = alertmanager.alerts(url, "alertname", WATCHDOG)
    if not held:
        return Finding(
            f"{WATCHDOG}, which always fires, does not come to {place}",
            "is this the Alertmanager that Prometheus tells (alerting in its configuration), does it"
            " reach it, and does it evaluate telemetry.yml?",
        )
    hearing = sorted({to["name"] for one in held for to in one["receivers"]} - {NOBODY})
    if hearing:
        return Finding(f"{WATCHDOG} comes to {place}, for {', '.join(hearing)}")
    return Finding(
        f"{WATCHDOG} comes to {place}, and nobody hears it: where alerts cease to come, nobody notices",
        "name a receiver of its own under [watchdog] in alerts.toml",
        mild=True,
    )


def _of_silence(silence: Silence, now: float, place: str) -> Finding:
    of = ", ".join(map(_written, silence.matchers))
    return Finding(
        f"nobody is told of {of}: silenced in {place} until {to_rfc3339(silence.ended)[:19]}Z",
        f"end it there, if it is over: {place}/#/silences",
        mild=silence.ended - now < _EVER,
    )


def _meant(silence: Silence, service: str) -> bool:
    """Whether it may be about this service, or about what all stand on."""
    of_service = [matcher for matcher in silence.matchers if matcher.name == "service"]
    return all(
        any(matcher.takes({"service": one}) for one in (service, "telemetry"))
        for matcher in of_service
    )


def _written(matcher: Matcher) -> str:
    sign = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}
    return f'{matcher.name}{sign[matcher.equal, matcher.regex]}"{matcher.value}"'
