"""A request, as a WSGI server tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry.propagators.textmap import Getter

from obskit.telemetry.server import Incoming

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class _EnvironGetter(Getter[Mapping[str, Any]]):
    def get(self, carrier: Mapping[str, Any], key: str) -> list[str] | None:
        value = carrier.get("HTTP_" + key.upper().replace("-", "_"))
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, Any]) -> list[str]:
        return [key[5:].lower().replace("_", "-") for key in carrier if key.startswith("HTTP_")]


_GETTER = _EnvironGetter()


def incoming_of(environ: WSGIEnvironment) -> Incoming:
    """What a request says of itself.

    Args:
        environ: The request, as a WSGI server gives it.
    """
    incoming = Incoming()
    incoming.method = environ.get("REQUEST_METHOD", "GET")
    incoming.scheme = environ.get("wsgi.url_scheme", "http")
    incoming.path = _path(environ)
    incoming.query = environ.get("QUERY_STRING", "")
    incoming.host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    incoming.protocol_version = environ.get("SERVER_PROTOCOL", "HTTP/1.1").rpartition("/")[2]
    incoming.user_agent = environ.get("HTTP_USER_AGENT", "")
    incoming.peer = environ.get("REMOTE_ADDR", "")
    incoming.header = lambda name: environ.get("HTTP_" + name.upper().replace("-", "_"))
    incoming.getter = _GETTER
    incoming.carrier = environ
    incoming.snapshot = lambda: _snapshot(environ)
    return incoming


def _path(environ: Mapping[str, Any]) -> str:
    # WSGI hands over bytes as Latin-1 (PEP 3333, "Unicode issues").
    raw = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return str(raw) if raw.isascii() else raw.encode("latin-1", "replace").decode(errors="replace")


def url_of(environ: Mapping[str, Any]) -> str:
    """The URL that was asked for, without its query.

    Args:
        environ: The request, as a WSGI server gives it.
    """
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    return f"{environ.get('wsgi.url_scheme', 'http')}://{host}{_path(environ)}"


def body_of(environ: Mapping[str, Any], most: int) -> bytes:
    """The beginning of the body; nothing of one whose length the client has not said.

    Args:
        environ: The request, as a WSGI server gives it.
        most: How many bytes at most.
    """
    length = str(environ.get("CONTENT_LENGTH") or "")[:19]
    if not length.isascii() or not length.isdigit():
        return b""
    return bytes(environ["wsgi.input"].read(min(int(length), most)))


def _snapshot(environ: Mapping[str, Any]) -> dict[str, Any]:
    headers = {
        key[5:].replace("_", "-").title(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    return {
        "method": environ.get("REQUEST_METHOD", "GET"),
        "url": url_of(environ),
        "path": _path(environ),
        "query": environ.get("QUERY_STRING", ""),
        "headers": headers,
        "client": environ.get("REMOTE_ADDR", ""),
    }
