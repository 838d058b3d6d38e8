"""The way of what goes to no receiver: it is kept on this host, for the status page."""

from __future__ import annotations

from obskit.export.answer import Answer
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
