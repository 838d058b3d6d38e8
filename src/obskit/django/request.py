"""A request of Django's, as the exchange wants it told, whichever server it came by."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import Span

from obskit.probes import Probe
from obskit.wsgi import EXCHANGE

#: Where `opentelemetry-instrumentation-django` keeps the span that it has made of a request.
_OTHERS_SPAN = "opentelemetry-instrumentor-django.span_key"


def environ_of(request: Any) -> dict[str, Any]:
    """The request as WSGI tells of one. Django tells of those of ASGI nearly alike.

    Not ASGI's own scope: that of Django's asynchronous test client is none that a server would send.

    Args:
        request: The request.
    """
    meta: dict[str, Any] = request.META
    own: dict[str, Any] = {}
    scope = getattr(request, "scope", None)
    if scope is not None:
        own["SERVER_PROTOCOL"] = f"HTTP/{scope.get('http_version', '1.1')}"
        own["wsgi.url_scheme"] = scope.get("scheme", "http")
    for name in ("SCRIPT_NAME", "PATH_INFO"):  # which Django has decoded
        value = str(meta.get(name, ""))
        if not value.isascii():
            own[name] = _as_latin(value)
    return {**meta, **own} if own else meta


def _as_latin(text: str) -> str:
    # PEP 3333, "Unicode issues": bytes as Latin-1.
    return text.encode(errors="replace").decode("latin-1")


def exchange_of(request: Any) -> Any:
    """The exchange of a request: of our own middleware, or of the one that stands around Django.

    Args:
        request: The request.
    """
    found = request.META.get(EXCHANGE)
    return found if found is not None else getattr(request, "scope", {}).get(EXCHANGE)


def span_of_others(request: Any) -> Span | None:
    """The span that the contrib package has made of a request, where the host uses that.

    Args:
        request: The request.
    """
    found = request.META.get(_OTHERS_SPAN)
    return found if isinstance(found, Span) and found.get_span_context().is_valid else None


def probe_of(request: Any) -> Probe:
    """The request as one for health.

    Args:
        request: The request.
    """
    meta: dict[str, Any] = request.META
    return Probe(
        request.path_info,
        meta.get("QUERY_STRING", ""),
        lambda name: meta.get("HTTP_" + name.upper().replace("-", "_")),
        meta.get("REMOTE_ADDR", ""),
        request,
        request.method or "GET",
        request.read,
    )
