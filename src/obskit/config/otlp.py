"""The options of OTLP: once for all signals, and once for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from obskit.config import values
from obskit.config.option import option
from obskit.config.values import Value, integer, one_of

Signal = Literal["traces", "metrics", "logs"]
SIGNALS: tuple[Signal, ...] = get_args(Signal)

#: A number smaller than this is nearly always meant as seconds, as some SDKs read it.
TIMEOUT_MILLISECONDS = Value(
    integer(100, 600_000).parse, "milliseconds from 100 to 600000 (10000 is ten seconds)"
)


@dataclass(frozen=True)
class Otlp:
    """Where and how one signal leaves over OTLP. A signal's own variable beats the general one."""

    endpoint: str | None = option(
        None,
        "ENDPOINT",
        values.ENDPOINT,
        "Where to send. The general one is a base URL: v1/traces, v1/metrics or v1/logs is added.",
    )
    protocol: str = option(
        "http/protobuf",
        "PROTOCOL",
        one_of("http/protobuf", "grpc"),
        "The transport; grpc needs the extra of that name.",
    )
    headers: Mapping[str, str] = option(
        {}, "HEADERS", values.HEADERS, "Headers of every request.", secret=True
    )
    timeout_ms: int = option(
        10_000, "TIMEOUT", TIMEOUT_MILLISECONDS, "How long one export may take, milliseconds."
    )
    compression: str = option(
        "gzip", "COMPRESSION", one_of("gzip", "none"), "How the body is compressed."
    )
    certificate: str | None = option(
        None, "CERTIFICATE", values.TEXT, "File of the certificate authorities to trust."
    )
    client_key: str | None = option(
        None, "CLIENT_KEY", values.TEXT, "File of the client's private key."
    )
    client_certificate: str | None = option(
        None, "CLIENT_CERTIFICATE", values.TEXT, "File of the client's certificate chain."
    )
    insecure: bool = option(
        False, "INSECURE", values.BOOLEAN, "gRPC only: no TLS where the endpoint has no scheme."
    )
