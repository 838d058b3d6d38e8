"""The attributes of series, remembered as bytes.

A series has the same attributes at every collection, and the SDK keeps them as one object, its own
copy. So one look-up finds all of them.
"""

from __future__ import annotations

from typing import Any, Final

from obskit.export.encoding.attributes import Attributes

__all__ = ["Series"]

#: Series that are remembered, and the bytes of one.
MAX_SERIES: Final = 8_192
MAX_BYTES: Final = 512


class Series:
    """Encodes the attributes of series. What it remembers is bounded.

    Args:
        attributes: Encodes those that are new.

    Attributes:
        attributes: The same, for what is no series.
    """

    __slots__ = ("_known", "attributes")

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes
        # The objects are held with what they became, so that no other one can have their ids.
        self._known: dict[int, tuple[bytes, Any, bytes]] = {}

    def fields(self, tag: bytes, held: Any) -> bytes:
        """All attributes, each as a field of this tag. Never raises.

        Args:
            tag: The tag that the message around them has for them.
            held: A mapping that nobody changes any more, or None.
        """
        known = self._known.get(id(held))
        if known is not None and known[0] == tag:
            return known[2]
        encoded = self.attributes.fields(tag, held)
        if len(encoded) <= MAX_BYTES:
            if len(self._known) >= MAX_SERIES:
                self._known.clear()
            self._known[id(held)] = tag, held, encoded
        return encoded
