"""What it means that no answer came."""

from __future__ import annotations

import http.client
import socket
import ssl

from obskit.export.answer import Answer, line
from obskit.redaction.texts import describe


class ProxyError(OSError):
    """A proxy does not let a connection through."""


_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (ProxyError, "proxy"),
    (socket.gaierror, "dns"),
    (UnicodeError, "dns"),  # a host whose name cannot be one
    (ssl.SSLError, "tls"),
    (TimeoutError, "timeout"),
    (ConnectionRefusedError, "connection_refused"),
    (ConnectionAbortedError, "aborted"),
    (http.client.RemoteDisconnected, "connection_closed"),
    (ConnectionError, "connection_reset"),
    (http.client.HTTPException, "garbage"),
    (OSError, "unreachable"),
)


def no_answer(error: BaseException, endpoint: str) -> Answer:
    """The answer that stands for none: the batch can be sent again. Never raises.

    Args:
        error: What went wrong.
        endpoint: Where it was sent, as it may be shown.

    >>> no_answer(ConnectionRefusedError(111, "Connection refused"), "http://otel:4318")
    Answer(kind='retry', rejected=0, retry_after=None, reason='connection_refused', \
message='http://otel:4318: Connection refused')
    """
    told = line(f"{endpoint}: {words(error)}")
    return Answer("retry", reason=_reason(error), message=told)


def _reason(error: BaseException) -> str:
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "failed")


def words(error: BaseException) -> str:
    """What went wrong, for a person.

    Args:
        error: What went wrong.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {getattr(error, 'reason', None) or error.strerror}"
    if isinstance(error, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    if isinstance(error, http.client.HTTPException):
        return "it does not answer in HTTP"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return describe(error)
