"""What the address of a page asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from obskit.dev.search import Wanted

# Of one value.
_CHARACTERS = 200


class Query:
    """The query of an address.

    Args:
        fields: The values of each name, as `urllib.parse.parse_qs` reads them.

    >>> Query({"status": ["5xx"], "before": ["7"]}).number("before")
    7
    """

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = {name: values[-1][:_CHARACTERS] for name, values in fields.items()}

    def text(self, name: str) -> str:
        """Return a value, empty where there is none."""
        return self._fields.get(name, "").strip()

    def number(self, name: str) -> int:
        """Return a whole number, 0 where there is none."""
        value = self.text(name)
        return int(value) if re.fullmatch(r"[0-9]{1,15}", value) else 0

    def wanted(self) -> Wanted:
        """Return which stories are looked for."""
        return Wanted(
            id=self.text("id"),
            route=self.text("route"),
            status=self.text("status").lower(),
            service=self.text("service"),
            text=self.text("text"),
            checks=bool(self.text("checks")),
        )

    def changed(self, **fields: int | str) -> str:
        """Return the query with other values, written for an address.

        >>> Query({"text": ["a b"], "before": ["9"]}).changed(before=3)
        'text=a+b&before=3'
        """
        values = {**self._fields, **{name: str(value) for name, value in fields.items()}}
        return urlencode({name: value for name, value in values.items() if value})
