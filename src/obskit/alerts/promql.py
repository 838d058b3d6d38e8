"""How Prometheus writes what obskit names: metrics, labels, selectors, spans of time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal

from obskit import names

#: What a metric point is of: the labels that the collector puts on each.
ENVIRONMENT = names.DEPLOYMENT_ENVIRONMENT_NAME.replace(".", "_")
SERVICE = names.SERVICE_NAME.replace(".", "_")
INSTANCE = "instance"
#: The mark of what was made up by a drill; no rule mixes it with what is real.
DRILL = names.DRILL.replace(".", "_")

#: What a label must be: a value, several of which one, or a pattern.
Wanted = str | re.Pattern[str] | Iterable[str]

_UNITS = {"s": "seconds", "By": "bytes"}
_NOT_OF_A_NAME = re.compile(r"[^a-zA-Z0-9_:]+")
_SPANS = (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))


def metric(named: names.Metric, part: str = "") -> str:
    """A metric's name in Prometheus, as the collector writes it.

    Args:
        named: The metric.
        part: Of a histogram, the series that is meant: ``bucket``, ``count`` or ``sum``.

    >>> metric(names.HTTP_SERVER_REQUEST_DURATION, "bucket")
    'http_server_request_duration_seconds_bucket'
    >>> metric(names.JOB_RUNS)
    'obskit_job_runs_total'
    """
    words = [_NOT_OF_A_NAME.sub("_", named.name), _UNITS.get(named.unit, "")]
    if named.unit == "1" and named.kind == "gauge":
        words.append("ratio")
    if named.kind == "counter":
        words.append("total")
    return "_".join(word for word in [*words, part] if word)


def label(attribute: str) -> str:
    """An attribute's name as a label of Prometheus.

    >>> label(names.CHECK_NAME)
    'obskit_check_name'
    """
    return _NOT_OF_A_NAME.sub("_", attribute)


def quote(value: str) -> str:
    r"""A value as PromQL writes it.

    >>> print(quote('a "b"'))
    "a \"b\""
    """
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def select(name: str, labels: Mapping[str, Wanted]) -> str:
    r"""The series of a name.

    Args:
        name: The metric's name in Prometheus.
        labels: What each label must be: a value, several of which one, or a pattern.

    >>> print(select("up", {"job": "shop", "code": ["a", "b.c"]}))
    up{job="shop", code=~"a|b\\.c"}
    """
    return f"{name}{{{', '.join(key + _match(wanted) for key, wanted in labels.items())}}}"


def _match(wanted: Wanted) -> str:
    if isinstance(wanted, str):
        return f"={quote(wanted)}"
    return f"=~{quote(wanted.pattern) if isinstance(wanted, re.Pattern) else _any_of(wanted)}"


def _any_of(values: Iterable[str]) -> str:
    return quote("|".join(re.escape(value).replace("\\-", "-") for value in values))


def by(*labels: str) -> str:
    """A list of labels, as it stands behind ``by`` and ``on``."""
    return f"({', '.join(labels)})"


def span(seconds: float) -> str:
    """A span of time as Prometheus writes it, in whole milliseconds, rounded up.

    >>> span(5400), span(0.25), span(0)
    ('1h30m', '250ms', '0s')
    """
    left = int((Decimal(str(seconds)) * 1_000).to_integral_value(ROUND_CEILING))
    written = ""
    for unit, size in _SPANS:
        many, left = divmod(left, size)
        written += f"{many}{unit}" if many else ""
    return written + (f"{left}ms" if left else "") or "0s"


def number(value: float) -> str:
    """A number as PromQL reads it.

    >>> number(150.0), number(0.1), number(float("inf"))
    ('150', '0.1', '+Inf')
    """
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def in_template(text: str) -> str:
    """An expression as a template of an annotation quotes it.

    >>> in_template('up{job="shop"}')
    '`up{job="shop"}`'
    """
    return "`" + text.replace("`", "") + "`"
