"""Responses by which a provider says no: 401 and 429, counted for each host."""

from __future__ import annotations

import inspect
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from obskit import names
from obskit.operations import surroundings

Client = TypeVar("Client")

_REJECTIONS = frozenset((401, 429))
_MOST_HOSTS = 100
_OTHER = "other"

_hosts: set[str] = set()


def count_rejections(client: Client) -> Client:
    """Count the responses 401 and 429 that an HTTP client is given, by host. Doing it again is no harm.

    Args:
        client: A `Client` or `AsyncClient` of httpx, or a `Session` of requests.

    Returns:
        The client.

    Raises:
        TypeError: It is another thing.
    """
    given: Any = client
    if isinstance(getattr(given, "event_hooks", None), dict):
        hook = _look_later if inspect.iscoroutinefunction(given.send) else _look
        hooks = given.event_hooks
        if hook not in hooks["response"]:
            given.event_hooks = {**hooks, "response": [*hooks["response"], hook]}
        return client
    hooks = getattr(given, "hooks", None)
    if not isinstance(hooks, dict) or not isinstance(hooks.get("response"), list):
        raise TypeError(
            f"count_rejections was given a {type(client).__name__}:"
            " give it a Client or AsyncClient of httpx, or a Session of requests"
        )
    if _look not in hooks["response"]:
        hooks["response"].append(_look)
    return client


def count_rejection(status: int, host: str) -> bool:
    """Count one response.

    Args:
        status: Its status.
        host: Who gave it.

    Returns:
        Whether it is one by which a provider says no.
    """
    if status not in _REJECTIONS:
        return False
    attributes = {names.SERVER_ADDRESS: _bounded(host), names.HTTP_RESPONSE_STATUS_CODE: status}
    surroundings.active().count(names.HTTP_CLIENT_REJECTIONS, 1, attributes)
    return True


def _look(response: Any, **_options: object) -> None:
    """Look at a response. Both libraries let an exception of a hook through to their caller."""
    with suppress(Exception):
        count_rejection(response.status_code, str(urlsplit(str(response.url)).hostname))


async def _look_later(response: Any) -> None:
    _look(response)


def _bounded(host: str) -> str:
    if host not in _hosts:
        if len(_hosts) >= _MOST_HOSTS:
            return _OTHER
        _hosts.add(host)  # threads that come at once may exceed the limit by some
    return host
