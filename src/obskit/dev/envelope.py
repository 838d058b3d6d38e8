"""Sentry envelopes, read. Only events are kept: no transactions, sessions or attachments.

https://develop.sentry.dev/sdk/data-model/envelopes/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from obskit.stories.signals import Error, Frame, Raised, instant
from obskit.stories.stacktrace import is_installed

# What one event may hold, whatever its size: a deep recursion has 1,000 frames.
_FRAMES = 100
_EXCEPTIONS = 10
_VARIABLES = 50
_VARIABLE_DEPTH = 5
_ITEMS = 1000


class EnvelopeError(ValueError):
    """The body is no envelope."""


def decode_envelope(body: bytes, now: float) -> list[Error]:
    r"""Read the error events of an envelope.

    Args:
        body: The body, decompressed.
        now: Unix time in seconds, for events that say no time of their own.

    Raises:
        EnvelopeError: The body is no envelope.

    >>> item = b'{"type":"event"}\n{"message":"out of stock"}'
    >>> decode_envelope(b'{}\n' + item, 0.0)[0].message
    'out of stock'
    """
    end = _line_end(body, 0)
    _object(body[:end])
    return [decode_event(payload, now) for kind, payload in _items(body, end) if kind == "event"]


def decode_event(payload: bytes, now: float) -> Error:
    """Read one error event, as an envelope holds it and the older `/store/` takes it.

    Args:
        payload: The event as JSON.
        now: Unix time in seconds, for an event that says no time of its own.

    Raises:
        EnvelopeError: The payload is no JSON object.
    """
    event = _object(payload)
    contexts = _mapping(event.get("contexts"))
    tags = event.get("tags")
    if isinstance(tags, list):  # the older form: pairs
        tags = {str(pair[0]): pair[1] for pair in tags if _is_pair(pair)}
    return Error(
        source="sentry",
        time=_time(event.get("timestamp"), now),
        exceptions=tuple(_exceptions(event.get("exception"))),
        message=_message(event),
        event_id=_text(event.get("event_id")),
        trace_id=_text(_mapping(contexts.get("trace")).get("trace_id")).lower(),
        tags={key: _text(value) for key, value in _mapping(tags).items()},
    )


def _items(body: bytes, start: int) -> Iterator[tuple[str, bytes]]:
    for _ in range(_ITEMS):
        while body[start : start + 1] in (b"\n", b"\r"):
            start += 1
        if start == len(body):
            return
        end = _line_end(body, start)
        fields = _object(body[start:end])
        start = min(end + 1, len(body))
        length = fields.get("length")
        if length is None:
            end = _line_end(body, start)
        elif type(length) is int and 0 <= length <= len(body) - start:
            end = start + length
        else:
            raise EnvelopeError("an item is shorter than its length says")
        yield _text(fields.get("type")), body[start:end]
        start = end
    raise EnvelopeError(f"more than {_ITEMS} items")


def _line_end(body: bytes, start: int) -> int:
    end = body.find(b"\n", start)
    return len(body) if end < 0 else end


def _exceptions(interface: Any) -> Iterator[Raised]:
    # Either {"values": [...]} or the bare list.
    values = interface.get("values") if isinstance(interface, dict) else interface
    for value in _list(values)[-_EXCEPTIONS:]:
        fields = _mapping(value)
        module = _text(fields.get("module"))
        name = _text(fields.get("type")) or "Error"
        frames = _list(_mapping(fields.get("stacktrace")).get("frames"))
        yield Raised(
            type=f"{module}.{name}" if module not in ("", "builtins", "__main__") else name,
            message=_text(fields.get("value")),
            frames=tuple(_frame(_mapping(frame)) for frame in frames[-_FRAMES:]),
        )


def _frame(fields: dict[str, Any]) -> Frame:
    line = fields.get("lineno")
    in_app = fields.get("in_app")
    path = _text(fields.get("abs_path"))
    variables = list(_mapping(fields.get("vars")).items())[:_VARIABLES]
    return Frame(
        file=_text(fields.get("filename")) or path,
        line=line if type(line) is int else 0,
        function=_text(fields.get("function")),
        source=_text(fields.get("context_line")),
        # The SDK leaves open what is neither under the working directory nor a package.
        in_app=in_app if isinstance(in_app, bool) else not is_installed(path),
        variables={name: _variable(value) for name, value in variables},
    )


def _variable(value: Any, depth: int = _VARIABLE_DEPTH) -> str:
    # The Python SDK sends reprs, and JSON where it took a container apart. The strings within are
    # reprs too, so quoting them again would make them unreadable.
    if isinstance(value, (dict, list)) and not depth:
        return "…"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_variable(v, depth - 1)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_variable(item, depth - 1) for item in value) + "]"
    return "None" if value is None else _text(value)


def _message(event: dict[str, Any]) -> str:
    entry = event.get("logentry")
    for candidate in (_mapping(entry).get("formatted"), _mapping(entry).get("message")):
        if isinstance(candidate, str) and candidate:
            return candidate
    return _text(event.get("message"))


def _time(value: Any, now: float) -> float:
    if isinstance(value, str):
        try:
            # Python 3.10 does not read the Z.
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=timezone.utc)
            return instant(moment.timestamp()) or now
        except (ValueError, OverflowError):
            return now
    if isinstance(value, (int, float)):
        return instant(value) or now
    return now


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise EnvelopeError("not a Sentry envelope") from None
    if not isinstance(value, dict):
        raise EnvelopeError("not a Sentry envelope")
    return value


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == len(("name", "value"))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else str(value)
