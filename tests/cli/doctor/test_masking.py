"""No secret leaves by the doctor's mouth, whoever said it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import CHECKS, Host
from tests.faults import faulty
from tests.faulty import Peer

from obskit.cli.doctor import DIAGNOSES
from obskit.cli.doctor.masking import masking
from obskit.cli.doctor.patient import Servers
from obskit.config import load

# Where each of them is planted stands in its name.
CANARIES = (
    "canary-dsn-0a1b2c",
    "canary-header-0a1b2c",
    "canary-otlp-password-0a1b2c",
    "canary-query-0a1b2c",
    "canary-token-0a1b2c",
    "canary-jaeger-0a1b2c",
    "canary-loki-0a1b2c",
    "canary-prometheus-0a1b2c",
    "canary-variable-0a1b2c",
    "canary-state-0a1b2c",
    "canary-hook-0a1b2c",
    "canary-proxy-0a1b2c",
)


def echo(peer: Peer) -> bool:
    """Refuse, and say back all that was said."""
    request = peer.take()
    told = f"{request.path} {request.headers} {' '.join(CANARIES)}"
    peer.answer(403, {"Via": told, "Location": told}, told.encode())
    return True


@pytest.mark.parametrize("words", [[], ["--json"], [*DIAGNOSES]])
def test_no_secret_is_told_whatever_is_wrong(
    app: Host, doctor: Doctor, tmp_path: Path, words: list[str]
) -> None:
    pytest.importorskip("sentry_sdk")
    pytest.importorskip("psycopg")
    token = tmp_path / "token"
    token.write_text("canary-token-0a1b2c")
    (tmp_path / "alerts.toml").write_text(
        '[receivers.team]\nwebhook = "https://hooks.test/canary-hook-0a1b2c"\n'
    )
    app.write(
        'checks.add("rows", lambda: None, every="1m", timeout="10s")',
        before='import obskit\nobskit.init("shop", environment="canary")' + CHECKS,
    )
    with faulty(echo) as server:
        host = f"127.0.0.1:{server.port}"
        environ = {
            "SENTRY_DSN": f"http://canary-dsn-0a1b2c@{host}/7",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=canary-header-0a1b2c",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://ada:canary-otlp-password-0a1b2c@{host}",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": (
                f"http://{host}/v1/logs?api_key=canary-query-0a1b2c"
            ),
            "OBSKIT_STATE_URL": "postgresql://ada:canary-state-0a1b2c@127.0.0.1:1/shop",
            "JAEGER_URL": f"http://ada:canary-jaeger-0a1b2c@{host}",
            "LOKI_URL": f"http://ada:canary-loki-0a1b2c@{host}",
            "PROMETHEUS_URL": f"http://{host}?token=canary-prometheus-0a1b2c",
            "BILLING_API_KEY": "canary-variable-0a1b2c",
            "https_proxy": "http://ada:canary-proxy-0a1b2c@127.0.0.1:1",
        }
        options = ("--sentry", f"http://{host}", "--sentry-token", str(token), "--timeout", "10s")
        found = doctor(*words, *options, **environ)
    assert found.exit_code == 1
    told = f"{found.stdout}{found.stderr}"
    assert "answered 403" in told
    assert [one for one in CANARIES if one in told] == []


def test_what_a_server_says_back_is_masked_wherever_it_was_held() -> None:
    environ = {
        "SENTRY_DSN": "https://0123abcd@sentry.test/7",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20sesame-street",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://ada:p%40ssword@otel:4318",
    }
    servers = Servers(jaeger="http://ada:hunter22@jaeger", sentry_token="sntrys_0123")
    mask = masking(load({}, environ), servers)
    told = (
        "0123abcd Bearer sesame-street, sesame-street p%40ssword p@ssword hunter22 sntrys_0123 ada"
    )
    assert mask(told) == (
        "[redacted] [redacted], [redacted] [redacted] [redacted] [redacted] [redacted] ada"
    )


def test_the_word_before_a_secret_in_a_header_stays() -> None:
    environ = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20sesame-street"}
    told = masking(load({}, environ), Servers())("authorization=Bearer%20… or Bearer")
    assert told == "authorization=Bearer%20… or Bearer"


def test_words_that_are_too_short_to_be_told_from_others_stay() -> None:
    environ = {"OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=shop"}
    assert masking(load({}, environ), Servers())("the shop is open") == "the shop is open"


def test_json_stays_json(app: Host, doctor: Doctor) -> None:
    found = doctor("configuration", "--json", API_TOKEN='quoted"secret')
    assert json.loads(found.stdout)["findings"][0]["complaint"] == "configuration"
