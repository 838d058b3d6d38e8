"""What Alertmanager is asked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import click

from obskit.alerts.report import Matcher, Silence
from obskit.cli.alerts.ask import NoAnswer, json_of, read_url, shown, text

_Function = TypeVar("_Function", bound=Callable[..., Any])

_REQUESTS = "alertmanager_notification_requests_total"
_FAILED = "alertmanager_notification_requests_failed_total"
_COUNTED = re.compile(
    rf'^({_REQUESTS}|{_FAILED})\{{[^}}]*integration="([^"]+)"[^}}]*\}} (\S+)$', re.MULTILINE
)


class Sent(NamedTuple):
    """Requests of an integration, since Alertmanager began.

    Attributes:
        answered: Those that the receiver took.
        failed: Those that it did not.
    """

    answered: float
    failed: float


def option(*, default: str | None) -> Callable[[_Function], _Function]:
    """The option that names it."""
    return click.option(
        "--alertmanager",
        metavar="URL",
        callback=read_url,
        default=default,
        show_default=True,
        help="Where Alertmanager answers.",
    )


def alerts(url: str, label: str, value: str) -> list[dict[str, Any]]:
    """The alerts with a label that are not resolved.

    Raises:
        NoAnswer: Alertmanager does not say.
    """
    return _list(url, "/api/v2/alerts", filter=f'{label}="{value}"')


def silences(url: str) -> list[Silence]:
    """The silences that it knows; those that have ended it forgets after some days.

    Raises:
        NoAnswer: Alertmanager does not say.
    """
    return [
        Silence(
            tuple(
                Matcher(
                    one["name"], one["value"], regex=one["isRegex"], equal=one.get("isEqual", True)
                )
                for one in each["matchers"]
            ),
            _instant(each["startsAt"]),
            _instant(each["endsAt"]),
        )
        for each in _list(url, "/api/v2/silences")
    ]


def sent(url: str) -> dict[str, Sent]:
    """By integration: what it has sent.

    Raises:
        NoAnswer: Alertmanager does not say.
    """
    counted: dict[str, dict[str, float]] = defaultdict(dict)
    for name, integration, value in _COUNTED.findall(text(url, "/metrics")):
        of = counted[integration]
        of[name] = of.get(name, 0.0) + float(value)
    if not counted:
        raise NoAnswer(
            f"{shown(url)}/metrics has no {_REQUESTS}: is it the URL of an Alertmanager from 0.22 on?"
        )
    return {
        integration: Sent(of[_REQUESTS] - of.get(_FAILED, 0.0), of.get(_FAILED, 0.0))
        for integration, of in counted.items()
        if _REQUESTS in of
    }


def _list(url: str, path: str, **asked: str) -> list[dict[str, Any]]:
    answer = json_of(url, path, **asked)
    if not isinstance(answer, list):
        raise NoAnswer(f"{shown(url)}{path} gave no answer of Alertmanager: is it another server?")
    return answer


def _instant(written: str) -> float:
    # Python 3.10 reads three or six digits of a second only, and no Z.
    whole = re.sub(r"(\.\d+)?Z$", "+00:00", written)
    return datetime.fromisoformat(re.sub(r"\.\d+(?=[+-])", "", whole)).timestamp()
