"""How single values are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.config import OPTIONS, values
from obskit.config.values import Value, integer, level_number, number, one_of

# What TOML, arguments and the environment can bring.
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["http://[::1", "http://h:99999", "a=b,c", "(", "a{9999999999999}", "::1/200"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def refused(value: Value, given: Any) -> bool:
    """Whether a value is refused in the way that becomes a message."""
    try:
        value.parse(given)
    except (ValueError, TypeError):
        return True
    return False


@given(given=ANYTHING)
def test_whatever_is_given_is_read_or_refused_properly(given: Any) -> None:
    """No other exception leaves a kind of value: each would hide all other problems."""
    for option in OPTIONS:
        refused(option.value, given)


@given(number=st.integers())
def test_a_whole_number_is_taken_from_text_and_from_a_file_alike(number: int) -> None:
    """The bounds belong to what is allowed."""
    value = integer(-5, 5)
    assert refused(value, number) is refused(value, str(number)) is not (-5 <= number <= 5)
    if -5 <= number <= 5:
        assert value.parse(f" {number} ") == value.parse(number) == number


@pytest.mark.parametrize("given", ["", "1.5", "one", True, 1.0, None, [1], "9" * 5000])
def test_what_is_no_whole_number(given: object) -> None:
    """Neither text nor a fraction, and no boolean, which Python takes for a number."""
    assert refused(integer(0, 10), given)


@pytest.mark.parametrize(
    ("given", "expected"), [("0", 0.0), ("1", 1.0), (" 0.25 ", 0.25), (1, 1.0), (0.5, 0.5)]
)
def test_a_number_may_be_whole(given: object, expected: float) -> None:
    """It is a float afterwards."""
    parsed = number(0, 1).parse(given)
    assert parsed == expected
    assert isinstance(parsed, float)


@pytest.mark.parametrize(
    "given", ["nan", "inf", "-0.1", "1.1", float("nan"), 10**400, True, [], ""]
)
def test_what_is_no_number_within_bounds(given: object) -> None:
    """Infinite and undefined numbers lie within no bounds."""
    assert refused(number(0, 1), given)


def test_one_word_of_a_few_in_any_case() -> None:
    """Spaces around it do not count."""
    assert one_of("gzip", "none").parse(" GZip ") == "gzip"
    assert refused(one_of("gzip", "none"), "deflate")
    assert refused(one_of("gzip", "none"), "")


def test_what_is_allowed_reads_as_the_end_of_a_sentence() -> None:
    """Error messages and the reference end with it."""
    assert one_of("a").allowed == "a"
    assert one_of("a", "b").allowed == "a or b"
    assert one_of("a", "b", "c").allowed == "a, b or c"
    assert integer(1, 10).allowed == "a whole number from 1 to 10"
    assert number(0, 1).allowed == "a number from 0 to 1"


@pytest.mark.parametrize(
    ("given", "expected"), [("true", True), ("FALSE", False), (" True", True), (False, False)]
)
def test_booleans_are_true_or_false(given: object, expected: bool) -> None:
    """Case does not count."""
    assert values.BOOLEAN.parse(given) is expected


@pytest.mark.parametrize("given", ["1", "yes", "on", 1, None])
def test_nothing_else_is_a_boolean(given: object) -> None:
    """The specification knows two words; any other would silently mean false."""
    assert refused(values.BOOLEAN, given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("debug", "DEBUG"), ("Warn", "WARNING"), ("fatal", "CRITICAL"), ("trace", "DEBUG")],
)
def test_levels_have_the_names_of_logging(given: str, expected: str) -> None:
    """Names that other languages use are known."""
    assert values.LEVEL.parse(given) == expected
    assert refused(values.LEVEL, "LOUD")


@pytest.mark.parametrize(
    ("level", "expected"),
    [("DEBUG", 10), ("INFO", 20), ("WARNING", 30), ("ERROR", 40), ("CRITICAL", 50)],
)
def test_the_number_of_a_level(level: str, expected: int) -> None:
    """As `logging` counts."""
    assert level_number(level) == expected


def test_levels_of_single_loggers() -> None:
    """As text or as a table."""
    assert values.LEVEL_PAIRS.parse("a=debug,b.c=ERROR") == {"a": "DEBUG", "b.c": "ERROR"}
    assert values.LEVEL_PAIRS.parse({"a": "warn"}) == {"a": "WARNING"}
    assert refused(values.LEVEL_PAIRS, "a=LOUD")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a=b", {"a": "b"}),
        (" a = b , c=d=e ,", {"a": "b", "c": "d=e"}),
        ("a%3D=b%2Cc%20d", {"a=": "b,c d"}),
        ("a=", {"a": ""}),
        ({"a": 1, "b": True}, {"a": "1", "b": "True"}),
    ],
)
def test_pairs_are_percent_decoded(given: str | Mapping[str, object], expected: object) -> None:
    """W3C baggage's form, as the specification wants it; a table is taken as it is."""
    assert values.PAIRS.parse(given) == expected


