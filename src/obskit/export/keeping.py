"""The way of what goes to no receiver, or not by ours: it is kept on this host, for the status page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from obskit.export.answer import Answer
from obskit.export.encoding import Encoder, assemble
from obskit.export.ring import Ring


class Keeping:
    """Carries bodies into the ring, and no further.

    Args:
        ring: Keeps them.
        signal: Whose.
    """

    def __init__(self, ring: Ring, signal: str) -> None:
        self._ring = ring
        self._signal = signal

    def post(self, body: bytes, timeout: float) -> Answer:
        """Keep a body; what cannot be kept is refused, and so counted.

        Args:
            body: An export request.
            timeout: Not heeded: a file is written.
        """
        del timeout
        why = self._ring.put(self._signal, body)
        return Answer("refused", reason="not_kept", message=why) if why else Answer("accepted")

    def abort(self) -> None:
        """See `Transport.abort`: nothing is under way for long."""

    def close(self) -> None:
        """See `Transport.close`: nothing is held."""


class Copies(SpanExporter):
    """Keeps copies of spans that leave by an exporter of the SDK's, or of the host's own.

    Args:
        keep: Is given each batch, encoded. Never raises.
        encoder: Makes bytes.
    """

    def __init__(self, keep: Callable[[bytes], object], encoder: Encoder) -> None:
        self._keep = keep
        self._encoder = encoder

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Keep a batch."""
        scope, encode = self._encoder.scope, self._encoder.span
        self._keep(
            assemble(
                [(scope(one.resource, one.instrumentation_scope), encode(one)) for one in spans]
            )
        )
        return SpanExportResult.SUCCESS
