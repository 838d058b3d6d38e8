"""Which names stand for secrets, and secrets inside texts."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from obskit.redaction.sensitive import is_sensitive, redact_query, redact_url, redact_written

SECRET = """
password Password PASSWORD passwd passwort user_password userPassword user.password db-password
password1 password_hash old_passwords passphrase passcode pass db_pass smtpPass DB_PASS pwd PWD
mysql_pwd secret client_secret SECRET_KEY aws_secret_access_key clientSecret secret_id secrets
token access_token accessToken ACCESSTOKEN refresh_token id_token api_tokens admin_tokens tokens
csrf_token X-CSRFToken _csrf xsrf XSRF-TOKEN X-Auth-Token security_token password_reset_token
secret_token_type total_tokens_password authorization Authorization Proxy-Authorization
authorization_code auth bearer jwt id_jwt cookie Cookie Set-Cookie cookies credential credentials
google_credentials api_key apikey apiKey APIKey X-Api-Key private_key privateKey access_key_id
signing_key encryption_key master_key ssh_key session sessionid session_id JSESSIONID PHPSESSID
user_session sid connect.sid dsn SENTRY_DSN connection_string pin otp totp cvv cvc2 ssn
card_number password_reset_code has_password_hash
"""

HARMLESS = """
token_count max_tokens maxTokens max_new_tokens min_tokens total_tokens prompt_tokens
completion_tokens gen_ai.usage.input_tokens gen_ai.request.max_tokens cache_read_input_tokens
tokens_used tokens_per_second token_type token_expires_at token_url tokenizer tokenization n_tokens
author authority authors authored authenticated passenger passengers compass bypass pass_rate
passed passport compassion surpass classpath secretary secretariat secret_count secret_name
cookie_consent cookie_banner session_cookie_name cookies_accepted password_changed_at
password_age_days password_length password_reset_requested passwordless has_password
authorization_url csrf_exempt csrf_failed api_key_id session_count session_duration db_session
cwd shipping opinion spin pinned sidebar inside signal_name key keys monkey public_key primary_key
order_id user_id name email status message duration credential_type
"""


@pytest.mark.parametrize("name", SECRET.split())
def test_the_name_of_a_secret_is_sensitive(name: str) -> None:
    assert is_sensitive(name)


@pytest.mark.parametrize("name", HARMLESS.split())
def test_a_name_that_only_resembles_one_is_not(name: str) -> None:
    assert not is_sensitive(name)


@given(
    st.sampled_from(("password", "access_token", "api_key", "Cookie")),
    st.text("xyz_.- 1é", max_size=500),
)
@example("password", "x" * 500)
def test_a_sensitive_name_stays_sensitive_inside_a_longer_one(name: str, other: str) -> None:
    assert is_sensitive(f"{other}.{name}")
    assert is_sensitive(f"{name}.{other}")


@pytest.mark.parametrize(
    ("query", "redacted"),
    [
        ("page=2&access_token=abc", "page=2&access_token=[redacted]"),
        ("password=a b'c\"d&x=1", "password=[redacted]&x=1"),
        ("p%61ssword=x", "p%61ssword=[redacted]"),
        ("a=1;token=2;b=3", "a=1;token=[redacted];b=3"),
        ("X-Amz-Signature=ab&sig=cd&X-Goog-Signature=ef", "X-Amz-Signature=[redacted]&sig=[redacted]&X-Goog-Signature=[redacted]"),
        ("design=1&token=", "design=1&token="),
        ("token", "token"),
        ("", ""),
    ],
)  # fmt: skip
def test_values_of_sensitive_parameters_are_masked(query: str, redacted: str) -> None:
    assert redact_query(query) == redacted


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("postgres://app:hunter2@db/shop", "postgres://app:[redacted]@db/shop"),
        ("redis://:p@ss:w@cache", "redis://:[redacted]@cache"),
        ("https://x.org/a?key=1&token=t#access_token=u", "https://x.org/a?key=1&token=[redacted]#access_token=[redacted]"),
        ("https://x.org/#access_token=u", "https://x.org/#access_token=[redacted]"),
        ("http://u:p@[broken/?a=1", "http://u:[redacted]@[broken/?a=1"),
        ("https://user@host/mail@example.org", "https://user@host/mail@example.org"),
        ("https://host:8080/users/a@b.c", "https://host:8080/users/a@b.c"),
        ('"GET /login?token=abc HTTP/1.1" 200', '"GET /login?token=[redacted] HTTP/1.1" 200'),
        ("a ?= b; token = 5", "a ?= b; token = 5"),
    ],
)  # fmt: skip
def test_secrets_in_urls_are_masked_and_the_rest_left(url: str, redacted: str) -> None:
    assert redact_url(url) == redacted


@pytest.mark.parametrize(
    ("written", "redacted"),
    [
        ("User(name='ann', password='hunter2', age=3)", "User(name='ann', password=[redacted], age=3)"),
        ("{'api_key': \"it's\", 'b': 1}", "{'api_key': [redacted], 'b': 1}"),
        ("Headers([('Authorization', 'Bearer a b'), ('Host', 'x')])", "Headers([('Authorization', [redacted]), ('Host', 'x')])"),
        ("<Token: 9944b09>", "<Token: [redacted]>"),
        ("Authorization: Bearer abc.def", "Authorization: [redacted]"),
        ("X(tokens=['a', 'b'], n=1)", "X(tokens=[redacted], n=1)"),
        ("X(password='cut off", "X(password=[redacted]"),
        (r"X(password='it\'s', b=1)", "X(password=[redacted], b=1)"),
        ("X(max_tokens=5)", "X(max_tokens=5)"),
        ("array([1, 2])", "array([1, 2])"),
    ],
)  # fmt: skip
def test_secrets_that_a_repr_shows_are_masked(written: str, redacted: str) -> None:
    assert redact_written(written) == redacted
