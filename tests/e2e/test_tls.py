"""The collector that other hosts reach: who is let in, and what the others are told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import grpc
import pytest
import trustme
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from .reading import jaeger_operations
from .stack import Stack
from .waiting import wait_until

HOST = """
import json, sys
import obskit

obskit.init(sys.argv[1])
with obskit.span("far work"):
    pass
obskit.flush()
print(json.dumps(obskit.status()["ledger"]["traces"]))
"""


@dataclass(frozen=True)
class Secured:
    """A Jaeger, and a collector in front of it that wants TLS and a token.

    Attributes:
        stack: Both.
        folder: Of the certificates of two authorities, of which one is the collector's.
        tokens: The file of tokens.
    """

    stack: Stack
    folder: Path
    tokens: Path

    def way(self, protocol: str = "http", scheme: str = "https") -> dict[str, str]:
        """Where it is reached, as obskit is told."""
        port = self.stack.addresses.reach[f"collector_otlp_{protocol}"]
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"{scheme}://{port}"}
        return {**told, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"} if protocol == "grpc" else told

    def trusting(self, authority: str = "ours") -> dict[str, str]:
        """Whom a client trusts."""
        return {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(self.folder / f"{authority}.pem")}

    def send(self, service: str, env: Mapping[str, str]) -> tuple[dict[str, object], str]:
        """One span of a real service: what became of it, and what was said."""
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / service),
            "OTEL_METRICS_EXPORTER": "none",  # there is no Prometheus behind it
        }
        done = subprocess.run(
            [sys.executable, "-c", HOST, service],
            env={**own, **env},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return json.loads(done.stdout), done.stderr

    def arrived(self, service: str) -> list[dict[str, int]]:
        """The traces of a service that Jaeger has."""
        return list(jaeger_operations(self.stack.url("jaeger_query_http"), service).values())


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Tokens are in a file that ends with a newline, as files do."""
    folder = tmp_path_factory.mktemp("secured")
    ours, theirs = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(folder / "ours.pem")
    theirs.cert_pem.write_to_path(folder / "theirs.pem")
    issued = ours.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "tls.key")
    issued.cert_chain_pems[0].write_to_path(folder / "tls.crt")
    tokens = folder / "tokens.yaml"
    tokens.write_text("- s3cret\n")
    env = {
        "OTELCOL_TLS_CERT_FILE": str(folder / "tls.crt"),
        "OTELCOL_TLS_KEY_FILE": str(folder / "tls.key"),
        "OTELCOL_TOKENS_FILE": str(tokens),
    }
    with Stack(folder / "stack") as stack:
        stack.start("jaeger")
        stack.start("collector", env=env, config=["profiles/tls.yaml"])
        yield Secured(stack, folder, tokens)


def bearing(token: str) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_HEADERS": f"authorization={quote(f'Bearer {token}')}"}


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_client_that_trusts_it_and_bears_the_token_is_let_in(
    secured: Secured, protocol: str
) -> None:
    env = {**secured.way(protocol), **secured.trusting(), **bearing("s3cret")}
    ledger, _ = secured.send(f"let-in-{protocol}", env)
    assert (ledger["exported"], ledger["dropped"]) == (1, {})
    traces = wait_until("it is in Jaeger", lambda: secured.arrived(f"let-in-{protocol}"))
    assert traces == [{"far work": 1}]


Env = Callable[[Secured], dict[str, str]]
REFUSED: Mapping[str, tuple[Env, dict[str, object], str]] = {
    "without-a-token": (
        lambda it: {**it.way(), **it.trusting()},
        {"dropped": {"http_401": 1}, "spooled": 0},
        "refuses traces: HTTP 401: missing or empty authorization header",
    ),
    "with-another-token": (
        lambda it: {**it.way(), **it.trusting(), **bearing("guess")},
        {"dropped": {"http_401": 1}, "spooled": 0},
        "refuses traces: HTTP 401: provided authorization does not match",
    ),
    "trusting-another-authority": (
        lambda it: {**it.way(), **it.trusting("theirs"), **bearing("s3cret")},
        {"dropped": {}, "spooled": 1},
        "its certificate is not trusted",
    ),
    "without-tls": (
        lambda it: {**it.way(scheme="http"), **bearing("s3cret")},
        {"dropped": {"http_400": 1}, "spooled": 0},
        "refuses traces: HTTP 400",
    ),
    "by-grpc-without-a-token": (
        lambda it: {**it.way("grpc"), **it.trusting()},
        {"dropped": {"export_failed": 1}, "spooled": 0},
        "UNAUTHENTICATED",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_any_other_client_is_refused_and_says_so(secured: Secured, case: str) -> None:
    """And nothing of it arrives."""
    env, became, said = REFUSED[case]
    ledger, stderr = secured.send(case, env(secured))
    assert {key: ledger[key] for key in ("exported", *became)} == {"exported": 0, **became}
    assert said in stderr
    assert secured.arrived(case) == []


@pytest.mark.parametrize("header", ["Bearer ", "Bearer", ""])
def test_an_empty_token_is_none(secured: Secured, header: str) -> None:
    """Of a file that ends with a newline, the last line is no token."""
    authority = grpc.ssl_channel_credentials((secured.folder / "ours.pem").read_bytes())
    address = secured.stack.addresses.reach["collector_otlp_grpc"]
    with grpc.secure_channel(address, authority) as channel:
        export = TraceServiceStub(channel).Export  # type: ignore[no-untyped-call]
        with pytest.raises(grpc.RpcError) as refused:
            export(ExportTraceServiceRequest(), metadata=[("authorization", header)], timeout=10)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_token_is_added_without_a_restart(secured: Secured) -> None:
    """So that senders change over one by one."""
    env = {**secured.way(), **secured.trusting()}
    ledger, _ = secured.send("too-early", {**env, **bearing("added")})
    assert ledger["dropped"] == {"http_401": 1}
    secured.tokens.write_text("- s3cret\n- added\n")
    collector = secured.stack.processes["collector"]
    collector.reload()
    wait_until("it serves again", lambda: collector.log.read_text().count("is ready") == 2)
    for token in ("s3cret", "added"):
        ledger, _ = secured.send(f"afterwards-{token}", {**env, **bearing(token)})
        assert ledger["exported"] == 1
    collector.require_alive()
