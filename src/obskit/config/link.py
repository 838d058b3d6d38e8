"""A URL with a place in it for an id, such as that of a trace."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from obskit.config.values import TEXT, Value


def link(name: str) -> Value:
    """The URL of something that has an id.

    Args:
        name: What stands in braces where the id belongs.

    >>> link("trace_id").parse("https://jaeger.example/trace/{trace_id}")
    'https://jaeger.example/trace/{trace_id}'
    """

    def parse(given: Any) -> str:
        text: str = TEXT.parse(given)
        parts = urlsplit(text)
        plain = text.replace(f"{{{name}}}", "")
        if parts.scheme not in {"http", "https"} or not parts.hostname or plain == text:
            raise ValueError
        if "{" in plain or "}" in plain or not text.isprintable() or " " in text:
            raise ValueError
        return text

    return Value(parse, f"an http:// or https:// URL with {{{name}}} in it")
