"""How a service is, from what `/health` of it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product
from math import isfinite
from typing import Any, Literal, get_args

from obskit.declaration import Limit, Severity, State
from obskit.overview.checks import WORST_FIRST
from obskit.overview.model import CheckView, Overview
from obskit.state.store import Run

_BOUND = Literal["lower", "upper"]
_LIMITS: tuple[tuple[State, _BOUND], ...] = tuple(product(get_args(State), get_args(_BOUND)))
_HEALTH = ("healthy", "degraded", "unhealthy")
_STRANGER = "it tells its status alone, as it tells strangers: its token is missing or wrong"


def overview(answer: object, now: float) -> Overview:
    """How the service is. Whoever may not see details is told its health alone.

    Args:
        answer: The body, read.
        now: Seconds since the Unix epoch, by our clock.

    Raises:
        ValueError: It is no answer of `/health`.
    """
    if not isinstance(answer, Mapping) or answer.get("status") not in _HEALTH:
        raise ValueError("it is no answer of /health: is a path missing, or of another server?")
    checks = answer.get("checks", {})
    if not isinstance(checks, Mapping):
        raise ValueError("its checks are no object of JSON")  # noqa: TRY004 - what came is wrong
    ahead = _moment(answer.get("timestamp"), now) - now
    views = [_view(str(name), facts, now, ahead) for name, facts in checks.items()]
    scores = answer.get("scores", {})
    told = scores if isinstance(scores, Mapping) else {}
    return Overview(
        service=_text(answer, "service"),
        environment=_text(answer, "environment"),
        now=now,
        health=answer["status"],
        checks=sorted(views, key=lambda view: (WORST_FIRST.index(view.status), view.name)),
        scores={"" if name == "overall" else name: _number(told, name) or 0.0 for name in told},
        problems=() if "checks" in answer else (_STRANGER,),
    )


def _view(name: str, facts: object, now: float, ahead: float) -> CheckView:
    if not isinstance(facts, Mapping):
        raise ValueError(f"it tells {facts!r:.100} of the check {name!r}")  # noqa: TRY004 - the same
    status = facts.get("status")
    # A status that this release does not know is a newer one's.
    known = status if status in WORST_FIRST else "unknown"
    latest = None if status == "not_run" else _run(name, known, facts, now, ahead)
    return CheckView(
        name=name,
        status=known,
        latest=latest,
        history=() if latest is None else (latest,),
        severity=_severity(facts.get("severity")),
        owner=_text(facts, "owner") or None,
        runbook=_text(facts, "runbook") or None,
        group=_text(facts, "group"),
        limits=tuple(_limits(facts.get("limits"))),
        unit=_text(facts, "unit"),
    )


def _limits(given: object) -> Iterator[Limit]:
    for each in given if isinstance(given, list) else ():
        told = each if isinstance(each, Mapping) else {}
        kind, value = (told.get("state"), told.get("bound")), _number(told, "value")
        if value is not None:
            yield from (Limit(*known, value) for known in _LIMITS if kind == known)


def _severity(given: object) -> Severity:
    return next((each for each in get_args(Severity) if each == given), "sev2")


def _run(name: str, status: str, facts: Mapping[str, Any], now: float, ahead: float) -> Run:
    duration = _number(facts, "response_time_seconds") or 0.0
    started = now - (_number(facts, "age_seconds") or 0.0) - duration
    return Run(
        check=name,
        status=_text(facts, "raw_status") or status,
        damped=status,
        since=min(now, _moment(facts.get("since"), started + ahead) - ahead),
        last_success=None,
        row=0,
        value=_number(facts, "value"),
        unit=_text(facts, "unit"),
        message=_text(facts, "message"),
        details={},
        evidence=(),
        started=started,
        duration=duration,
        nothing_to_do=facts.get("nothing_to_do") is True,
    )


def _text(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name)
    return found if isinstance(found, str) else ""


def _number(given: Mapping[str, Any], name: str) -> float | None:
    found = given.get(name)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not isfinite(found):
        return None
    return float(found)


def _moment(given: object, otherwise: float) -> float:
    try:
        return datetime.fromisoformat(str(given).replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return otherwise
