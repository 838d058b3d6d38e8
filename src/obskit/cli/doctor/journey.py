"""The journey of one span, line, point and error: sent as the service sends, and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from time import sleep
from typing import NamedTuple

from obskit.cli.doctor import stores
from obskit.cli.doctor.apart import begin
from obskit.cli.doctor.marked import Marked, quiet
from obskit.cli.doctor.patient import Finding, Patient
from obskit.cli.doctor.stores import NotThere, Place, Sent
from obskit.clock import SYSTEM_CLOCK
from obskit.config import SIGNALS
from obskit.exceptions import ObskitError

# Seconds that sending may take, that the end may, that are left for it, and between two looks.
_SENDING, _CLOSING, _ENDING, _PAUSE = 10.0, 1.0, 1.5, 0.2
_ACCEPTED = range(200, 300)
_KINDS = {"traces": "span", "metrics": "point", "logs": "line", "errors": "error"}
_REFUSED = {
    400: "the DSN is none of that server's: take it from the project's settings",
    401: "the DSN's key is wrong, or was revoked: take the DSN from the project's settings",
    403: "the DSN's key or project is wrong, or an inbound filter is: take the DSN from its settings",
    404: "there is no such project: take the DSN from the project's settings",
    413: "it, or a proxy before it, takes smaller events only: raise its limit",
    429: "its quota is used up, or its rate limit reached: see the project's settings",
}


class Lost(NamedTuple):
    """It was not seen at a hop.

    Attributes:
        why: What was seen in its place.
        remedy: What to do.
    """

    why: str
    remedy: str


class Journey(NamedTuple):
    """How far one came.

    Attributes:
        taken: Seconds until its receiver had answered.
        seen: Seconds from there until it was read back; None where nobody was asked.
        lost: Where it was lost, or None.
    """

    taken: float
    seen: float | None = None
    lost: Lost | None = None


def diagnose(patient: Patient) -> Iterator[Finding]:
    """Which hops one span, line, point and error came by, and how long each took.

    Args:
        patient: The service.
    """
    if patient.offline:
        yield Finding("nothing is sent: --offline")
        return
    config = patient.config
    leaving = [signal for signal in SIGNALS if config.exporter(signal) == "otlp"]
    with quiet():
        try:
            marked = Marked(config)
        except (ObskitError, ValueError) as error:
            yield Finding(f"nothing can be sent: {error}", "correct the configuration")
            return
        signals = [*leaving, *(["errors"] if marked.reports else [])]
        if not signals:
            yield Finding("nothing is sent: there is neither an endpoint nor a DSN")
            return
        try:
            yield from _followed(patient, marked, signals)
        finally:
            marked.close(_CLOSING)


def _followed(patient: Patient, marked: Marked, signals: list[str]) -> Iterator[Finding]:
    marked.make()
    known = stores.places(patient, Sent(marked.mark, marked.trace_id, marked.event_id))
    began = SYSTEM_CLOCK.monotonic()
    coming = {
        signal: begin(partial(_follow, marked, signal, known[signal], patient.left))
        for signal in signals
    }
    for signal in signals:
        yield _told(signal, coming[signal].result(), known[signal])
    read = [known[signal].name for signal in signals if known[signal].look]
    kinds = ", ".join(_KINDS[signal] for signal in signals)
    took = _seconds(SYSTEM_CLOCK.monotonic() - began)
    yield Finding(
        f"{kinds} were taken, and read back from {', '.join(read) or 'no store'}, in {took}",
        sums_up=True,
    )


def _follow(marked: Marked, signal: str, place: Place, left: Callable[[], float]) -> Journey:
    began = SYSTEM_CLOCK.monotonic()
    marked.flush(signal, min(_SENDING, left() / 2))
    taken = SYSTEM_CLOCK.monotonic()
    lost = _not_taken(marked, signal)
    if lost is not None or place.look is None:
        return Journey(taken - began, lost=lost)
    lost = _not_seen(place.look, place, left)
    return Journey(taken - began, SYSTEM_CLOCK.monotonic() - taken, lost)


def _told(signal: str, journey: Journey, place: Place) -> Finding:
    kind, lost = _KINDS[signal], journey.lost
    taken = f"{kind}: its receiver took it after {_seconds(journey.taken)}"
    if lost is not None:
        return Finding(f"{kind if journey.seen is None else taken}: {lost.why}", lost.remedy)
    if journey.seen is None:
        return Finding(f"{taken}; it is not read back: {place.option} names no {place.name}")
    return Finding(f"{taken}, {place.name} had it {_seconds(journey.seen)} later")


def _not_taken(marked: Marked, signal: str) -> Lost | None:
    if signal == "errors":
        return _not_reported(marked)
    account = marked.account(signal)
    if account["exported"]:
        return None
    where = "obskit doctor endpoints says how far it is reached"
    if account["dropped"]:
        why = ", ".join(account["dropped"])
        return Lost(f"its receiver did not take it: {why}", where)
    if account["accepted"]:
        return Lost("its receiver did not answer", where)
    return Lost(
        "nothing was made of it: the configuration leaves it out", "see its limits and views"
    )


def _not_reported(marked: Marked) -> Lost | None:
    status = marked.heard
    if marked.kept_back:
        why = "it was not sent: an option of sentry-sdk keeps it back"
        return Lost(why, "see sample_rate, before_send and ignore_errors")
    if status is None or (isinstance(status, int) and status in _ACCEPTED):
        return None
    if isinstance(status, str):
        remedy = "obskit doctor endpoints says how far it is reached"
        return Lost(f"it was not sent: {status}", remedy)
    usual = "see the log of the server behind the DSN"
    return Lost(f"its receiver answered {status}", _REFUSED.get(status, usual))


def _not_seen(
    look: Callable[[float], None], place: Place, left: Callable[[], float]
) -> Lost | None:
    """Look until it is there; why it is not, where that never comes."""
    if left() <= _ENDING:
        return Lost(f"no time was left to ask {place.name}", "give it more by --timeout")
    began = SYSTEM_CLOCK.monotonic()
    missing = NotThere()
    # Something is left for telling of it.
    while left() > _ENDING:
        try:
            look(left() - _ENDING)
        except NotThere as error:
            missing = error
            if missing.is_final:
                break
        else:
            return None
        sleep(_PAUSE)
    why = f"{place.name} did not have it {_seconds(SYSTEM_CLOCK.monotonic() - began)} later"
    if missing.remedy:
        return Lost(f"{why}: {missing}", missing.remedy)
    return Lost(why, place.advice)


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s"
