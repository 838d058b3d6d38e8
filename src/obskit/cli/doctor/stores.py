"""Where what was sent is read back: Jaeger, Prometheus, Loki, and Sentry or Bugsink."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from obskit import names
from obskit.alerts.promql import DRILL, metric, quote, select
from obskit.cli.doctor import trouble
from obskit.cli.doctor.patient import Patient
from obskit.cli.exchange import Answered, Asked, Unanswered, ask, bearing, url_of

_PATIENCE = 5.0
_NOT_YET = 404
_LOGIN = frozenset({401, 403})
_READS = (
    "its token is wrong or missing: write one that may read there into a file, --sentry-token FILE"
)
# An event is of an issue that was seen last; others may happen meanwhile.
_NEWEST = 5


class NotThere(Exception):
    """It was not found. The message says why, where more is known than that it is not there.

    Attributes:
        remedy: What to do; empty where it may still come.
        is_final: Whether it will not be found, however long one looks.
    """

    def __init__(self, why: str = "", remedy: str = "", *, is_final: bool = False) -> None:
        super().__init__(why)
        self.remedy = remedy
        self.is_final = is_final


class Sent(NamedTuple):
    """What was sent.

    Attributes:
        mark: Of the metric's point.
        trace_id: Of the span and the line.
        event_id: Of the error.
    """

    mark: str
    trace_id: str
    event_id: str


class Place(NamedTuple):
    """Where a signal is read back.

    Attributes:
        name: Whose it is, for people.
        option: What names it on the command line.
        look: Returns when it is there, else raises `NotThere`. Takes its own bounded time.
        advice: What to look at when the collector took it and it is not there.
    """

    name: str
    option: str
    look: Callable[[float], None] | None
    advice: str


def places(patient: Patient, sent: Sent) -> Mapping[str, Place]:
    """Where each signal is read back.

    Args:
        patient: Says which servers there are.
        sent: What is looked for.
    """
    servers, service = patient.servers, patient.config.service
    failed = "the collector's log and its otelcol_exporter_send_failed_"
    found = {
        "traces": (servers.jaeger, lambda url: _jaeger(url, sent.trace_id)),
        "metrics": (servers.prometheus, lambda url: _prometheus(url, sent.mark)),
        "logs": (servers.loki, lambda url: _loki(url, service, sent.trace_id)),
        "errors": (servers.sentry, lambda url: _sentry(url, patient, sent.event_id)),
    }
    looks = {signal: found[signal][1](url) for signal, (url, _) in found.items() if url}
    return {
        "traces": Place(
            "Jaeger",
            "--jaeger",
            looks.get("traces"),
            f"{failed}spans; is this the Jaeger that it writes to, and does a sampler drop it there?",
        ),
        "metrics": Place(
            "Prometheus",
            "--prometheus",
            looks.get("metrics"),
            f"{failed}metric_points; does it write to this Prometheus, which must run with"
            " --web.enable-remote-write-receiver or scrape it?",
        ),
        "logs": Place(
            "Loki",
            "--loki",
            looks.get("logs"),
            f"{failed}log_records; is service_name a label there, and this the right tenant?",
        ),
        "errors": Place(
            "Sentry",
            "--sentry",
            looks.get("errors"),
            "the project's inbound filters, rate limits and quota, and the log of its workers",
        ),
    }


def _get(url: str, timeout: float) -> Answered:
    return _asked(Asked(url), timeout, trouble.SERVER_LOGIN)


def _asked(asked: Asked, timeout: float, login: str) -> Answered:
    try:
        answered = ask(asked, min(timeout, _PATIENCE))
    except Unanswered as error:
        raise NotThere(*trouble.of_silence(error, asked.url)) from None
    if not answered.is_good and answered.status != _NOT_YET:
        refused = trouble.of_refusal(answered, otlp=False, login=login)
        raise NotThere(*refused, is_final=answered.status in _LOGIN)
    return answered


def _field(answered: Answered, *path: str) -> Any:
    found = answered.json()
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _jaeger(base: str, trace_id: str) -> Callable[[float], None]:
    def look(timeout: float) -> None:
        answered = _get(url_of(base, f"/api/traces/{trace_id}"), timeout)
        if not _field(answered, "data"):
            raise NotThere

    return look


def _prometheus(base: str, mark: str) -> Callable[[float], None]:
    series = select(metric(names.CHECK_DURATION), {DRILL: mark})

    def look(timeout: float) -> None:
        answered = _get(url_of(base, "/api/v1/query", query=series), timeout)
        if not _field(answered, "data", "result"):
            raise NotThere

    return look


def _loki(base: str, service: str, trace_id: str) -> Callable[[float], None]:
    query = f'{{service_name={quote(service)}}} | trace_id="{trace_id}"'

    def look(timeout: float) -> None:
        url = url_of(base, "/loki/api/v1/query_range", query=query, limit="1")
        if not _field(_get(url, timeout), "data", "result"):
            raise NotThere

    return look


def _sentry(base: str, patient: Patient, event_id: str) -> Callable[[float], None]:
    servers = patient.servers
    headers = bearing(servers.sentry_token) if servers.sentry_token else None

    def get(path: str, timeout: float, **query: str) -> Answered:
        return _asked(Asked(url_of(base, path, **query), headers=headers), timeout, _READS)

    project = urlsplit(patient.config.sentry_dsn or "").path.rpartition("/")[2]

    def of_sentry(timeout: float) -> None:
        path = f"/api/0/organizations/{servers.sentry_org}/eventids/{event_id}/"
        if get(path, timeout).status == _NOT_YET:
            raise NotThere

    def of_bugsink(timeout: float) -> None:
        api = "/api/canonical/0"
        newest = {"project": project, "sort": "last_seen", "order": "desc"}
        issues = _rows(get(f"{api}/issues/", timeout, **newest))
        for issue in issues[:_NEWEST]:
            events = _rows(get(f"{api}/events/", timeout, issue=str(issue.get("id"))))
            if any(str(one.get("event_id")).replace("-", "") == event_id for one in events):
                return
        raise NotThere

    return of_sentry if servers.sentry_org else of_bugsink


def _rows(answered: Answered) -> list[dict[str, Any]]:
    if answered.status == _NOT_YET:
        raise NotThere(
            "answered 404", "is it a Bugsink? For Sentry give the organization: --sentry-org SLUG"
        )
    found = _field(answered, "results")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
