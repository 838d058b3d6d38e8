"""Secrets in free text, and what only resembles one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.redaction.card_numbers import is_card
from obskit.redaction.named_values import redact_named
from obskit.redaction.secret_values import redact_values

# Put together here, so that no scanner of repositories takes them for real ones.
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nq83vEjRW\n-----END RSA PRIVATE KEY-----"
HEX = "0123456789abcdef" * 4

FOUND = [
    ("sent Bearer 5f2c-99ab-1d on", "sent Bearer [redacted] on"),
    ("sent bearer AbCdEfGh", "sent bearer [redacted]"),
    ("Basic YW5uOmh1bnRlcjI= failed", "Basic [redacted] failed"),
    ("Bearer%20abc123def456", "Bearer%20[redacted]"),
    (f"got {JWT}.", "got [redacted]."),
    (f"redirect%3Dtoken%3D{JWT}", "redirect%3Dtoken%3D[redacted]"),
    (f"read {KEY} from disk", "read [redacted] from disk"),
    (f"read {KEY[:60]}", "read [redacted]"),
    (KEY.replace("\n", "\\n") + " ok", "[redacted] ok"),
    ("tail q83vEjRW\n-----END RSA PRIVATE KEY----- ok", "[redacted] ok"),
    ("-----BEGIN PRIVATE KEY-----\nMII", "[redacted]"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "[redacted]"),
    ("ghp_" + "a1B2" * 9, "[redacted]"),
    ("gho_" + "a1B2" * 9 + ", gone", "[redacted], gone"),
    ("ghs_" + "a1B2" * 9, "[redacted]"),
    ("github_pat_" + "11AA_" * 9, "[redacted]"),
    ("at glpat-" + "x1y2z3w4v5u6t7s8r9q0", "at [redacted]"),
    ("xoxb-" + "1234567890-abcdefgh", "[redacted]"),
    ("sk_live_" + "4eC39HqLyjWDarjt", "[redacted]"),
    ("rk_live_" + "4eC39HqLyjWDarjt", "[redacted]"),
    ("whsec_" + "4eC39HqLyjWDarjt", "[redacted]"),
    ("id AKIA" + "IOSFODNN7EXAMPLE", "id [redacted]"),
    ("ASIA" + "IOSFODNN7EXAMPLE", "[redacted]"),
    ("AIza" + "SyA-1234567890abcdefghijklmnopqrstu", "[redacted]"),
    ("sk-proj-" + "abcd1234efgh5678ijkl", "[redacted]"),
    ("sk-ant-api03-" + "abcd1234efgh5678ijkl", "[redacted]"),
    ("sk-" + "a1b2c3d4" * 6, "[redacted]"),
    ("SG." + "a1b2c3d4e5f6g7h8i9j0k1" + "." + "a1b2c3d4e5f6g7h8i9j0k1", "[redacted]"),
    ("npm_" + "a1b2c3d4e5" * 4, "[redacted]"),
    ("pypi-AgEI" + "cHlwaS5vcmcCJDU2Nzg5", "[redacted]"),
    ("dop_v1_" + HEX, "[redacted]"),
    ("password=hunter2 for ann", "password=[redacted] for ann"),
    ("password: hunter2, again", "password: [redacted], again"),
    ("password:12345", "password:[redacted]"),
    ('{"password": "hunter2", "a": 1}', '{"password": [redacted], "a": 1}'),
    ('"{\\"password\\": \\"hunter2\\"}"', '"{\\"password\\": [redacted]}"'),
    ("{'tokens': ['a', 'b'], 'n': 1}", "{'tokens': [redacted], 'n': 1}"),
    ('{"credentials": {"a": {"x": 1}, "b": "s"}, "n": 1}', '{"credentials": [redacted], "n": 1}'),
    ("name: 'unterminated token=abc", "name: 'unterminated token=[redacted]"),
    ("API key: abc", "API key: [redacted]"),
    ("run --db-password hunter2 --verbose", "run --db-password [redacted] --verbose"),
    ("run --password=hunter2", "run --password=[redacted]"),
    ("SET PASSWORD = 'hunter2' WHERE", "SET PASSWORD = [redacted] WHERE"),
    ("Authorization: Digest x1, y", "Authorization: [redacted], y"),
    ("Cookie: theme=dark; id=abc\nHost: x", "Cookie: [redacted]\nHost: x"),
    ("[(b'cookie', b'a=b'), (b'host', b'x')]", "[(b'cookie', [redacted]), (b'host', b'x')]"),
    ('os.environ["SECRET_KEY"] = "x"', 'os.environ["SECRET_KEY"] = [redacted]'),
    ("token = 'x'", "token = [redacted]"),
    ("4111111111111111", "[redacted]"),
    ("card 4111 1111 1111 1111 12/27", "card [redacted] 12/27"),
    ("card 4111-1111-1111-1111", "card [redacted]"),
    ("card 4111 1111 1111 1111 123", "card [redacted] 123"),
    ("5555555555554444 and 2223003122003222", "[redacted] and [redacted]"),
    ("3782 822463 10005", "[redacted]"),
    ("378282246310005.", "[redacted]."),
    ("6011111111111117", "[redacted]"),
    ("30569309025904", "[redacted]"),
    ("3530111333300000", "[redacted]"),
]  # fmt: skip

LEFT = """\
GET /orders/4711?page=2 200 in 0.123 s
at 1714989000, 1714989000123, 1714989000123456 and 1714989000123456789
at 2024-05-06T12:30:11.123456Z
4111111111111112
94111111111111111
a4111111111111111
0.4111111111111111
4111111111111111.25
4111 1111 1111 111
trace 4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7
e3b0c442-98fc-1c14-9afb-4111111111111111f
Bearer authentication failed
basic understanding of Basic authentication
eyJust a word and eyJ.x.y
-----BEGIN CERTIFICATE-----
-----------------------------
sk-bratislava-old-town-hotel-rooms-and-more
task-abcdefghijklmnopqrstuvwxyzabcdefghij
ghp_short npm_package format_string
XAKIAIOSFODNN7EXAMPLE
password=None token=null "secret": true, cookie: %s
token = make_token(user)
def login(password: str, token: bytes) -> None
SELECT "password", "email" FROM users WHERE password = ? AND token = $1
columns ['password', 'email']
max_tokens=100 token_count: 7
http://host:8080/path
author: ann, monkey: 5
ann@example.org
publishable http://0123456789abcdef@sentry.example/7"""


