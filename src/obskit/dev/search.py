"""What one looks for among the stories that are kept, and how a database finds it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: What `Wanted.status` can say.
STATUS = re.compile(r"[1-5][0-9][0-9]|[1-5]xx|failed")


@dataclass(frozen=True)
class Wanted:
    """What a story must have. What is empty does not matter.

    Attributes:
        id: The beginning of its trace id, or part of a request id.
        route: Part of its title or of a route.
        status: `404`, `5xx` or `failed`.
        service: Who took part in it.
        text: What any of its spans, lines and errors says; of an attribute `key=value`.
        checks: Whether runs of checks that found nothing are wanted too.
    """

    id: str = ""
    route: str = ""
    status: str = ""
    service: str = ""
    text: str = ""
    checks: bool = False

    def condition(self) -> tuple[str, list[str | int]]:
        """Return a condition in SQL, which may call `says`, and its values.

        >>> Wanted(status="5xx", checks=True).condition()
        ('status BETWEEN ? AND ?', [500, 599])
        """
        parts: list[tuple[str, list[str | int]]] = []
        if self.id:
            start, within = _like(self.id.strip(), before=""), _like(self.id.strip())
            condition = "(trace_id LIKE ? ESCAPE '\\' OR request_ids LIKE ? ESCAPE '\\')"
            parts.append((condition, [start, within]))
        if self.route:
            condition = "(title LIKE ? ESCAPE '\\' OR routes LIKE ? ESCAPE '\\')"
            parts.append((condition, [_like(self.route)] * 2))
        if self.status:
            parts.append(_status(self.status))
        if self.service:
            parts.append(("instr(services, ?)", [f"\n{self.service}\n"]))
        if self.text:
            condition = (
                "EXISTS (SELECT 1 FROM signals WHERE story = number"
                " AND data LIKE ? ESCAPE '\\' AND says(data, ?))"
            )
            parts.append((condition, [_roughly(self.text), self.text]))
        if not self.checks:
            parts.append(("NOT is_check", []))
        return (
            " AND ".join(condition for condition, _ in parts) or "1",
            [value for _, values in parts for value in values],
        )


def _status(status: str) -> tuple[str, list[str | int]]:
    if status == "failed":
        return "failed", []
    if not STATUS.fullmatch(status):
        return "0", []
    if status.endswith("xx"):
        hundreds = int(status[0]) * 100
        return "status BETWEEN ? AND ?", [hundreds, hundreds + 99]
    return "status = ?", [int(status)]


def says(data: str, text: str) -> bool:
    """Whether a signal says a text, in small letters or capitals.

    Args:
        data: The signal, as `obskit.dev.packed` writes it.
        text: The text.

    >>> says('["SELECT 1", null, {"order_id": 7}]', "ORDER_ID=7")
    True
    """
    wanted = text.lower()
    return any(wanted in found.lower() for found in _texts(json.loads(data)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield f"{key}={item}"
            yield from _texts(item)


def _roughly(text: str) -> str:
    """What a signal that says a text is like, so that few have to be read."""
    # Its quotes and ends of lines are JSON's, and the database knows the capitals of ASCII alone.
    quoted = _like(json.dumps(text, ensure_ascii=False)[1:-1])
    return re.sub(r"[^\x00-\x7f]", "_", quoted.replace("=", "%"))


def _like(text: str, before: str = "%") -> str:
    return before + re.sub(r"([%_\\])", r"\\\1", text) + "%"
