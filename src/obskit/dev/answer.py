"""What the receiver answers to a browser."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Protocol


class Headers(Protocol):
    """The headers of a request."""

    def get(self, name: str, failobj: str = ...) -> str:
        """Return a header, or `failobj` where there is none."""
        ...


@dataclass(frozen=True)
class Answer:
    """An answer to a GET.

    Attributes:
        status: The HTTP status.
        content_type: The type of the body.
        body: All of it, or its parts as they come: then the connection closes after the last.
        headers: More headers.
    """

    status: int
    content_type: str
    body: bytes | Generator[bytes]
    headers: Mapping[str, str]


#: Answers a GET of a target (path and query) with these headers.
Page = Callable[[str, Headers], Answer]
