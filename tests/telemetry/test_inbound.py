"""What is taken over from a caller's headers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import SpanContext, format_span_id, format_trace_id

from obskit.config import Config
from obskit.telemetry import propagators
from obskit.telemetry.inbound import HeaderGetter, Inbound, InboundPolicy

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture(autouse=True)
def _propagators() -> Iterator[None]:
    """Those of the default, whatever other tests have set."""
    before = propagate.get_global_textmap()
    propagators.install(("tracecontext", "baggage"))
    yield
    propagate.set_global_textmap(before)


def read(
    headers: dict[str, str],
    trust: str | tuple[str, ...] = "ids",
    peer: str = "203.0.113.9",
    propagators: tuple[str, ...] = ("tracecontext", "baggage"),
) -> Inbound:
    """What is taken over."""
    policy = InboundPolicy(Config(trust_inbound=trust, propagators=propagators))
    return policy.read(headers.get, HeaderGetter(), headers, peer)


def caller(inbound: Inbound) -> SpanContext:
    """The span that the request's span begins under."""
    return trace.get_current_span(inbound.context).get_span_context()


def test_a_callers_trace_is_continued() -> None:
    """With its ids, its state and its baggage."""
    inbound = read(
        {
            "traceparent": VALID,
            "tracestate": "a=1,b=2",
            "baggage": "plan=free",
            "x-request-id": "r-1",
        }
    )
    assert inbound.continued
    assert inbound.request_id == "r-1"
    assert inbound.links == ()
    span = caller(inbound)
    assert (format_trace_id(span.trace_id), format_span_id(span.span_id)) == (TRACE, SPAN)
    assert dict(span.trace_state) == {"a": "1", "b": "2"}
    assert baggage.get_all(inbound.context) == {"plan": "free"}


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "x",
        VALID[:-1],
        f"00-{TRACE}-{SPAN}",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"{VALID},{VALID}",
    ],
)
def test_what_is_no_traceparent_begins_a_new_trace(traceparent: str) -> None:
    """W3C Trace Context, section 3.2: such a header is ignored, and its state with it."""
    inbound = read({"traceparent": traceparent, "tracestate": "a=1", "baggage": "plan=free"})
    assert not inbound.continued
    assert not caller(inbound).is_valid
    assert baggage.get_all(inbound.context) == {"plan": "free"}


def test_a_traceparent_of_a_later_version_may_be_longer() -> None:
    """Section 3.2.2: what is known of it is read."""
    inbound = read({"traceparent": f"01-{TRACE}-{SPAN}-01-more"})
    assert format_trace_id(caller(inbound).trace_id) == TRACE


@pytest.mark.parametrize(
    "tracestate", ["", "=", "a", "A=1", "a=1,a=2", ",".join(f"k{n}=1" for n in range(33))]
)
def test_a_wrong_tracestate_costs_the_state_and_not_the_trace(tracestate: str) -> None:
    """Section 3.3.1.2: the trace goes on."""
    inbound = read({"traceparent": VALID, "tracestate": tracestate})
    assert format_trace_id(caller(inbound).trace_id) == TRACE
    assert len(caller(inbound).trace_state) <= 1


@pytest.mark.parametrize("trust", ["never", ("10.0.0.0/8",)])
def test_a_caller_that_is_not_trusted_is_linked_to(trust: str | tuple[str, ...]) -> None:
    """A trace of our own, no request id, no baggage; but a way back to the caller's trace."""
    headers = {"traceparent": VALID, "baggage": "plan=free", "x-request-id": "r-1"}
    inbound = read(headers, trust)
    assert (inbound.context, inbound.request_id, inbound.continued) == (None, None, False)
    (link,) = inbound.links
    assert format_span_id(link.context.span_id) == SPAN
    assert read({"x-request-id": "r-1"}, trust).links == ()


