"""Variables of certificates."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from .authority import FILES, Authority, certificates
from .child import ONE_OF_EACH, serve
from .receiver import Receiver
from .variables import shows

SIGNALS = ("TRACES", "METRICS", "LOGS")


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Authority]:
    """One for each signal, and another."""
    folder = tmp_path_factory.mktemp("certificates")
    return {name: Authority(folder, name) for name in (*SIGNALS, "OTHER")}


@shows(*(f"OTEL_EXPORTER_OTLP_{name}" for name in FILES))
def test_general_certificates_open_the_way_for_every_signal(
    authorities: dict[str, Authority], tmp_path: Path
) -> None:
    """The receiver is known by its authority, and knows its client."""
    authority = authorities["OTHER"]
    with Receiver(authority.server()) as secured:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": secured.url, **certificates(authority)}
        serve(ONE_OF_EACH, environ, tmp_path)
        assert len(secured.paths()) == 3
        assert {request.client for request in secured.requests} == {"OTHER"}


@shows("OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")
@pytest.mark.parametrize("missing", FILES)
def test_nothing_leaves_without_the_right_certificates(
    missing: str, authorities: dict[str, Authority], tmp_path: Path
) -> None:
    """An unknown receiver gets nothing, nor does one that does not know its client."""
    authority = authorities["OTHER"]
    with Receiver(authority.server()) as secured:
        environ = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": secured.url, **certificates(authority)}
        del environ[f"OTEL_EXPORTER_OTLP_{missing}"]
        if missing == "CLIENT_CERTIFICATE":
            del environ["OTEL_EXPORTER_OTLP_CLIENT_KEY"]
        environ |= {"OTEL_EXPORTER_OTLP_TIMEOUT": "500", "OBSKIT_SHUTDOWN_TIMEOUT": "0"}
        script = """
with obskit.span("work"):
    pass
sent = obskit.flush(20)
print(json.dumps([sent, obskit.status()["ledger"]["traces"]["spooled"]]))
"""
        assert serve(script, environ, tmp_path) == [True, 1]
        assert secured.requests == []


@shows(*(f"OTEL_EXPORTER_OTLP_{signal}_{name}" for signal in SIGNALS for name in FILES))
def test_each_signal_has_certificates_of_its_own(
    authorities: dict[str, Authority], tmp_path: Path
) -> None:
    """Three receivers that trust different authorities each get theirs from a client they know."""
    environ = certificates(authorities["OTHER"])
    with ExitStack() as stack:
        secured = {}
        for signal in SIGNALS:
            authority = authorities[signal]
            secured[signal] = stack.enter_context(Receiver(authority.server()))
            environ[f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"] = secured[signal].url
            environ |= certificates(authority, f"{signal}_")
        serve(ONE_OF_EACH, environ, tmp_path)
        for signal in SIGNALS:
            assert secured[signal].paths() == [f"/v1/{signal.lower()}"]
            assert {request.client for request in secured[signal].requests} == {signal}
