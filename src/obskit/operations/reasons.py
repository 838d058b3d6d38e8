"""Why things fail, in so few words that each can be a metric's series."""

from __future__ import annotations

from obskit.redaction import plain

_MOST = 20
_LONGEST = 64
#: What stands for every reason beyond the limit.
OTHER = "other"


class Reasons:
    """The first 20 reasons that are told; what comes later is `other`."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def bounded(self, reason: object) -> str:
        """A reason as an attribute. Never raises.

        Args:
            reason: Anything; a word is meant. Secrets in it are masked, what is long is cut.

        >>> Reasons().bounded("declined")
        'declined'
        """
        word = str(plain(reason))[:_LONGEST] or OTHER
        if word not in self._known:
            if len(self._known) >= _MOST:
                return OTHER
            self._known.add(word)  # threads that come at once may exceed the limit by some
        return word
