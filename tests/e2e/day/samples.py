"""What a real Prometheus holds, as samples on a grid."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from typing import Any

#: Of what records itself nobody asks.
_NOT_OURS = re.compile(
    "go_|promhttp_|scrape_|process_runtime_|otelcol_process_runtime_|rpc_|http_client"
)
_EVERYTHING = '{__name__!=""}'
#: No sample, and the mark of the end of a series.
NONE, STALE = "_", "stale"


def samples(base: str, began: float, step: int, many: int) -> list[dict[str, Any]]:
    """Each series with its samples, of which those that are time are told from `began` on.

    Args:
        base: Where Prometheus is.
        began: The moment of the first sample, and the one before it.
        step: Seconds from one to the next.
        many: How many there are, beside that of `began`.

    Returns:
        Of each series its labels, and its values: numbers, `NONE` or `STALE`.
    """
    ends = began + many * step
    raw = _ask(base, "query", query=f"{_EVERYTHING}[{(many + 1) * step}s]", time=ends)
    # The range tells where a series has ended: a window of samples does not.
    grid = _ask(base, "query_range", query=_EVERYTHING, start=began, end=ends, step=step)
    there = {_key(each): {float(at) for at, _ in each["values"]} for each in grid}
    found = []
    for each in raw:
        labels = each["metric"]
        if _NOT_OURS.match(labels["__name__"]):
            continue
        moments = [began + number * step for number in range(many + 1)]
        seen = there.get(_key(each), set())
        present = [any(abs(one - moment) < 0.01 for one in seen) for moment in moments]
        values = _on_grid(each["values"], moments, step, present)
        if "timestamp" in labels["__name__"]:
            values = [one if isinstance(one, str) else round(one - began, 3) for one in values]
        found.append({"labels": labels, "values": values})
    return sorted(found, key=_key_of_labels)


def _on_grid(
    raw: list[tuple[float, str]], moments: list[float], step: int, present: list[bool]
) -> list[float | str]:
    values: list[float | str] = []
    lives = False
    for moment, goes_on in zip(moments, present, strict=True):
        lately = [value for at, value in raw if moment - step < at <= moment]
        if lately:
            values.append(float(lately[-1]))
        else:
            values.append(NONE if goes_on or not lives else STALE)
        lives = (lives or bool(lately)) and values[-1] != STALE
    return values


def _key(series: dict[str, Any]) -> str:
    return json.dumps(series["metric"], sort_keys=True)


def _key_of_labels(series: dict[str, Any]) -> str:
    return json.dumps(series["labels"], sort_keys=True)


def _ask(base: str, what: str, **params: str | float) -> list[dict[str, Any]]:
    url = f"{base}/api/v1/{what}?{urllib.parse.urlencode(params)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return list(json.load(answer)["data"]["result"])
