"""Values made plain, bounded, and without secrets."""

from __future__ import annotations

import array
from collections import OrderedDict, UserString, deque, namedtuple
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntFlag
from fractions import Fraction
from numbers import Integral, Real
from pathlib import PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import monsters
from tests.monsters import MONSTERS

from obskit.redaction import name_of, names_and_values, plain

CANARY = "hunter2-canary"

KEYS = st.text(max_size=5) | st.integers() | st.binary(max_size=5) | st.none() | st.dates()
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.dates()
    | st.datetimes(timezones=st.timezones() | st.none())
    | st.timedeltas()
    | st.decimals()
    | st.uuids()
    | st.fractions()
    | st.complex_numbers()
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(KEYS, inner)
        | st.tuples(inner, inner)
        | st.builds(SimpleNamespace, a=inner)
        | st.builds(ValueError, inner)
    ),
)


def nodes(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(nodes, value.values()))
    return 1 + sum(map(nodes, value)) if isinstance(value, list) else 1


@given(ANYTHING)
def test_anything_becomes_json_of_bounded_size(value: object) -> None:
    copied = plain(value)
    orjson.dumps(copied)
    assert nodes(copied) <= 2_100


@pytest.mark.parametrize("name", MONSTERS)
def test_no_object_makes_it_raise(name: str) -> None:
    monster = MONSTERS[name]()
    orjson.dumps(plain(monster))
    orjson.dumps(plain([monster, {"a": monster}]))
    orjson.dumps(plain({name_of(monster): 1}))


@given(st.recursive(st.just({"password": CANARY}), lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.text(), inner, min_size=1, max_size=3)))  # fmt: skip
def test_a_secret_is_masked_however_deep_it_lies(value: object) -> None:
    assert CANARY not in str(plain(value))


class Colour(Enum):
    RED = "red"
    PAIR = (1, 2)


class Rights(IntFlag):
    READ = 4


class Ratio(float):
    pass


Point = namedtuple("Point", "x y")  # noqa: PYI024 - the plain one is widely used


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (2**63 - 1, 2**63 - 1),
        (2**63, "9223372036854775808"),
        (-(2**63), -(2**63)),
        (-(2**63) - 1, "-9223372036854775809"),
        (1 << 4_095, str(1 << 4_095)),
        (1 << 4_096, "<int: 4097 bits>"),
        (1.5, 1.5),
        (Ratio(1.5), 1.5),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (b"ab\xff\n", "ab\\xff\n"),
        (bytearray(b"ab"), "ab"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(1, 2), "01:02:00"),
        (datetime(2026, 1, 2, tzinfo=timezone.utc), "2026-01-02T00:00:00+00:00"),
        (timedelta(minutes=1), "0:01:00"),
        (Decimal("1.10"), "1.10"),
        (Fraction(1, 2), 0.5),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/a/b"), "/a/b"),
        (UserString("text"), "text"),
        (Colour.RED, "red"),
        (Rights.READ, 4),
        (ValueError("no"), "ValueError: no"),
        ((1, "a"), [1, "a"]),
        (frozenset({1}), [1]),
        (deque([1]), [1]),
        (range(3), [0, 1, 2]),
        ({1: 2}.values(), [2]),
        (array.array("i", [1, 2]), [1, 2]),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (SimpleNamespace(a=1), {"a": 1}),
        (Point(1, 2), {"x": 1, "y": 2}),
        ({1: 1, None: 2, b"b": 3, Colour.RED: 4, (1, "a"): 5}, {"1": 1, "None": 2, "b": 3, "red": 4, "[1, 'a']": 5}),
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_is_what_people_mean_by_it(value: object, expected: object) -> None:
    copied = plain(value)
    assert copied == expected
    assert type(copied) is type(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Text", "hostile"),
        ("Number", 7),
        ("Real", 1.5),
        ("Bytes", "abc"),
        ("ArrayLike", "array([1, 2])"),
        ("RaisingDict", "<RaisingDict: Trap when read>"),
        ("RaisingList", "<RaisingList: Trap when read>"),
        ("RaisingMoment", "<RaisingMoment: Trap when written>"),
        ("RaisingRepr", "<RaisingRepr: Trap when written>"),
        ("RaisingField", "<RaisingField: Trap when read>"),
        ("HostileError", "HostileError: <HostileError: Trap when written>"),
        ("Riddle", "<object: Trap when read>"),
    ],
)
def test_of_a_hostile_value_as_much_is_shown_as_can_be_had(name: str, expected: object) -> None:
    copied = plain(MONSTERS[name]())
    assert copied == expected
    assert type(copied) is type(expected)


def test_an_enum_of_something_composite_is_shown_by_its_repr() -> None:
    assert plain(Colour.PAIR) == "<Colour.PAIR: (1, 2)>"


@dataclass
class Account:
    name: str
    password: str
    keys: list[dict[str, str]]
    hidden: str = field(default=CANARY, repr=False)


class Login(NamedTuple):
    user: str
    password: str


class NumpyLike:
    """As numpy's scalars: no number of Python's own, but registered as one."""

    def __int__(self) -> int:
        return 7

    def __float__(self) -> float:
        return 7.5


class WholeNumpyLike(NumpyLike):
    pass


Real.register(NumpyLike)
Integral.register(WholeNumpyLike)