@pytest.mark.parametrize("given", ["a", "a=b,c", "=b", "", "%20=b", 7, {"": "b"}])
def test_what_are_no_pairs(given: object) -> None:
    """A name without a value, a value without a name."""
    assert refused(values.PAIRS, given)


def test_headers_are_pairs_that_a_transport_takes() -> None:
    """A line break or a letter outside ASCII would fail every single export."""
    assert values.HEADERS.parse("Authorization=Basic%20YTpi==") == {"Authorization": "Basic YTpi=="}
    assert refused(values.HEADERS, "a=b%0D%0Ax-evil: 1")
    assert refused(values.HEADERS, "a=%C3%A4")
    assert refused(values.HEADERS, "a b=c")
    assert refused(values.HEADERS, {"a:": "b"})


def test_names_come_as_text_or_as_a_list() -> None:
    """Empty items do not count."""
    assert values.NAMES.parse(" a, b ,,") == ("a", "b")
    assert values.NAMES.parse(["a", " b "]) == ("a", "b")
    assert values.NAMES.parse([]) == ()
    assert refused(values.NAMES, ["a", 7])
    assert refused(values.NAMES, 7)


def test_patterns_are_regular_expressions() -> None:
    """One that does not compile is refused here, not when the first request comes."""
    assert values.PATTERNS.parse(r"healthz, /static/.*\.css$") == ("healthz", r"/static/.*\.css$")
    for wrong in ("(", "a,b[", "*", "a{9999999999999}"):
        assert refused(values.PATTERNS, wrong)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:4318",
        "https://user:pw@collector.example/otlp?a=b",
        "http://[::1]:4318/v1/traces",
        "collector:4317",
        "10.0.0.7:4317",
        "[fd00::1]:4317",
    ],
)
def test_endpoints(url: str) -> None:
    """URLs, and host:port, which gRPC knows."""
    assert values.ENDPOINT.parse(f" {url} ") == url


@pytest.mark.parametrize(
    "given",
    [
        "localhost",
        "ftp://localhost:4318",
        "http://",
        "http://:4318",
        "http://localhost:port",
        "http://localhost:99999",
        "http://local host",
        "http://local\x00host",
        "localhost:4318/v1/traces",
        "user:pw@collector:4317",
        "http://[::1",
        7,
    ],
)
def test_what_is_no_endpoint(given: object) -> None:
    """Without a host, with a wrong port, or with what no URL may hold."""
    assert refused(values.ENDPOINT, given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("IDS", "ids"),
        (" always ", "always"),
        ("never", "never"),
        ("10.0.0.7/8, fd00::1", ("10.0.0.0/8", "fd00::1/128")),
        (["192.168.0.0/16"], ("192.168.0.0/16",)),
    ],
)
def test_whom_to_trust(given: object, expected: object) -> None:
    """A word, or networks; the bits of hosts in them do not count."""
    assert values.TRUST.parse(given) == expected


@pytest.mark.parametrize("given", ["sometimes", "10.0.0.0/8,ids", "10.0.0.0/33", [], ",", 7])
def test_what_is_no_trust(given: object) -> None:
    """A word is no network, and no network at all is no answer."""
    assert refused(values.TRUST, given)


def test_text_and_tables() -> None:
    """Text is stripped and not empty; a table is a copy."""
    assert values.TEXT.parse(" shop ") == "shop"
    for wrong in ("", "  ", 7, None):
        assert refused(values.TEXT, wrong)
    given = {"debug": True}
    parsed = values.MAPPING.parse(given)
    assert parsed == given
    assert parsed is not given
    assert refused(values.MAPPING, "debug=true")
