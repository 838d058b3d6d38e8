"""What an event for Sentry tells, beside its stack, without the integrations of sentry-sdk."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from obskit.context import Scope
from obskit.redaction import MASK, kind_of, plain, redact_query, redact_url, text
from obskit.redaction.sensitive import redact_written
from obskit.telemetry import failure

Event = dict[str, Any]

# Personal data unless `send_default_pii` says otherwise, as in sentry-sdk's own integrations.
_ADDRESS_HEADERS = frozenset(("x-forwarded-for", "x-real-ip", "forwarded"))


def stand_in(error: BaseException) -> BaseException:
    """What can be told of an exception that raises when it is looked at."""
    told = failure.of(error)
    kind = type(kind_of(error), (Exception,), {"__module__": told.type.rpartition(".")[0]})
    return kind(told.message).with_traceback(failure.traceback_of(error))  # type: ignore[no-any-return]


def shown_by(hosts_own: Callable[[Any], str | None] | None) -> Callable[[Any], str]:
    """How a local variable is shown: by the host's own way, else bounded and without secrets."""

    def shown(value: Any) -> str:
        if hosts_own is not None:
            with suppress(Exception):
                given = hosts_own(value)
                if given:
                    return redact_written(text(given))
        copied = plain(value)
        if isinstance(copied, str) and not isinstance(value, str):
            return copied
        return repr(copied) if type(copied) is type(value) else f"{kind_of(value)} {copied!r}"

    return shown


def complete(event: Event, scope: Scope | None, *, pii: bool) -> None:
    """Put on an event what sentry-sdk's integrations would have put there."""
    tags = event.setdefault("tags", {})
    contexts = event.setdefault("contexts", {})
    contexts["runtime"] = {
        "name": sys.implementation.name,
        "version": sys.version.partition(" ")[0],
        "build": sys.version,
    }
    event["modules"] = _modules()
    if "trace" in contexts:
        tags["trace_id"] = contexts["trace"]["trace_id"]
    if scope is None:
        return
    if scope.request_id:
        tags["request_id"] = scope.request_id
    if "user_id" in scope.fields:
        event["user"] = {"id": str(scope.fields["user_id"])}
    if scope.fields:
        contexts["obskit"] = dict(scope.fields)
    if scope.request is not None:
        with suppress(Exception):  # the event is worth sending without its request too
            _complete_request(event, scope.request(), pii=pii)


def _complete_request(event: Event, request: Mapping[str, Any], *, pii: bool) -> None:
    if "task" in request:
        event["transaction"], event["transaction_info"] = request["task"], {"source": "task"}
        return
    headers = {
        name: value if pii or name.lower() not in _ADDRESS_HEADERS else MASK
        for name, value in request["headers"].items()
    }
    event["request"] = {
        "method": request["method"],
        "url": redact_url(request["url"]),
        "query_string": redact_query(request["query"]),
        "headers": plain(headers),
    }
    if pii:
        event["request"]["env"] = {"REMOTE_ADDR": request["client"]}
    route = request["route"]
    event["transaction"] = f"{request['method']} {route or request['path']}"
    event["transaction_info"] = {"source": "route" if route else "url"}


def breadcrumbs(scope: Scope) -> Iterator[dict[str, Any]]:
    for line in list(scope.lines):
        yield {
            "type": "log",
            "category": line.logger,
            "level": "fatal" if line.level_name == "critical" else line.level_name,
            "message": line.event,
            "data": line.fields,
            "timestamp": datetime.fromtimestamp(line.timestamp, timezone.utc),
        }


_known_modules: dict[str, str] = {}


def _modules() -> dict[str, str]:
    if not _known_modules:
        from importlib.metadata import distributions

        for one in distributions():
            with suppress(Exception):  # a half-removed package has no metadata
                _known_modules[str(one.metadata["Name"]).lower()] = one.version
    return dict(_known_modules)
