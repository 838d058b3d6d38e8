"""An exception as telemetry tells it."""

from __future__ import annotations

import builtins
import sys
from types import TracebackType
from typing import Any

import pytest
from tests.monsters import FrozenError, HostileError, SlottedError, Trap

from obskit.telemetry import failure


class Custom(ValueError):
    pass


class Nameless(Exception):
    __module__ = None  # type: ignore[assignment]


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (KeyError, "KeyError"),
        (Custom, f"{__name__}.Custom"),
        (Nameless, "None.Nameless"),
        (HostileError, "tests.monsters.HostileError"),
    ],
)
def test_the_type_is_the_class_with_its_module(kind: type[Exception], name: str) -> None:
    assert failure.type_name(kind("x")) == name


def test_a_class_that_hides_its_name_is_named_as_well_as_can_be() -> None:
    class RiddleType(type):
        @property
        def __module__(cls) -> str:  # type: ignore[override]
            raise Trap

    class Riddle(Exception, metaclass=RiddleType):
        pass

    assert failure.type_name(Riddle()) == "Riddle"


def test_an_exception_is_told_with_type_message_and_stack() -> None:
    told = failure.of(raised(Custom("no such row")))
    assert told.type == f"{__name__}.Custom"
    assert told.message == "no such row"
    assert told.stacktrace.startswith("Traceback (most recent call last):\n")
    assert "in raised\n    raise error\n" in told.stacktrace
    assert told.stacktrace.endswith(".Custom: no such row\n")


def test_a_long_stack_keeps_its_frames_and_its_end() -> None:
    told = failure.of(raised(ValueError("m" * 1_000_000)))
    assert len(told.stacktrace) == 32_000 + len("\n…[cut]\n")
    assert "in raised" in told.stacktrace
    assert told.stacktrace.endswith("mmm\n")
    assert told.message == "m" * 1_024 + "…[cut]"


def test_a_stack_of_the_longest_length_is_whole() -> None:
    short = failure.of(ValueError("m"))
    whole = failure.of(ValueError("m" * (32_000 - len(short.stacktrace) + 1)))
    assert len(whole.stacktrace) == 32_000
    assert "cut" not in whole.stacktrace


def test_texts_can_be_encoded() -> None:
    told = failure.of(ValueError("lone \ud800 and \u2028"))
    assert told.message == "lone \\ud800 and \u2028"
    assert told.stacktrace == "ValueError: lone \\ud800 and \u2028\n"


def test_passwords_in_urls_are_masked_in_message_and_stack() -> None:
    told = failure.of(ValueError("refused: postgres://app:hunter2@db/x"))
    assert "hunter2" not in told.message + told.stacktrace


@pytest.mark.parametrize("kind", [HostileError, Trap])
def test_a_hostile_exception_is_told_with_its_frames(kind: type[Exception]) -> None:
    told = failure.of(raised(kind("x")))
    assert told.type == f"tests.monsters.{kind.__name__}"
    assert "in raised" in told.stacktrace
    assert "when written>" in told.message


def test_sources_that_cannot_be_read_cost_the_frames_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> str:
        raise OSError("no source")

    error = raised(ValueError("x"))
    monkeypatch.setattr("linecache.checkcache", broken)
    assert failure.of(error).stacktrace == "ValueError: <OSError when written>\n"


@pytest.mark.parametrize("kind", [ValueError, SlottedError, FrozenError, HostileError])
def test_each_thing_is_done_once_for_an_exception_in_a_scope(kind: Any) -> None:
    error = kind(3)
    assert failure.claim(error, "log", 1)
    assert not failure.claim(error, "log", 1)
    assert failure.claim(error, "capture", 1)
    assert failure.claim(error, "log", 2)
    assert not failure.claim(error, "log", 2)


def test_outside_scopes_what_was_done_anywhere_is_done() -> None:
    error = ValueError()
    assert failure.claim(error, "log", None)
    assert not failure.claim(error, "log", None)
    assert failure.claim(error, "log", 1)
    assert not failure.claim(error, "log", None)


def handled() -> BaseException | None:
    try:
        raise KeyError("handled")
    except KeyError:
        return failure.from_exc_info(True)


def test_true_means_the_exception_being_handled() -> None:
    assert repr(handled()) == "KeyError('handled')"
    assert failure.from_exc_info(True) is None


class NoTruth:
    def __bool__(self) -> bool:
        raise Trap


@pytest.mark.parametrize(
    "given",
    [None, False, 0, "", (), (None, None, None), (1, 2), (ValueError, "text", None), NoTruth()],
    ids=str,
)
def test_what_means_no_exception_gives_none(given: Any) -> None:
    assert failure.from_exc_info(given) is None


def test_an_exception_means_itself() -> None:
    error = HostileError("x")
    assert failure.from_exc_info(error) is error


def stack_of(error: BaseException) -> TracebackType:
    stack = failure.traceback_of(raised(error))
    assert stack is not None
    return stack


@pytest.mark.parametrize("kind", [ValueError, HostileError])
def test_a_tuple_gives_its_exception_the_traceback_that_it_lacks(kind: type[Exception]) -> None:
    stack = stack_of(KeyError())
    error = kind("x")
    assert failure.from_exc_info((kind, error, stack)) is error
    assert failure.traceback_of(error) is stack


def test_a_tuple_leaves_an_exception_the_traceback_that_it_has() -> None:
    error = raised(ValueError())
    own = error.__traceback__
    assert failure.from_exc_info((ValueError, error, stack_of(KeyError()))) is error
    assert error.__traceback__ is own


def test_a_tuple_with_something_else_for_a_traceback_gives_its_exception() -> None:
    error = ValueError()
    assert failure.from_exc_info((ValueError, error, "no stack")) is error
    assert error.__traceback__ is None


def test_causes_and_contexts_are_contained_unless_suppressed() -> None:
    inner, middle, outer, hiding = ValueError(1), KeyError(2), OSError(3), TypeError(4)
    middle.__context__ = inner
    outer.__cause__ = middle
    assert list(failure.contained(outer)) == [middle, inner]
    hiding.__context__, hiding.__suppress_context__ = inner, True
    assert list(failure.contained(hiding)) == []


def test_what_contains_itself_or_is_hostile_ends() -> None:
    one, other = HostileError(1), HostileError(2)
    BaseException.__dict__["__context__"].__set__(one, other)
    BaseException.__dict__["__context__"].__set__(other, one)
    assert [id(each) for each in failure.contained(one)] == [id(other)]


def test_no_more_than_fifty_are_looked_at() -> None:
    first = error = ValueError()
    for _ in range(1_000):
        error.__context__ = ValueError()
        error = error.__context__
    assert len(list(failure.contained(first))) == 49


if sys.version_info >= (3, 11):

    def test_a_group_contains_its_members() -> None:
        members = [ValueError(1), KeyError(2)]
        assert list(failure.contained(builtins.BaseExceptionGroup("two", members))) == members


class LikeAGroup(Exception):
    exceptions = (1, ValueError("inner"), None)


class NotLikeAGroup(Exception):
    exceptions = 5


def test_only_exceptions_are_members() -> None:
    assert [str(each) for each in failure.contained(LikeAGroup())] == ["inner"]
    assert list(failure.contained(NotLikeAGroup())) == []
