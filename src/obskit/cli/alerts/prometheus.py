"""What Prometheus is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from obskit.alerts.report import Series
from obskit.cli.alerts.ask import NoAnswer, json_of, read_url, shown

#: The option that names it.
PROMETHEUS = click.option(
    "--prometheus",
    metavar="URL",
    callback=read_url,
    default="http://127.0.0.1:9090",
    show_default=True,
    help="Where Prometheus answers.",
)
# Prometheus gives no more than 11,000 points of a series at once.
_MOST_POINTS = 10_000


def values(url: str, expression: str) -> list[Series]:
    """What an expression is now: a sample of each series, or with a range all that is kept in it.

    Raises:
        NoAnswer: Prometheus does not say.
    """
    return _series(_data(url, "/api/v1/query", query=expression))


def past(url: str, expression: str, began: float, ended: float, step: float) -> Iterator[Series]:
    """What an expression was: of each series its points, in several pieces where there are many.

    Raises:
        NoAnswer: Prometheus does not say.
    """
    first = began
    while first <= ended:
        last = min(ended, first + (_MOST_POINTS - 1) * step)
        yield from _series(
            _data(
                url,
                "/api/v1/query_range",
                query=expression,
                start=f"{first:.3f}",
                end=f"{last:.3f}",
                step=f"{step:g}",
            )
        )
        first = last + step


def alerts(url: str) -> list[dict[str, Any]]:
    """The alerts that pend or fire, each with its labels and its state.

    Raises:
        NoAnswer: Prometheus does not say.
    """
    return list(_data(url, "/api/v1/alerts")["alerts"])


def rules(url: str) -> list[dict[str, Any]]:
    """The rules that alert.

    Raises:
        NoAnswer: Prometheus does not say.
    """
    groups = _data(url, "/api/v1/rules", type="alert")["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alertmanagers(url: str) -> list[str]:
    """Whom it tells of what fires: their URLs, without logins.

    Raises:
        NoAnswer: Prometheus does not say.
    """
    active = _data(url, "/api/v1/alertmanagers")["activeAlertmanagers"]
    return [shown(one["url"]) for one in active]


def _data(url: str, path: str, **asked: str) -> Any:
    answer = json_of(url, path, **asked)
    try:
        return answer["data"]
    except (TypeError, KeyError):
        raise NoAnswer(
            f"{shown(url)}{path} gave no answer of Prometheus: is it another server?"
        ) from None


def _series(data: Any) -> list[Series]:
    return [
        (
            one["metric"],
            [(float(time), float(value)) for time, value in one.get("values") or [one["value"]]],
        )
        for one in data["result"]
    ]
