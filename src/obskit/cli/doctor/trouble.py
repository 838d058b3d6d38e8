"""What went wrong with a request, in words, and what to do about it."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from obskit.cli.exchange import Answered, Unanswered
from obskit.export.failure import ProxyError, words

# What OpenSSL calls what is wrong with a certificate (x509_vfy.h).
_NOT_YET, _EXPIRED, _WRONG_NAME, _WRONG_ADDRESS = 9, 10, 62, 64
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
_PORTS = "OTLP over HTTP is usually on 4318, over gRPC on 4317"
_OWN_CERTIFICATE = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and …_CLIENT_KEY"
_LOGIN = "the login is wrong or missing: OTEL_EXPORTER_OTLP_HEADERS, as authorization=Bearer%20…"
#: What to do where a server with an API of its own wants another login.
SERVER_LOGIN = "its login is wrong or missing: give user and password in the URL, before the host"
_PATH = "there is no such path: "
_OF_OTLP: Mapping[int, str] = {
    400: "it takes no request that is empty, or it is no receiver of OTLP: see its log",
    401: _LOGIN,
    403: "it knows us and lets us do nothing: the rights of the login, or a firewall for HTTP before it",
    404: f"{_PATH}is something added to the endpoint, or missing? The general variable is a base URL,"
    " to which v1/traces, v1/metrics, v1/logs is added",
    405: f"what is there takes no POST: is it the port of a user interface? {_PORTS}",
    407: "the proxy wants a login: give user and password in HTTPS_PROXY, before its host",
    413: "it, or a proxy before it, takes smaller requests only: raise its limit (nginx:"
    " client_max_body_size), or lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    415: "it takes no protobuf, or no gzip: try OTEL_EXPORTER_OTLP_COMPRESSION=none",
    429: "it is asked too much: see its limits; obskit sends again later, from its spool",
}
_OF_SERVERS: Mapping[int, str] = {
    403: "it lets us read nothing: the rights of that login",
    404: f"{_PATH}is it the URL of another server, or is a prefix missing?",
    407: _OF_OTLP[407],
    429: "it is asked too much: see its limits, and try again",
}
_GATEWAY: Mapping[int, str] = {
    502: "the proxy before it does not reach it: does it run, and is the proxy's upstream right?",
    503: "it, or what is behind it, cannot take it now: see its log, and whether its queue is full",
    504: "what is behind the proxy does not answer it in time: see the load of the receiver",
}
#: What to look at where an answer takes long.
SLOW = "see its load, and what is between: while one is answered the next has to wait"
# They tell that a proxy has answered, or passed the answer on.
_MARKS_OF_PROXIES = ("via", "x-squid-error", "cf-ray", "x-envoy-upstream-service-time")


def of_silence(error: Unanswered, url: str) -> tuple[str, str]:
    """No answer came: why, and what to do.

    Args:
        error: What happened.
        url: Where it was asked.
    """
    told = f"{error.step} failed after {error.seconds * 1_000:.0f} ms: {words(error.cause)}"
    return told, _remedy(error, urlsplit(url))


def of_refusal(answered: Answered, *, otlp: bool, login: str = SERVER_LOGIN) -> tuple[str, str]:
    """An answer came that is no success: what it says, and what to do.

    Args:
        answered: The answer.
        otlp: Whether a receiver was asked; else a server with an API of its own.
        login: What to do where such a server wants another login.
    """
    status = answered.status
    told = f"answered {status}"
    proxies = [name for name in _MARKS_OF_PROXIES if name in answered.headers]
    if proxies:
        told += f", perhaps a proxy did ({', '.join(proxies)})"
    if 300 <= status < 400:  # noqa: PLR2004
        return told, "it redirects, which is not followed: give the URL that it redirects to"
    if b"HTTPS server" in answered.body or b"HTTPS port" in answered.body:
        return told, "the port speaks TLS: write https:// instead of http://"
    table = _OF_OTLP if otlp else {**_OF_SERVERS, 401: login}
    usual = "see its log" if status < 500 else "it failed: see its log"  # noqa: PLR2004
    return told, table.get(status) or _GATEWAY.get(status, usual)


def of_another(answered: Answered, *, otlp: bool) -> tuple[str, str]:
    """An answer came that is a success of something else: what it is, and what to do.

    Args:
        answered: The answer.
        otlp: Whether a receiver was asked; else a server with an API of its own.
    """
    kind = answered.headers.get("content-type", "").partition(";")[0] or "no type"
    told = f"answered {answered.status} with {kind}, as something else does"
    if otlp:
        return told, f"what is sent there is lost: is it the port of a user interface? {_PORTS}"
    return told, "is it the URL of another server, a page for logins, or is a prefix missing?"


def _remedy(error: Unanswered, parts: SplitResult) -> str:
    cause, host = error.cause, parts.hostname
    if isinstance(cause, ProxyError):
        return "see HTTPS_PROXY and HTTP_PROXY; name hosts that need no proxy in NO_PROXY"
    if isinstance(cause, (socket.gaierror, UnicodeError)):
        return f"is {host} spelt right, and known to the DNS of this host or container?"
    if isinstance(cause, ssl.SSLError):
        return _of_tls(cause, host, error.step)
    if isinstance(cause, TimeoutError):
        return _of_time(error.step)
    if isinstance(cause, ConnectionRefusedError):
        return (
            f"does it run, and on that port? {_PORTS}. In a container, localhost is the container"
        )
    if isinstance(cause, (ConnectionError, http.client.HTTPException)):
        if parts.scheme == "http":
            return f"it may speak TLS (https://), or another protocol: {_PORTS}"
        if error.step == "http":
            return (
                f"it may want a certificate from us: {_OWN_CERTIFICATE}; or it failed: see its log"
            )
        return f"it may speak another protocol: {_PORTS}; or a proxy between ends connections"
    if isinstance(cause, ValueError):
        return (
            "correct it: an http:// or https:// URL with a host, headers without control characters"
        )
    return "is there a route to it? See the network and the firewall of this host"


def _of_tls(cause: ssl.SSLError, host: str | None, step: str) -> str:
    code = getattr(cause, "verify_code", 0)
    if code == _EXPIRED:
        return "its certificate has expired: renew it there; or is the clock of this host ahead?"
    if code == _NOT_YET:
        return "its certificate is not valid yet: is the clock of this host behind?"
    if code in {_WRONG_NAME, _WRONG_ADDRESS}:
        return f"its certificate is for other names than {host}: use one of them, or reissue it"
    if code in _UNKNOWN_AUTHORITY:
        return (
            "its authority is not known here: name its file by OTEL_EXPORTER_OTLP_CERTIFICATE, or"
            " SSL_CERT_FILE; where a proxy opens TLS, the authority is the proxy's"
        )
    reason = str(getattr(cause, "reason", "") or cause)
    if "CERTIFICATE" in reason and (step == "http" or "ALERT" in reason):
        return f"it wants a certificate from us: {_OWN_CERTIFICATE}"
    if any(
        word in reason for word in ("WRONG_VERSION", "RECORD_LAYER", "UNEXPECTED_EOF", "PACKET")
    ):
        return "the port speaks no TLS: write http:// instead of https://, or use its port of TLS"
    return (
        "see the files of certificates that are named here, and the versions of TLS that it takes"
    )


def _of_time(step: str) -> str:
    if step == "name":
        return "the DNS does not answer: see /etc/resolv.conf, and whether its server is reached"
    if step == "tcp":
        return "nothing says yes or no: a firewall drops it, or nobody has that address"
    if step == "tls":
        return "it takes connections and says nothing of TLS: is there TLS on this port (else http://)?"
    return "it takes connections and says nothing: it hangs, or speaks another protocol"
