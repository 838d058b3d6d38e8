"""A request or a connection, as an ASGI server tells of it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from opentelemetry.propagators.textmap import Getter

from obskit.telemetry.server import Incoming

#: What an ASGI server gives of one request or connection. Not `obskit.context.Scope`.
AsgiScope = MutableMapping[str, Any]
# A websocket has no method of its own; RFC 6455 section 4.1 asks for this one.
_HANDSHAKE = "GET"


class _HeadersGetter(Getter[Mapping[str, Any]]):
    def get(self, carrier: Mapping[str, Any], key: str) -> list[str] | None:
        name = key.lower().encode("latin-1")
        return [_text(value) for given, value in carrier["headers"] if given == name] or None

    def keys(self, carrier: Mapping[str, Any]) -> list[str]:
        return [_text(name) for name, _ in carrier["headers"]]


_GETTER = _HeadersGetter()


def incoming_of(scope: AsgiScope) -> Incoming:
    """What a request or a connection says of itself.

    Args:
        scope: It, as an ASGI server gives it.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])

    def header(name: str) -> str | None:
        value = headers.get(name.encode("latin-1"))
        return None if value is None else _text(value)

    incoming = Incoming()
    incoming.method = scope.get("method", _HANDSHAKE)
    incoming.scheme = _scheme(scope)
    incoming.path = scope.get("path", "")
    incoming.query = _text(scope.get("query_string", b""))
    incoming.host = header("host") or _server(scope)
    incoming.protocol_version = scope.get("http_version", "1.1")
    incoming.user_agent = header("user-agent") or ""
    incoming.peer = client_of(scope)
    incoming.header = header
    incoming.getter = _GETTER
    incoming.carrier = scope
    incoming.snapshot = lambda: _snapshot(scope)
    return incoming


def client_of(scope: AsgiScope) -> str:
    """The address of the socket's other end, or of whom a proxy speaks for.

    Args:
        scope: The request, as an ASGI server gives it.
    """
    client = scope.get("client")
    return str(client[0]) if client else ""


def header_of(scope: AsgiScope, name: str) -> str | None:
    """A header's value; the last one where there are several.

    Args:
        scope: The request, as an ASGI server gives it.
        name: In lower case.

    >>> header_of({"headers": [(b"host", b"shop.example")]}, "host")
    'shop.example'
    """
    value = dict(scope["headers"]).get(name.encode("latin-1"))
    return None if value is None else _text(value)


def path_of(scope: AsgiScope) -> str:
    """The path within the app, without the prefix that it is mounted at.

    Args:
        scope: The request, as an ASGI server gives it.

    >>> path_of({"path": "/shop/livez", "root_path": "/shop"})
    '/livez'
    """
    path, root = str(scope.get("path", "")), scope.get("root_path", "")
    # Servers differ in whether the path has the prefix; the specification says it has.
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def url_of(scope: AsgiScope) -> str:
    """The URL that was asked for, without its query.

    Args:
        scope: The request, as an ASGI server gives it.
    """
    host = header_of(scope, "host") or _server(scope)
    return f"{_scheme(scope)}://{host}{scope.get('path', '')}"


def _scheme(scope: AsgiScope) -> str:
    return str(scope.get("scheme") or ("http" if scope["type"] == "http" else "ws"))


def _server(scope: AsgiScope) -> str:
    server = scope.get("server")
    return str(server[0]) if server else ""


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _snapshot(scope: AsgiScope) -> dict[str, Any]:
    return {
        "method": scope.get("method", _HANDSHAKE),
        "url": url_of(scope),
        "path": scope.get("path", ""),
        "query": _text(scope.get("query_string", b"")),
        "headers": {_text(name).title(): _text(value) for name, value in scope["headers"]},
        "client": client_of(scope),
    }