def test_numbers_of_other_libraries_are_numbers() -> None:
    assert plain([NumpyLike(), WholeNumpyLike()]) == [7.5, 7]


class Written:
    def __repr__(self) -> str:
        return f"Written(user='ann', api_key={CANARY!r})"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"X-Api-Key": CANARY, "user": "ann"}, {"X-Api-Key": "[redacted]", "user": "ann"}),
        ({"a": [{"token": CANARY}]}, {"a": [{"token": "[redacted]"}]}),
        ({"credentials": {"user": "ann", "x": CANARY}}, {"credentials": "[redacted]"}),
        ({b"authorization": CANARY}, {"authorization": "[redacted]"}),
        (Account("ann", CANARY, [{"secret": CANARY}]), {"name": "ann", "password": "[redacted]", "keys": [{"secret": "[redacted]"}]}),
        (Login("ann", CANARY), {"user": "ann", "password": "[redacted]"}),
        (SimpleNamespace(password=CANARY), {"password": "[redacted]"}),
        ([("Cookie", CANARY), ("Host", "x")], [["Cookie", "[redacted]"], ["Host", "x"]]),
        ([(b"cookie", CANARY.encode())], [["cookie", "[redacted]"]]),
        ((("a", 1), 2), [["a", 1], 2]),
        (Written(), "Written(user='ann', api_key=[redacted])"),
        (f"postgres://app:{CANARY}@db", "postgres://app:[redacted]@db"),
        ({"password": None, "token": False, "secret": ""}, {"password": None, "token": False, "secret": "[redacted]"}),
    ],
    ids=repr,
)  # fmt: skip
def test_what_stands_under_a_sensitive_name_is_masked(value: object, expected: object) -> None:
    assert plain(value) == expected


def test_the_name_given_to_a_value_masks_it_whole_unless_it_tells_nothing() -> None:
    assert plain({"a": 1}, "user.password") == "[redacted]"
    assert plain(None, "password") is None
    assert plain(True, "password") is True
    assert plain(5, "max_tokens") == 5


def test_a_generator_is_not_consumed() -> None:
    generator = (number for number in range(3))
    assert str(plain(generator)).startswith("<generator object")
    assert list(generator) == [0, 1, 2]


class Counted:
    """Counts how often anything is asked of it: work is bounded by that, not by a clock."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked = 0

    def __iter__(self) -> Iterator[int]:
        for number in range(self.size):
            self.asked += 1
            yield number


class CountedList(list[int]):
    def __init__(self, counted: Counted) -> None:
        self.counted = counted

    def __iter__(self) -> Iterator[int]:
        return iter(self.counted)


def test_of_a_million_values_a_thousand_are_read() -> None:
    counted = Counted(1_000_000)
    copied = plain({"rows": CountedList(counted)})
    assert isinstance(copied, dict)
    assert isinstance(copied["rows"], list)
    assert copied["rows"][-1] == "…[cut]"
    assert len(copied["rows"]) == 999
    assert counted.asked == 999


def test_masked_values_count_too() -> None:
    copied = plain(monsters.EndlessMapping())
    assert isinstance(copied, dict)
    assert len(copied) == 1_000
    assert copied["…[cut]"] == "…[cut]"


def test_pairs_count_too() -> None:
    copied = plain([("a", 1)] * 10_000)
    assert isinstance(copied, list)
    assert len(copied) == 501


def test_huge_texts_and_bytes_are_cut() -> None:
    assert plain("x" * 10_000_000) == "x" * 32_768 + "…[cut]"
    assert plain(b"x" * 10_000_000) == "x" * 32_768 + "…[cut]"
    assert plain("é".encode() * 10_000_000) == "é" * 16_384 + "…[cut]"
    assert plain(b"x" * 32_768) == "x" * 32_768


def test_all_texts_together_are_bounded() -> None:
    copied = plain(["x" * 30_000] * 5)
    assert copied == ["x" * 30_000, "x" * 30_000, "x" * 5_536 + "…[cut]", "…[cut]"]


def test_long_names_are_cut_and_count() -> None:
    copied = plain({f"{number}{'k' * 1_000}": 1 for number in range(1_000)})
    assert isinstance(copied, dict)
    assert {len(name) for name in copied} == {262, 6}
    assert len(copied) == 252


def test_it_looks_six_levels_deep() -> None:
    assert plain(monsters.deep()) == [[[[[["…[cut]"]]]]]]
    assert plain({"a": [1, [2, [3, [4, [5, {}]]]]]}) == {"a": [1, [2, [3, [4, [5, "…[cut]"]]]]]}


def test_what_contains_itself_ends() -> None:
    assert str(plain(monsters.cyclic())) == "[{'again': [{'again': [{'again': '…[cut]'}]}]}]"


def test_names_are_text_that_can_be_encoded() -> None:
    assert name_of("n" * 300) == "n" * 256 + "…[cut]"
    assert name_of("\ud800") == "\\ud800"
    assert name_of(monsters.Text("hostile")) == "hostile"
    assert name_of(5) == "5"


def test_fields_are_made_plain_under_their_names_and_bounded() -> None:
    assert names_and_values({"a": {1}, "token": "x", 5: None}, 3) == {
        "a": [1],
        "token": "[redacted]",
        "5": None,
    }
    assert names_and_values({"a": 1, "b": 2}, 1) == {"a": 1, "…[cut]": "…[cut]"}
