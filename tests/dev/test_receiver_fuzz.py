"""Whatever is sent, the receiver answers, never with 5xx, and goes on."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from obskit.dev.archive import Archive
from obskit.dev.page.site import Site
from obskit.dev.receiver import Receiver
from obskit.dev.stories import Stories
from obskit.stories.signals import Signal

SPAN = Span(trace_id=bytes(range(16)), span_id=bytes(range(8)), name="work")
REQUEST = ExportTraceServiceRequest(
    resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[SPAN])])]
).SerializeToString()
ENVELOPE = b'{}\n{"type":"event","length":15}\n{"message":"a"}\n'
PATHS = ("/v1/traces", "/v1/logs", "/v1/metrics", "/api/1/envelope/", "/api/1/store/", "/")
TYPES = ("application/x-protobuf", "application/json", "text/plain", "")
ENCODINGS = ("gzip", "deflate", "br", "identity", "x", "")


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as (running, _):
        yield running


@pytest.fixture(scope="module")
def page() -> Iterator[tuple[Receiver, str]]:
    with receiving() as running:
        yield running


@contextmanager
def receiving() -> Iterator[tuple[Receiver, str]]:
    """A receiver and the path of its page."""
    stories, archive = Stories(), Archive()
    site = Site(archive, stories)

    def take(signals: Sequence[Signal]) -> None:
        stories.receive(signals)
        archive.take(signals)

    with Receiver(take, page=site.answer, limit=100_000) as running:
        yield running, site.path
    archive.close()


def exchange(receiver: Receiver, request: bytes) -> bytes:
    """Send bytes, say no more, and return the answer. Fails when there is none in 30 s."""
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=30) as sender:
        sender.sendall(request)
        sender.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while part := sender.recv(65536):
                answer += part
        except ConnectionResetError:
            pass  # the receiver closed with some of our bytes unread
        return answer


def post(receiver: Receiver, path: str, content_type: str, encoding: str, body: bytes) -> int:
    head = (
        f"POST {path} HTTP/1.1\r\nContent-Type: {content_type}\r\n"
        f"Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return int(exchange(receiver, head.encode() + body).split()[1])


def spoilt(whole: bytes) -> st.SearchStrategy[bytes]:
    """A good body with some bytes replaced, and cut somewhere."""
    spots = st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=4)

    def spoil(spots: list[tuple[int, int]], end: int) -> bytes:
        body = bytearray(whole)
        for position, byte in spots:
            body[position] = byte
        return bytes(body[:end])

    return st.builds(spoil, spots, st.integers(0, len(whole)))


BODIES = (
    st.binary(max_size=200) | spoilt(REQUEST) | spoilt(ENVELOPE) | spoilt(gzip.compress(REQUEST))
)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(PATHS), st.sampled_from(TYPES), st.sampled_from(ENCODINGS), BODIES)
@example("/v1/traces", "application/json", "", b"[" * 90_000)
@example("/v1/traces", "application/json", "", b'{"a":' * 900 + b"1" + b"}" * 900)
@example("/api/1/envelope/", "", "", b"{}\n" + b"\n" * 90_000)
@example("/v1/traces", "application/x-protobuf", "gzip", gzip.compress(bytes(10_000_000)))
@example("/v1/traces", "application/x-protobuf", "", b"\x0a" * 90_000)
def test_any_body_is_answered_below_500(
    receiver: Receiver, path: str, content_type: str, encoding: str, body: bytes
) -> None:
    assert 200 <= post(receiver, path, content_type, encoding, body) < 500


@settings(deadline=None)
@given(st.binary(max_size=300))
@example(b"POST /v1/traces HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")
@example(b"POST /v1/traces HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n")
@example(b"POST /v1/traces HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n")
@example(b"GET " + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n")
def test_any_bytes_are_answered_below_500_or_not_at_all(
    receiver: Receiver, request_bytes: bytes
) -> None:
    answer = exchange(receiver, request_bytes)
    assert not answer.startswith(b"HTTP/1.1 5")


def test_a_sound_request_is_taken_after_all_of_that(receiver: Receiver) -> None:
    assert post(receiver, "/v1/traces", "application/x-protobuf", "", REQUEST) == 200


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80))
@example("story?number=99999999999999999999")
@example("?before=-1&status=%00&text=%ff%fe&id=%")
@example("?" + "&".join(f"a{number}=1" for number in range(500)))
@example("error?number=1&error=999&from=999999999999999")
@example("metrics?from=99999999")
def test_any_address_of_the_page_is_answered_below_500(
    page: tuple[Receiver, str], target: str
) -> None:
    receiver, path = page
    request = f"GET {path}{target} HTTP/1.0\r\nHost: localhost\r\n\r\n"
    answer = exchange(receiver, request.encode())
    assert 200 <= int(answer.split()[1]) < 500
