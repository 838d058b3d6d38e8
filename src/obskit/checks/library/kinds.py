"""Which kinds of lines have been seen."""

from __future__ import annotations

from collections import OrderedDict

from obskit.checks.library.template import template_of

_MOST = 10_000


class Kinds:
    """The 10,000 kinds of lines that were seen last, by their templates. One thread at a time.

    >>> kinds = Kinds()
    >>> kinds.is_new("order 7 paid"), kinds.is_new("order 8 paid"), len(kinds)
    (True, False, 1)
    """

    def __init__(self) -> None:
        self._known: OrderedDict[int, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def is_new(self, line: str) -> bool:
        """Whether no line of its kind was seen before; from now on one was.

        Args:
            line: The line.
        """
        kind = hash(template_of(line))
        new = kind not in self._known
        self._known[kind] = None
        self._known.move_to_end(kind)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return new
