"""How a connection is made: the name looked up, the proxy passed, TLS agreed, all in time."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable
from typing import Any, cast

from obskit.export.deadline import Deadline, DeadlineSocket, Stream
from obskit.export.failure import ProxyError
from obskit.export.route import Hop, Route
from obskit.export.tls import SecureStream, Trust

_OK = 200
_Addresses = list[tuple[Any, Any, int, str, Any]]


def dial(
    route: Route, trust: Trust, deadline: Deadline, passed: Callable[[str], object] = str
) -> Stream:
    """A connection that a request can be sent on.

    Args:
        route: Where to, and through what.
        trust: Whom to trust.
        deadline: When to give up.
        passed: Is told each step that was taken: name, tcp, proxy, tls.

    Raises:
        OSError: There is none. `socket.gaierror`, `ssl.SSLError` and `ProxyError` are among them.
        http.client.HTTPException: The proxy does not speak HTTP.
    """
    stream: Stream = _connect(route.proxy or route.endpoint, deadline, passed)
    try:
        if route.proxy is not None:
            if route.proxy.is_secure:
                stream = SecureStream(stream, trust.context_of_proxy(), route.proxy.host)
            if route.endpoint.is_secure:
                _tunnel(stream, route.endpoint, route.proxy)
            passed("proxy")
        if route.endpoint.is_secure:
            stream = SecureStream(stream, trust.context(), route.endpoint.host)
            passed("tls")
    except BaseException:
        stream.close()
        raise
    return stream


def _connect(hop: Hop, deadline: Deadline, passed: Callable[[str], object]) -> DeadlineSocket:
    # Not `socket.create_connection`: it gives every address of a name the whole time.
    failure: OSError = socket.gaierror(socket.EAI_NONAME, "the name has no address")
    addresses = _look_up(hop, deadline)
    passed("name")
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        share = deadline.left() / (len(addresses) - tried)
        try:
            raw = socket.socket(family, kind, protocol)
        except OSError as error:  # a family that this machine does not have
            failure = error
            continue
        stream = DeadlineSocket(raw, deadline)
        try:
            raw.settimeout(share)
            raw.connect(address)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            passed("tcp")
            return stream
        except OSError as error:
            stream.close()
            failure = error
        except BaseException:
            stream.close()
            raise
    raise failure


def _look_up(hop: Hop, deadline: Deadline) -> _Addresses:
    """The addresses of a host. A resolver knows no time-out of ours, so it gets a thread."""
    try:
        return socket.getaddrinfo(
            hop.host, hop.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    except socket.gaierror:
        pass  # a name
    found: list[_Addresses | Exception] = []
    ended = threading.Event()

    def look() -> None:
        try:
            found.append(socket.getaddrinfo(hop.host, hop.port, type=socket.SOCK_STREAM))
        except Exception as error:
            found.append(error)
        ended.set()

    deadline.watch(ended.set)
    try:
        threading.Thread(target=look, name="obskit-lookup", daemon=True).start()
    except RuntimeError:  # no more threads, or the interpreter is ending
        look()
    while not found:
        ended.wait(deadline.left())
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _tunnel(stream: Stream, endpoint: Hop, proxy: Hop) -> None:
    head = f"CONNECT {endpoint.address} HTTP/1.1\r\nHost: {endpoint.address}\r\n"
    if proxy.authorization:
        head += f"Proxy-Authorization: {proxy.authorization}\r\n"
    stream.sendall(f"{head}\r\n".encode("latin-1"))
    response = http.client.HTTPResponse(cast("socket.socket", stream), method="CONNECT")
    try:
        response.begin()
    finally:
        response.close()
    if response.status != _OK:
        raise ProxyError(f"the proxy answered {response.status} to CONNECT")
