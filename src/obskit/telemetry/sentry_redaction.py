"""The last look at what leaves for Sentry: what hosts put on its scopes has seen no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from obskit.redaction.masked import masked

Hook = Callable[[Any, Any], Any]
# Names of packages, not of secrets: `pyjwt` has a version.
_LEFT = frozenset(("modules", "sdk", "event_id"))


def redact_event(event: dict[str, Any]) -> dict[str, Any]:
    """An event or a transaction with its secrets masked.

    >>> redact_event({"modules": {"pyjwt": "2.9"}, "extra": {"pin": "1234"}})
    {'modules': {'pyjwt': '2.9'}, 'extra': {'pin': '[redacted]'}}
    """
    return {name: value if name in _LEFT else masked(value, name) for name, value in event.items()}


def added_to(options: Mapping[str, Any]) -> dict[str, Any]:
    """The host's options for sentry-sdk, with hooks that mask what its own hooks have left.

    Args:
        options: The host's own.
    """
    hooks = ("before_send", "before_send_transaction")
    return {**options, **{name: _last(options.get(name)) for name in hooks}}


def _last(hosts_own: Hook | None) -> Hook:

    def before_send(event: Any, hint: Any) -> Any:
        left = hosts_own(event, hint) if hosts_own is not None else event
        return None if left is None else redact_event(left)

    return before_send
