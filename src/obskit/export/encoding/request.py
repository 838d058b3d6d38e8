"""A whole request: records under their scopes, and those under their resources.

The requests of traces, logs and metrics differ in names only; their fields have the same numbers.

Source: OTLP's `opentelemetry/proto/collector/*/v1/*_service.proto`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obskit.export.encoding.attributes import Attributes
from obskit.export.encoding.values import as_text
from obskit.export.encoding.wire import delimited, string

__all__ = ["Scope", "Scopes", "assemble"]

#: Pairs of a resource and a scope that are remembered.
MAX_SCOPES: Final = 256


class Scope(NamedTuple):
    """Where a record comes from, encoded: what is equal stands in one group of a request."""

    #: The `Resource` as field 1, and the URL of its schema as field 3.
    resource: bytes
    resource_schema_url: bytes
    #: The `InstrumentationScope` as field 1, and the URL of its schema as field 3.
    scope: bytes
    scope_schema_url: bytes


class Scopes:
    """Encodes resources and scopes, and remembers them by their identity."""

    __slots__ = ("_attributes", "_known")

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes
        # The objects are held with what they became, so that no other one can have their ids.
        self._known: dict[tuple[int, int], tuple[Scope, Any, Any]] = {}

    def scope(self, resource: Resource | None, scope: InstrumentationScope | None) -> Scope:
        """The resource and the scope of a record, encoded.

        Args:
            resource: The resource; None is one that says nothing.
            scope: The scope; None is one that says nothing.
        """
        identity = (id(resource), id(scope))
        known = self._known.get(identity)
        if known is not None:
            return known[0]
        encoded = Scope(
            delimited(b"\x0a", self._fields(b"\x0a", resource)),
            _schema_url(resource),
            delimited(b"\x0a", b"" if scope is None else self._named(scope)),
            _schema_url(scope),
        )
        if len(self._known) >= MAX_SCOPES:
            self._known.clear()
        self._known[identity] = encoded, resource, scope
        return encoded

    def _fields(self, tag: bytes, holder: Resource | InstrumentationScope | None) -> bytes:
        return b"" if holder is None else self._attributes.fields(tag, holder.attributes)

    def _named(self, scope: InstrumentationScope) -> bytes:
        name = string(b"\x0a", as_text(scope.name)) if scope.name else b""
        version = string(b"\x12", as_text(scope.version)) if scope.version else b""
        return name + version + self._fields(b"\x1a", scope)


def _schema_url(holder: Resource | InstrumentationScope | None) -> bytes:
    url = None if holder is None else holder.schema_url
    return string(b"\x1a", as_text(url)) if url else b""


def assemble(parts: Iterable[tuple[Scope, bytes]]) -> bytes:
    """The request that exports all these records.

    Args:
        parts: Each record as `Encoder` encodes it, with its scope. Resources, and scopes within
            them, stand in the order in which they come first.

    Returns:
        An `ExportTraceServiceRequest`, `ExportLogsServiceRequest` or `ExportMetricsServiceRequest`,
        whichever the records are of.
    """
    scopes: dict[Scope, list[bytes]] = {}
    records: list[bytes] = []
    last = None
    for scope, record in parts:
        if scope is not last:
            records, last = scopes.setdefault(scope, []), scope
        records.append(record)
    resources: dict[tuple[bytes, bytes], list[bytes]] = {}
    for scope, records in scopes.items():
        group = b"".join((scope.scope, *records, scope.scope_schema_url))
        key = scope.resource, scope.resource_schema_url
        resources.setdefault(key, []).append(delimited(b"\x12", group))
    return b"".join(
        [
            delimited(b"\x0a", b"".join((resource, *groups, schema_url)))
            for (resource, schema_url), groups in resources.items()
        ]
    )
