"""What a caller sends along, and how much of it is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import Link

from obskit.config import Config
from obskit.context import accepted_request_id
from obskit.telemetry import complaints


class Inbound(NamedTuple):
    """What is taken over from a caller.

    Attributes:
        context: The context that the request's span begins in.
        request_id: The caller's request id, if it is believed and valid.
        links: To the caller's span, where its trace is not continued.
        continued: Whether the trace began elsewhere.
    """

    context: Context | None
    request_id: str | None
    links: tuple[Link, ...]
    continued: bool


_NOTHING = Inbound(None, None, (), continued=False)


class InboundPolicy:
    """Reads the headers of callers by the rules of `trust_inbound`.

    Args:
        config: The configuration.
    """

    def __init__(self, config: Config) -> None:
        # Not at the top: the import reads OTEL_PROPAGATORS, and raises when it is wrong.
        from opentelemetry import propagate

        complaints.limit()
        self._extract = propagate.extract
        trust = config.trust_inbound
        self._networks = [] if isinstance(trust, str) else [ip_network(item) for item in trust]
        self._never = trust == "never"
        # A request without these headers needs no propagator.
        self._headers = (
            ("traceparent", "baggage", "x-request-id")
            if set(config.propagators) <= {"tracecontext", "baggage"}
            else ()
        )

    def read(
        self, header: Callable[[str], str | None], getter: Getter[Any], carrier: Any, peer: str
    ) -> Inbound:
        """What a request brings.

        Args:
            header: Gives the value of a header by its name in lower case.
            getter: Reads headers for the propagators.
            carrier: What `getter` reads from.
            peer: The address that the request came from.
        """
        if self._headers and not any(header(name) for name in self._headers):
            return _NOTHING
        believed = self._believes(peer)
        request_id = accepted_request_id(header("x-request-id")) if believed else None
        try:
            context = self._extract(carrier, getter=getter)
        except Exception:  # a propagator of the host's own choice; the request must go on
            context = Context()
        caller = trace.get_current_span(context).get_span_context()
        if not believed:
            links = (Link(caller),) if caller.is_valid else ()
            return Inbound(None, None, links, continued=False)
        return Inbound(context, request_id, (), caller.is_valid and caller.is_remote)

    def _believes(self, peer: str) -> bool:
        if self._never:
            return False
        if not self._networks:
            return True
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        # A server that listens on IPv6 sees callers over IPv4 as ::ffff:10.0.0.7.
        both = (address, getattr(address, "ipv4_mapped", None) or address)
        return any(one in network for network in self._networks for one in both)


class HeaderGetter(Getter[Mapping[str, str]]):
    """Reads headers from a mapping with keys in lower case."""

    def get(self, carrier: Mapping[str, str], key: str) -> list[str] | None:
        """The values of one header."""
        value = carrier.get(key.lower())
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, str]) -> list[str]:
        """The names of all headers."""
        return list(carrier)
