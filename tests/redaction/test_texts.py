"""Texts that can be written anywhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.monsters import HostileError, ReprOfHostileText, ReprOfNoText, Riddle, Trap

from obskit.redaction.secret_values import redact_values
from obskit.redaction.sensitive import redact_url
from obskit.redaction.texts import CUT, describe, kind_of, message_of, safe_repr, text


@given(st.text(st.characters(codec=None)))
def test_every_text_can_be_encoded_and_is_else_unchanged(given: str) -> None:
    written = text(given).encode()
    if not any(0xD800 <= ord(letter) <= 0xDFFF for letter in given) and redact_url(
        given
    ) == given == redact_values(given):
        assert written == given.encode()


def test_a_lone_surrogate_is_escaped() -> None:
    assert text("a\ud800b") == "a\\ud800b"


def test_a_text_is_cut_at_32768_characters_with_a_mark() -> None:
    assert text("x" * 32_768) == "x" * 32_768
    assert text("x" * 32_769) == "x" * 32_768 + "…[cut]"


def test_escaping_does_not_lengthen_a_text_past_its_bound() -> None:
    assert len(text("\ud800" * 32_768)) == 32_768 + len(CUT)


def test_passwords_in_urls_are_masked_in_any_text() -> None:
    assert text("no route to amqp://app:hunter2@mq:5672/x") == (
        "no route to amqp://app:[redacted]@mq:5672/x"
    )


def test_repr_is_bounded_and_says_that_it_was_cut() -> None:
    class Long:
        def __repr__(self) -> str:
            return "x" * 5_000

    assert safe_repr(Long()) == "x" * 1_024 + "…[cut]"


def test_repr_hides_what_it_shows_under_sensitive_names() -> None:
    class Login:
        def __repr__(self) -> str:
            return "Login(user='ann', password='hunter2')"

    assert safe_repr(Login()) == "Login(user='ann', password=[redacted])"


def test_a_repr_that_raises_or_gives_no_text_is_replaced() -> None:
    assert safe_repr(Trap()) == "<Trap: ValueError when written>"
    assert safe_repr(ReprOfNoText()) == "<ReprOfNoText: TypeError when written>"
    assert safe_repr(ReprOfHostileText()) == "hostile"


def test_the_name_of_a_class_is_found_whatever_its_metaclass_does() -> None:
    assert kind_of(Riddle()) == "object"
    assert kind_of(type("K" * 1_000, (), {})()) == "K" * 256
    assert kind_of(1) == "int"


def test_an_exception_in_a_line_has_its_type_and_message() -> None:
    assert describe(KeyError("row")) == "KeyError: 'row'"
    assert describe(ValueError()) == "ValueError"
    assert describe(HostileError("x")) == "HostileError: <HostileError: Trap when written>"


def test_a_message_is_bounded() -> None:
    assert message_of(ValueError("m" * 2_000)) == "m" * 1_024 + "…[cut]"
