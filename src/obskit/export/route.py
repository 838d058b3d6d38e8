"""Where requests go: the endpoint, and the proxy before it."""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit

from obskit.export.failure import ProxyError

_PORTS = {"http": 80, "https": 443}
_IN_TARGET = "%/:=&?~#+!$,;'@()*[]|"


@dataclass(frozen=True)
class Hop:
    """A server on the way.

    Attributes:
        scheme: `http` or `https`.
        host: A name or an address, without brackets.
        port: The port.
        authorization: The value of its authorization header, or None.
    """

    scheme: str
    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    @property
    def is_secure(self) -> bool:
        """Whether it speaks TLS."""
        return self.scheme == "https"

    @property
    def address(self) -> str:
        """Host and port.

        >>> Hop("http", "::1", 80).address
        '[::1]:80'
        """
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def authority(self) -> str:
        """Host and port as a URL has them: without the port that its scheme stands for.

        >>> Hop("http", "::1", 80).authority
        '[::1]'
        """
        usual = self.port == _PORTS[self.scheme]
        return self.address.removesuffix(f":{self.port}") if usual else self.address

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True)
class Route:
    """The way of a request.

    Attributes:
        endpoint: Where it goes.
        proxy: What it goes through, or None.
        path: The path and query.
    """

    endpoint: Hop
    proxy: Hop | None
    path: str = field(repr=False)

    @property
    def target(self) -> str:
        """The request-target (RFC 9112, section 3.2): a proxy for http is told the whole URL."""
        if self.proxy is not None and not self.endpoint.is_secure:
            return f"{self.endpoint}{self.path}"
        return self.path

    def __str__(self) -> str:
        shown = f"{self.endpoint}{self.path.partition('?')[0]}"
        return shown if self.proxy is None else f"{shown} through the proxy {self.proxy}"


def route(url: str) -> Route:
    """The way to a URL, by the variables HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.

    Args:
        url: Of http or https, complete.

    Raises:
        ValueError: The URL is none of http or https.
        ProxyError: Its proxy is not one for HTTP.

    >>> print(Route(Hop("https", "otel.test", 443), None, "/v1/logs?key=7"))
    https://otel.test/v1/logs
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("the endpoint is not an http:// or https:// URL with a host")
    endpoint = _hop(parts)
    path = quote(parts.path or "/", _IN_TARGET)
    query = f"?{quote(parts.query, _IN_TARGET)}" if parts.query else ""
    return Route(endpoint, _proxy(endpoint), path + query)


def _hop(parts: SplitResult) -> Hop:
    host = str(parts.hostname)
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            host = quote(host)  # no name, as its lookup will tell
    return Hop(parts.scheme, host, parts.port or _PORTS[parts.scheme], _authorization(parts))


def _authorization(parts: SplitResult) -> str | None:
    if parts.username is None:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _proxy(endpoint: Hop) -> Hop | None:
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    given = (proxies.get(endpoint.scheme) or proxies.get("all") or "").strip()
    if not given:
        return None
    if proxy_bypass(endpoint.host) or proxy_bypass(endpoint.address):
        return None
    if _is_in_networks(endpoint.host, proxies.get("no", "")):
        return None
    try:
        parts = urlsplit(given if "://" in given else f"http://{given}")
        if parts.scheme in _PORTS and parts.hostname:
            return _hop(parts)
    except ValueError:
        pass
    # Not the URL itself: it may hold a password.
    raise ProxyError("the proxy that the environment names is not an http:// or https:// URL")


def _is_in_networks(host: str, no_proxy: str) -> bool:
    """Whether NO_PROXY names a network that the address is in, which urllib does not look for."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for name in no_proxy.split(","):
        try:
            if "/" in name and address in ipaddress.ip_network(name.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False
