"""Endpoints: name, connection, TLS and answer of all that is sent to or asked, and their clocks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from email.utils import parsedate_to_datetime
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from obskit.cli.doctor import trouble
from obskit.cli.doctor.apart import begin
from obskit.cli.doctor.patient import Finding, Patient
from obskit.cli.exchange import Answered, Asked, Unanswered, ask, shown, url_of
from obskit.config import SIGNALS, Config, Otlp
from obskit.duration import format_duration

# Seconds for one endpoint, and how far clocks may be apart: the header has whole seconds.
_PATIENCE = 10.0
_SKEW = 5.0
# An answer to nothing at all that takes so many seconds: what is sent waits as long, each time.
_SLOW = 5.0
_OTLP = {"content-type": "application/x-protobuf"}
#: What each server is asked, to know that it is one of its kind.
_PATHS = {
    "prometheus": "/api/v1/status/buildinfo",
    "alertmanager": "/api/v2/status",
    "jaeger": "/api/services",
    "loki": "/loki/api/v1/status/buildinfo",
}


class Endpoint(NamedTuple):
    """Something that is reached over the network.

    Attributes:
        name: What for.
        asked: What is asked of it.
        otlp: Whether it receives OTLP.
        any_answer: Whether every answer says that it is there.
    """

    name: str
    asked: Asked
    otlp: bool = False
    any_answer: bool = False


def diagnose(patient: Patient) -> Iterator[Finding]:
    """How each endpoint is reached, one line each, and how far its clock is from ours.

    Args:
        patient: The service.
    """
    if patient.offline:
        yield Finding("nothing is asked: --offline")
        return
    known = list(endpoints(patient))
    if not known:
        yield Finding("no endpoint is configured: nothing leaves this process (see README.md)")
        return
    # Least for the command itself, which has to tell of it.
    timeout = min(_PATIENCE, 0.9 * patient.left())
    answers = [(each, begin(partial(ask, each.asked, timeout))) for each in known]
    clocks: dict[str, float] = {}
    slowest = (0.0, "")
    for endpoint, coming in answers:
        yield _told(endpoint, coming, clocks)
        slowest = max(slowest, (_took(coming), endpoint.name))
    yield from _of_clocks(clocks)
    seconds, name = slowest
    told = f"{len(known)} endpoints answer, the slowest, {name}, after {_milliseconds(seconds)}"
    yield Finding(f"{told}; clocks agree", sums_up=True)


def endpoints(patient: Patient) -> Iterator[Endpoint]:
    """All that this service sends to, and all that can be asked of what was sent.

    Args:
        patient: The service.
    """
    config, servers = patient.config, patient.servers
    for signal in SIGNALS:
        otlp: Otlp = getattr(config, signal)
        if config.exporter(signal) == "otlp" and otlp.endpoint:
            yield Endpoint(signal, _of_otlp(otlp), otlp=True)
    errors = _of_dsn(config)
    if errors:
        yield Endpoint("errors", Asked(errors), any_answer=True)
    for name, path in _PATHS.items():
        base = getattr(servers, name)
        if base:
            yield Endpoint(name, Asked(url_of(base, path)))
    if servers.sentry:
        yield Endpoint("sentry", Asked(url_of(servers.sentry, "/")), any_answer=True)


def _of_otlp(otlp: Otlp) -> Asked:
    url = str(otlp.endpoint)
    if otlp.protocol != "grpc":
        # An empty request is one without records.
        return Asked(url, "POST", {**_OTLP, **otlp.headers}, otlp)
    if "://" not in url:
        url = f"{'http' if otlp.insecure else 'https'}://{url}"
    parts = urlsplit(url)
    scheme = parts.scheme if parts.scheme in {"http", "https"} else "https"
    port = "" if parts.port else ":4317"
    return Asked(f"{scheme}://{parts.netloc}{port}", otlp=otlp, http2=True)


def _of_dsn(config: Config) -> str | None:
    """Where a DSN leads, without its key. What it answers there says nothing about the key."""
    parts = urlsplit(config.sentry_dsn or "")
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}/" if host else None


def _told(endpoint: Endpoint, coming: Future[Answered], clocks: dict[str, float]) -> Finding:
    url = shown(endpoint.asked.url)
    try:
        answered = coming.result()
    except Unanswered as error:
        what, remedy = trouble.of_silence(error, endpoint.asked.url)
        return Finding(f"{endpoint.name}: {url}: {what}", remedy)
    ahead = _ahead(answered)
    if ahead is not None:
        clocks[endpoint.name] = ahead
    if not answered.is_good and not endpoint.any_answer:
        what, remedy = trouble.of_refusal(answered, otlp=endpoint.otlp)
        return Finding(f"{endpoint.name}: {answered.route} {what}", remedy)
    if _is_another(endpoint, answered):
        what, remedy = trouble.of_another(answered, otlp=endpoint.otlp)
        return Finding(f"{endpoint.name}: {answered.route} {what}", remedy)
    took = ", ".join(f"{step.name} {_milliseconds(step.seconds)}" for step in answered.steps)
    told = f"{endpoint.name}: {answered.route} answers: {took}"
    if _took(coming) > _SLOW:
        return Finding(f"{told}, which is long", trouble.SLOW, mild=True)
    return Finding(told)


def _is_another(endpoint: Endpoint, answered: Answered) -> bool:
    """Whether it answers as something else does: a page of a user interface is a success, too."""
    if endpoint.otlp:
        return answered.headers.get("content-type", "").startswith("text/html")
    return not endpoint.any_answer and not isinstance(answered.json(), dict)


def _took(coming: Future[Answered]) -> float:
    return 0.0 if coming.exception() else sum(step.seconds for step in coming.result().steps)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1_000:.0f} ms"


def _ahead(answered: Answered) -> float | None:
    """How far a server's clock is ahead of ours; None where it does not say."""
    try:
        date = parsedate_to_datetime(answered.headers["date"])
    except (KeyError, ValueError, TypeError):
        return None
    # The header's second has begun, and may be nearly over.
    return date.timestamp() + 0.5 - answered.moment


def _of_clocks(clocks: dict[str, float]) -> Iterator[Finding]:
    for name, ahead in clocks.items():
        if abs(ahead) > _SKEW:
            where = "ahead of" if ahead > 0 else "behind"
            yield Finding(
                f"the clock of {name} is {format_duration(abs(ahead))} {where} ours: spans, points and"
                " lines stand at wrong times, or are refused as too old or too new",
                "synchronize both by NTP: timedatectl, chronyc tracking",
            )
    if clocks and max(map(abs, clocks.values())) <= _SKEW:
        yield Finding(f"the clocks of {', '.join(clocks)} agree with ours within {_SKEW:g} s")