@pytest.mark.parametrize(
    ("peer", "believed"),
    [
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("::ffff:10.1.2.3", True),
        ("::ffff:11.1.2.3", False),
        ("fd00::7", True),
        ("fd00::7%eth0", True),
        ("fe80::7", False),
        ("::ffff:172.16.0.1", True),
        ("", False),
        ("unix:", False),
        ("10.1.2.3, 11.1.2.3", False),
    ],
)
def test_callers_inside_the_networks_are_trusted(peer: str, believed: bool) -> None:
    """IPv4 seen over IPv6 is IPv4; what is no address is outside."""
    inbound = read(
        {"traceparent": VALID}, ("10.0.0.0/8", "fd00::/8", "::ffff:172.16.0.0/108"), peer
    )
    assert inbound.continued is believed


@pytest.mark.parametrize("trust", ["ids", "always"])
def test_ids_of_any_caller_are_taken_over_unless_told_otherwise(trust: str) -> None:
    """What the sampled flag means is the sampler's affair: both hand it on."""
    inbound = read({"traceparent": VALID[:-1] + "0", "x-request-id": "r-1"}, trust, "unix:")
    assert inbound.continued
    assert inbound.request_id == "r-1"
    assert not caller(inbound).trace_flags.sampled


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 129, "a\r\nb", "ü"])
def test_a_request_id_that_cannot_stand_in_a_line_is_not_taken(request_id: str) -> None:
    """Its trace still is."""
    inbound = read({"traceparent": VALID, "x-request-id": request_id})
    assert (inbound.request_id, inbound.continued) == (None, True)


def test_without_headers_there_is_nothing_to_read() -> None:
    """No propagator is asked."""
    propagate.set_global_textmap(_Raising())
    assert read({"cookie": "a=b"}) == Inbound(None, None, (), continued=False)


def test_a_propagator_with_other_headers_is_always_asked() -> None:
    """It alone knows what they are called."""
    propagators.install(("tracecontext",))
    inbound = read({"traceparent": VALID}, propagators=("b3",))
    assert inbound.continued
    assert not read({}, propagators=("b3",)).continued


class _Raising(TextMapPropagator):
    def extract(self, *_args: object, **_kwargs: object) -> Context:
        raise RuntimeError("no")

    def inject(self, *_args: object, **_kwargs: object) -> None:
        raise NotImplementedError

    @property
    def fields(self) -> set[str]:
        return set()


def test_a_propagator_that_raises_costs_the_trace_and_not_the_request() -> None:
    """It may be anybody's."""
    propagate.set_global_textmap(_Raising())
    inbound = read({"traceparent": VALID, "x-request-id": "r-1"})
    assert (inbound.request_id, inbound.continued) == ("r-1", False)
    assert not caller(inbound).is_valid


# What a server hands over: WSGI's strings are Latin-1, others may be anything.
_VALUE = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    [VALID, VALID.upper(), f"00-{TRACE}-{SPAN}-ff", "a=1", "%", "a=%ff%fe", "a=1;b=2;;,", "=" * 999]
)


@given(
    headers=st.dictionaries(
        st.sampled_from(["traceparent", "tracestate", "baggage", "x-request-id"]), _VALUE
    ),
    peer=st.text() | st.ip_addresses().map(str),
    trust=st.sampled_from(["ids", "always", "never", ("10.0.0.0/8", "fd00::/8")]),
)
def test_no_header_of_a_hostile_caller_raises(
    headers: dict[str, str], peer: str, trust: str | tuple[str, ...]
) -> None:
    """And what is taken over is well formed."""
    inbound = read(headers, trust, peer)
    assert inbound.continued is (caller(inbound).is_valid and trust != "never")
    if inbound.request_id is not None:
        assert inbound.request_id == headers["x-request-id"]
        assert inbound.request_id.isascii()
    if trust == "never":
        assert inbound.context is None


def test_headers_are_found_in_any_case_by_their_names_in_lower_case() -> None:
    """Propagators ask as they like."""
    getter = HeaderGetter()
    assert getter.get({"b3": "0"}, "B3") == ["0"]
    assert getter.get({}, "b3") is None
    assert getter.keys({"b3": "0", "baggage": ""}) == ["b3", "baggage"]