@pytest.mark.parametrize(("text", "redacted"), FOUND)
def test_a_secret_in_a_text_is_masked(text: str, redacted: str) -> None:
    assert redact_values(text) == redacted


@pytest.mark.parametrize("text", LEFT.splitlines())
def test_what_only_resembles_a_secret_is_left(text: str) -> None:
    assert redact_values(text) == text


@pytest.mark.parametrize(("text", "redacted"), FOUND)
def test_what_is_masked_once_stays_as_it_is(text: str, redacted: str) -> None:
    assert redact_values(redacted) == redacted


@given(st.text("abc xyz\n,;()<>", max_size=50), st.sampled_from(FOUND))
def test_a_secret_is_found_in_whatever_stands_before_it(before: str, case: tuple[str, str]) -> None:
    text, redacted = case
    if "END" not in text or "BEGIN" in text:  # the tail of a key has no beginning of its own
        assert redact_values(f"{before} {text}") == f"{before} {redacted}"


@given(st.text("eyJ.ghp_sk-B arer=:'\"\\[](){}41,-\n", max_size=300))
def test_any_text_is_read_to_its_end_and_masked_for_good(text: str) -> None:
    once = redact_values(text)
    assert redact_values(once).count("[redacted]") >= once.count("[redacted]")


@pytest.mark.parametrize(
    "unit",
    ["eyJ", "eyJ.", "Bearer ", "ghp_", "-", "-----BEGIN PRIVATE KEY", "-----END PRIVATE KEY-----",
     "4111 ", "41", "password='", 'password="\\', "token:(", "a=", "a:", "('password', ", "--a ", "["],
)  # fmt: skip
def test_a_text_made_to_be_slow_ends(unit: str) -> None:
    """Anything that grows with the square of 32 KiB would meet the test runner's time-out."""
    text = (unit * 32_768)[:32_768]
    for _ in range(4):
        assert len(redact_values(text)) <= 4 * len(text)


def test_a_whole_number_may_be_a_card() -> None:
    assert is_card(4_111_111_111_111_111)
    assert not is_card(4_111_111_111_111_112)
    assert not is_card(1_714_989_000_123_456_789)
    assert not is_card(-4_111_111_111_111_111)


def test_an_ordinary_text_is_the_same_object() -> None:
    text = "order placed by ann"
    assert redact_values(text) is text
    assert redact_named(text) == text
    assert not re.search("redacted", text)
