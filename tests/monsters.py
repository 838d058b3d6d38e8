"""Objects that do everything wrong that an object can do while somebody writes it down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any


class Trap(RuntimeError):
    """Raised by monsters; its own text raises too."""

    def __str__(self) -> str:
        raise ValueError("trap")

    __repr__ = __str__


def spring(*_: Any, **__: Any) -> Any:
    raise Trap


class RaisingRepr:
    __repr__ = __str__ = spring


class ReprOfNoText:
    def __repr__(self) -> str:
        return None  # type: ignore[return-value]


class Text(str):
    """A text whose every method raises but those that nobody can override."""

    __slots__ = ()
    __str__ = __repr__ = __len__ = __getitem__ = __iter__ = __contains__ = spring
    lower = encode = isascii = isprintable = splitlines = __eq__ = __format__ = spring
    __hash__ = str.__hash__


class ReprOfHostileText:
    def __repr__(self) -> str:
        return Text("hostile")


class Number(int):
    __int__ = __index__ = __str__ = __repr__ = __eq__ = __lt__ = __bool__ = __float__ = spring
    __hash__ = int.__hash__


class Real(float):
    __float__ = __str__ = __repr__ = __eq__ = __lt__ = __bool__ = __hash__ = spring


class Bytes(bytes):
    __getitem__ = __len__ = decode = __repr__ = __iter__ = spring


class RaisingDict(dict[str, Any]):
    items = keys = values = __iter__ = __len__ = __getitem__ = get = __repr__ = spring


class RaisingList(list[Any]):
    __iter__ = __len__ = __getitem__ = __repr__ = __bool__ = spring


class EndlessMapping(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield f"password{number}"

    def __len__(self) -> int:
        return 1


class EndlessSequence(Sequence[int]):
    def __getitem__(self, key: Any) -> Any:
        return 1

    def __len__(self) -> int:
        raise Trap


class LyingClass:
    """Says that it is a dictionary."""

    __class__ = dict  # type: ignore[assignment]


class RaisingClass:
    @property
    def __class__(self) -> Any:
        raise Trap

    @__class__.setter
    def __class__(self, _: Any) -> None: ...


class RaisingAttributes:
    __getattribute__ = __getattr__ = __setattr__ = __dir__ = spring


class RiddleType(type):
    __name__ = property(spring)
    __hash__ = __eq__ = __subclasscheck__ = __repr__ = spring


class Riddle(metaclass=RiddleType):
    __repr__ = spring


class ArrayLike:
    """As numpy's arrays: more than one truth value is an error, and so are comparisons."""

    __bool__ = __len__ = __eq__ = spring
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "array([1, 2])"


class RaisingMoment(datetime):
    isoformat = spring


class MomentOfNoText(datetime):
    def isoformat(self, *_: Any, **__: Any) -> str:
        return None  # type: ignore[return-value]


class HostileError(Exception):
    """Every look at it, and every change, raises."""

    __getattribute__ = __setattr__ = __str__ = __repr__ = __eq__ = spring
    __hash__ = Exception.__hash__


class SlottedError(Exception):
    __slots__ = ("row",)


@dataclass(frozen=True)
class FrozenError(Exception):
    row: int


@dataclass
class RaisingField:
    given: int = 1

    def __getattribute__(self, name: str) -> Any:
        if name == "given":
            raise Trap
        return super().__getattribute__(name)


class Awaited:
    def __await__(self) -> Iterator[None]:
        yield from asyncio.sleep(0).__await__()


def cyclic() -> list[Any]:
    one: list[Any] = [{}]
    one[0]["again"] = one
    return one


def deep(levels: int = 10_000) -> list[Any]:
    one: list[Any] = []
    for _ in range(levels):
        one = [one]
    return one


#: Each is made anew, because some are used up. By name, because most cannot be shown.
MONSTERS: dict[str, Callable[[], object]] = {
    "RaisingRepr": RaisingRepr,
    "ReprOfNoText": ReprOfNoText,
    "ReprOfHostileText": ReprOfHostileText,
    "Text": lambda: Text("hostile"),
    "Number": lambda: Number(7),
    "Real": lambda: Real(1.5),
    "Bytes": lambda: Bytes(b"abc"),
    "RaisingDict": lambda: RaisingDict(a=1),
    "RaisingList": lambda: RaisingList([1]),
    "EndlessMapping": EndlessMapping,
    "EndlessSequence": EndlessSequence,
    "LyingClass": LyingClass,
    "RaisingClass": RaisingClass,
    "RaisingAttributes": RaisingAttributes,
    "Riddle": Riddle,
    "class of a riddle": lambda: Riddle,
    "ArrayLike": ArrayLike,
    "RaisingMoment": lambda: RaisingMoment(2026, 1, 1),
    "MomentOfNoText": lambda: MomentOfNoText(2026, 1, 1),
    "HostileError": lambda: HostileError("x"),
    "SlottedError": lambda: SlottedError("x"),
    "FrozenError": lambda: FrozenError(3),
    "RaisingField": RaisingField,
    "Awaited": Awaited,
    "Trap": Trap,
    "cyclic": cyclic,
    "deep": deep,
    "namespace": lambda: SimpleNamespace(a=RaisingRepr()),
    "hostile keys": lambda: {
        Text("hostile"): Text("hostile"),
        RaisingRepr(): 1,
        None: 2,
        (1, "a"): 3,
    },
    "nan": lambda: float("nan"),
    "infinity": lambda: float("-inf"),
    "huge number": lambda: 10**400,
    "number of 71 bits": lambda: -(2**70),
    "lone surrogate": lambda: "\ud800 lone",
    "a class": lambda: object,
    "memoryview": lambda: memoryview(b"abc"),
    "generator": lambda: (each for each in range(3)),
    "function": lambda: lambda: None,
    "NotImplemented": lambda: NotImplemented,
    "Ellipsis": lambda: ...,
}
