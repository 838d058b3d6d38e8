"""Where else something can be looked at: Sentry, traces, runbooks."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from obskit.config import Config

_PLAIN = frozenset(("http", "https"))


def sentry(config: Config, event_id: str) -> str:
    """The URL of an event in Sentry; empty where nobody has said where that is.

    Args:
        config: The configuration.
        event_id: The event's id.
    """
    return _filled(config.sentry_url, "event_id", event_id)


def trace(config: Config, trace_id: str | None) -> str:
    """The URL of a trace; empty where nobody has said where traces are.

    Args:
        config: The configuration.
        trace_id: The trace's id.
    """
    return _filled(config.trace_url, "trace_id", trace_id or "")


def followed(given: str | None) -> str:
    """A URL that may be followed from the page, or nothing: of a script or a file none is made.

    >>> followed("https://wiki.example/db"), followed("javascript:alert(1)"), followed("ask Ann")
    ('https://wiki.example/db', '', '')
    """
    try:
        parts = urlsplit(given or "")
    except ValueError:
        return ""
    return given or "" if parts.scheme in _PLAIN and parts.netloc else ""


def _filled(template: str | None, name: str, value: str) -> str:
    if not template or not value:
        return ""
    return template.replace(f"{{{name}}}", quote(value, safe=""))
