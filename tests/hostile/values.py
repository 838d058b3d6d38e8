"""Values that are too much: for memory, for the stack, for whoever looks at them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

#: 100 MB, made once: what is tested is that nobody copies it.
HUGE = 100_000_000


class Recursing:
    """Every look at it goes on without end."""

    def __repr__(self) -> str:
        return repr(self)

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return bool(self == other)

    def __hash__(self) -> int:
        return hash(self)

    @property
    def name(self) -> str:
        return self.name


class OutOfMemory:
    """Every look at it is one too many."""

    def __repr__(self) -> str:
        raise MemoryError

    __str__ = __repr__
    __bool__ = __len__ = __iter__ = __repr__

    def __hash__(self) -> int:
        raise MemoryError

    def __eq__(self, other: object) -> bool:
        raise MemoryError


class LongRepr:
    def __repr__(self) -> str:
        return "r" * HUGE


class UntoldError(Exception):
    """Its text raises."""

    def __str__(self) -> str:
        raise MemoryError

    @property
    def exceptions(self) -> Any:
        raise RecursionError


class KnottedError(Exception):
    """Its members are itself, and so is its cause."""

    def __init__(self) -> None:
        super().__init__("knotted")
        self.exceptions = (self,) * 100
        self.__cause__ = self.__context__ = UntoldError()
        self.__cause__.__cause__ = self


class Node:
    """Refers to what refers to it."""

    def __init__(self) -> None:
        self.other = self
        self.all = {"node": self, "nodes": [self]}

    def __repr__(self) -> str:
        return f"Node({self.all!r})"


def deep_dictionary(levels: int = 100_000) -> dict[str, Any]:
    one: dict[str, Any] = {}
    for _ in range(levels):
        one = {"again": one}
    return one


def long_chain(links: int = 3_000) -> BaseException:
    """An exception with a cause, which has a cause, and so on."""
    error: BaseException = ValueError("the first")
    for number in range(links):
        later = KeyError(number)
        later.__cause__ = error
        error = later
    return error


def nested_group(levels: int = 1_000) -> BaseException:
    """A group in a group, and so on. Python 3.11 and newer."""
    error: Exception = ValueError("inmost")
    for number in range(levels):
        error = ExceptionGroup(f"level {number}", [error])  # type: ignore[name-defined,unused-ignore]  # noqa: F821
    return error


def huge_error() -> BaseException:
    return ValueError("e" * HUGE)


VALUES: dict[str, Callable[[], Any]] = {
    "text of 100 MB": lambda: "t" * HUGE,
    "text of 100 MB that is not ASCII": lambda: "é" * (HUGE // 2),
    "bytes of 100 MB": lambda: bytes(HUGE),
    "bytearray of 100 MB": lambda: bytearray(HUGE),
    "list of 10,000,000": lambda: [None] * 10_000_000,
    "number of 10,000,000 bits": lambda: 1 << 10_000_000,
    "repr of 100 MB": LongRepr,
    "recursing": Recursing,
    "out of memory": OutOfMemory,
    "keys that raise": lambda: {1: OutOfMemory(), "a": {Recursing.__name__: Recursing()}},
    "node": Node,
    "deep dictionary": deep_dictionary,
    "untold error": UntoldError,
    "knotted error": KnottedError,
    "long chain": long_chain,
    "huge error": huge_error,
}
if sys.version_info >= (3, 11):
    VALUES["nested group"] = nested_group
