"""Reading each backend through its own API, with the standard library only."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whatever its status; the names of its headers in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.text)


def fetch(
    url: str, *, json_body: object = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """GET, or POST when there is a body. Only a connection that fails raises."""
    data = None if json_body is None else json.dumps(json_body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return Answer(response.status, _lower(response.headers), response.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _lower(error.headers), error.read().decode())


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _query(base: str, path: str, **params: str | int) -> Any:
    return fetch(f"{base}{path}?{urllib.parse.urlencode(params)}").json


def tags(holder: Mapping[str, Any]) -> dict[str, Any]:
    """Jaeger's list of tags as a dict."""
    return {tag["key"]: tag["value"] for tag in holder["tags"]}


def jaeger_trace(base: str, trace_id: str) -> list[dict[str, Any]]:
    """The spans of one trace; none while it is not there."""
    answer = fetch(f"{base}/api/traces/{trace_id}")
    return list(answer.json["data"][0]["spans"]) if answer.status == 200 else []


def jaeger_span_ids(base: str, service: str) -> list[str]:
    """The ids of all spans of a service, as often as Jaeger holds them."""
    traces = _query(base, "/api/traces", service=service, limit=5000, lookback="1h")["data"]
    return [span["spanID"] for trace in traces for span in trace["spans"]]


def jaeger_operations(base: str, service: str) -> dict[str, dict[str, int]]:
    """The spans of each trace of a service: trace id → what was done → how often.

    Of a query only its verb: behind it stands where the database is.
    """
    traces = _query(base, "/api/traces", service=service, limit=5000, lookback="1h")["data"]
    return {trace["traceID"]: dict(Counter(map(_done, trace["spans"]))) for trace in traces}


def _done(span: Mapping[str, Any]) -> str:
    name: str = span["operationName"]
    return name.partition(" ")[0] if "db.system.name" in tags(span) else name


def prometheus(base: str, expression: str) -> list[tuple[dict[str, str], float]]:
    """The instant vector of an expression: labels and value of each sample."""
    result = _query(base, "/api/v1/query", query=expression)["data"]["result"]
    return [(sample["metric"], float(sample["value"][1])) for sample in result]


def prometheus_scalar(base: str, expression: str) -> float | None:
    """The value of an expression that has one sample, or None while it has none."""
    samples = prometheus(base, expression)
    return samples[0][1] if samples else None


def loki(base: str, query: str) -> list[tuple[dict[str, str], str]]:
    """Labels, with the structured metadata, and line of each log record that a query finds."""
    answer = _query(base, "/loki/api/v1/query_range", query=query, limit=5000)
    return [
        (stream["stream"], line)
        for stream in answer["data"]["result"]
        for _, line in stream["values"]
    ]


def bugsink_events(base: str, token: str) -> list[dict[str, Any]]:
    """The whole payload of every event of every issue."""
    bearer = {"Authorization": f"Bearer {token}"}

    def rows(path: str) -> list[dict[str, Any]]:
        return list(fetch(f"{base}/api/canonical/0{path}", headers=bearer).json["results"])

    events = [
        event["id"]
        for issue in rows("/issues/?project=1")
        for event in rows(f"/events/?issue={issue['id']}")
    ]
    found = []
    for event in events:
        url = f"{base}/api/canonical/0/events/{event}/"
        data = fetch(url, headers=bearer).json["data"]
        found.append(json.loads(data) if isinstance(data, str) else data)
    return found
