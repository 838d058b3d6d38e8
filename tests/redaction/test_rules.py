"""What a host may choose of redaction: on or off, e-mail addresses, patterns, a function."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from obskit.config import load
from obskit.exceptions import ConfigError
from obskit.redaction import plain
from obskit.redaction import rules as redaction_rules
from obskit.redaction.masked import masked
from obskit.redaction.sensitive import (
    is_sensitive,
    redact_own_url,
    redact_query,
    redact_url,
    redact_written,
)
from obskit.redaction.texts import text


@pytest.fixture(autouse=True)
def defaults() -> Iterator[None]:
    yield
    redaction_rules.install()


def test_without_redaction_nothing_is_masked() -> None:
    redaction_rules.install(on=False, emails=True, patterns=("a",), function=lambda key, value: "x")
    shown = {"password": "hunter2", "card": 4_111_111_111_111_111, "note": "Bearer abc123def"}
    assert plain(shown) == shown
    assert masked(shown) == shown
    assert not is_sensitive("password")
    assert redact_url("x://a:b@c?token=d") == "x://a:b@c?token=d"
    assert redact_query("token=d") == "token=d"
    assert redact_written("X(token='d')") == "X(token='d')"


def test_the_configuration_itself_is_masked_all_the_same() -> None:
    redaction_rules.install(on=False)
    assert redact_own_url("http://a:b@c?token=d") == "http://a:[redacted]@c?token=[redacted]"


def test_email_addresses_are_masked_where_it_is_wanted() -> None:
    assert text("from ann.b+c@mail.example.org, ok") == "from ann.b+c@mail.example.org, ok"
    redaction_rules.install(emails=True)
    assert text("from ann.b+c@mail.example.org, ok") == "from [redacted], ok"


def test_own_patterns_are_masked_in_texts_of_any_length() -> None:
    redaction_rules.install(patterns=(r"KD-\d{6}", "geheim"))
    assert plain({"note": "KD-123456 is geheim"}) == {"note": "[redacted] is [redacted]"}
    long = "x" * 4_090 + "KD-123456" + "x" * 4_000 + "geheim"
    assert text(long) == "x" * 4_090 + "[redacted]" + "x" * 4_000 + "[redacted]"


def test_an_own_function_has_the_last_word_on_names_values_and_texts() -> None:
    def redact(key: str, value: object) -> object:
        if key == "customer":
            return 0
        return value.replace("ann", "A.") if isinstance(value, str) else value

    redaction_rules.install(function=redact)
    assert plain({"customer": 4711, "note": "ann paid", "n": [1, "ann"]}) == {
        "customer": 0,
        "note": "A. paid",
        "n": [1, "A."],
    }
    assert text("ann failed") == "A. failed"
    assert plain("secret", "password") == "[redacted]"


def test_where_an_own_function_fails_the_value_is_masked_and_counted() -> None:
    def redact(key: str, value: object) -> object:
        if key == "b":
            raise KeyError(key)
        return value if key != "c" else [value]

    redaction_rules.install(function=redact)
    assert plain({"a": "x", "b": "y", "c": 5}) == {"a": "x", "b": "[redacted]", "c": "[redacted]"}
    assert redaction_rules.status() == {"on": True, "function_failures": 2}


def test_what_an_own_function_gives_can_be_written() -> None:
    redaction_rules.install(function=lambda key, value: "\ud800" if key == "a" else value)
    assert plain({"a": "x"}) == {"a": "\\ud800"}


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(?:a*b?)*", "(x{2,})*", "((a|b)+c)+", "[", "a*", "(?:(?:a{1,9}){1,9})"]
)
def test_a_pattern_that_may_run_for_ever_or_matches_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="redact_patterns"):
        load({"redact_patterns": [pattern]}, environ={})


@pytest.mark.parametrize("pattern", [r"KD-\d{4,9}", "(?:ab){3}c+", "(?:a?b)+", r"(?<=id )\w+"])
def test_other_patterns_are_allowed(pattern: str) -> None:
    assert load({"redact_patterns": [pattern]}, environ={}).redact_patterns == (pattern,)


def test_the_options_come_from_the_environment() -> None:
    config = load(
        {},
        environ={
            "OBSKIT_REDACTION": "false",
            "OBSKIT_REDACT_EMAILS": "true",
            "OBSKIT_REDACT_PATTERNS": "a1,b2",
            "OBSKIT_REDACT": "posixpath:join",
        },
    )
    assert (config.redaction, config.redact_emails) == (False, True)
    assert config.redact_patterns == ("a1", "b2")
    assert config.redact is not None
    assert config.redact("a", "b") == "a/b"
