"""What a receiver's answer means (OTLP specification, OTLP/HTTP Response)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from obskit.clock import SYSTEM_CLOCK
from obskit.export.answer import Answer, line, read_answer

NOT_OTLP = "accepted, with an answer that is not OTLP; is the endpoint the right one?"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_an_empty_answer_of_success_accepts_everything(status: int) -> None:
    assert read_answer(status, {}, b"") == Answer("accepted", 0, None, "", "")


def test_the_empty_messages_of_protobuf_and_json_accept_everything() -> None:
    assert read_answer(200, {}, b"\x0a\x00") == Answer("accepted")
    assert read_answer(200, {}, b"{}") == Answer("accepted")
    assert read_answer(200, {}, b'{"partialSuccess": {}}') == Answer("accepted")
    assert read_answer(200, {}, b'{"partialSuccess": null}') == Answer("accepted")


def test_a_partial_success_of_each_signal_says_how_many_were_rejected() -> None:
    traces, metrics, logs = (
        ExportTraceServiceResponse(),
        ExportMetricsServiceResponse(),
        ExportLogsServiceResponse(),
    )
    traces.partial_success.rejected_spans = 3
    metrics.partial_success.rejected_data_points = 300
    logs.partial_success.rejected_log_records = 2**40
    for sent in (traces, metrics, logs):
        sent.partial_success.error_message = "too old"
    found = [read_answer(200, {}, each.SerializeToString()) for each in (traces, metrics, logs)]
    assert found == [
        Answer("accepted", 3, None, "rejected", "too old"),
        Answer("accepted", 300, None, "rejected", "too old"),
        Answer("accepted", 1_099_511_627_776, None, "rejected", "too old"),
    ]


def test_rejected_records_without_a_message_get_one() -> None:
    assert read_answer(200, {}, b"\x0a\x02\x08\x02").message == "2 records were rejected"


def test_a_message_without_rejected_records_is_a_warning() -> None:
    """OTLP specification, Partial Success: servers may use it to convey warnings."""
    answer = read_answer(200, {}, b"\x0a\x06\x12\x04slow")
    assert answer == Answer("accepted", 0, None, "warning", "slow")


def test_fields_that_are_not_known_are_skipped() -> None:
    """Of every wire type, around and within the partial success."""
    strange = b"\x78\x96\x01" + b"\x79" + b"8bytes.." + b"\x7a\x01x" + b"\x7d4b.."
    inner = strange + b"\x08\x07" + strange
    body = strange + b"\x0a" + bytes([len(inner)]) + inner + strange
    assert read_answer(200, {}, body).rejected == 7


def test_a_negative_number_of_rejected_records_is_none() -> None:
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = -1
    assert read_answer(200, {}, response.SerializeToString()) == Answer("accepted")


@pytest.mark.parametrize(
    ("name", "number"),
    [("rejectedSpans", "4"), ("rejectedDataPoints", 4), ("rejectedLogRecords", "4")],
)
def test_a_partial_success_in_json_is_understood(name: str, number: object) -> None:
    """An int64 is text in JSON, which not every server knows."""
    body = json.dumps({"partialSuccess": {name: number, "errorMessage": "too old"}}).encode()
    headers = {"Content-Type": "application/json"}
    assert read_answer(200, headers, body) == Answer("accepted", 4, None, "rejected", "too old")


@pytest.mark.parametrize(
    "body",
    [
        b"OK",
        b"<html>welcome</html>",
        b"\x0a\xff",
        b"\x0a\x02\x08",
        b"\xff" * 11,
        b"\x00\x00",
        b"{",
        b'{"partialSuccess": 7}',
        b'{"partialSuccess": {"rejectedSpans": "many"}}',
        b'{"a":' + b"[" * 200_000,
    ],
)
def test_garbage_after_a_success_is_accepted_and_told(body: bytes) -> None:
    assert read_answer(200, {}, body) == Answer("accepted", 0, None, "garbage", NOT_OTLP)


def test_a_web_page_takes_no_telemetry_whatever_its_status() -> None:
    headers = {"Content-Type": "text/HTML; charset=utf-8"}
    told = "HTTP 200 with a web page: the endpoint is no receiver of OTLP"
    answer = Answer("refused", 0, None, "web_page", told)
    assert read_answer(200, headers, b"<html>Welcome to nginx!</html>") == answer


def test_a_compressed_answer_is_read() -> None:
    body = gzip.compress(b"\x0a\x02\x08\x05")
    assert read_answer(200, {"content-ENCODING": "GZIP"}, body).rejected == 5


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(b"\x0a\x02\x08\x05")[:-4]),
        ("gzip", gzip.compress(bytes(2_000_000))),
        ("br", b"\x0a\x02\x08\x05"),
    ],
    ids=["garbage", "cut short", "a bomb", "not known"],
)
def test_an_answer_that_cannot_be_decompressed_is_garbage(encoding: str, body: bytes) -> None:
    headers = {"Content-Encoding": encoding}
    assert read_answer(200, headers, body) == Answer("accepted", 0, None, "garbage", NOT_OTLP)
    assert read_answer(400, headers, body) == Answer("refused", 0, None, "http_400", "HTTP 400")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_four_statuses_ask_to_try_again(status: int) -> None:
    answer = read_answer(status, {}, b"")
    assert answer == Answer("retry", 0, None, f"http_{status}", f"HTTP {status}")


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 408, 415, 499, 500, 501, 505, 599, 999]
)
def test_every_other_error_refuses(status: int) -> None:
    answer = read_answer(status, {"Retry-After": "7"}, b"")
    assert answer == Answer("refused", 0, None, f"http_{status}", f"HTTP {status}")


def test_a_batch_that_is_too_large_is_told_apart() -> None:
    assert read_answer(413, {}, b"") == Answer("too_large", 0, None, "http_413", "HTTP 413")


def test_an_answer_before_the_answer_is_no_refusal() -> None:
    assert read_answer(103, {}, b"").kind == "retry"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_says_where_to(status: int) -> None:
    """Without the secrets of that URL."""
    answer = read_answer(status, {"Location": "https://u:hunter2@new.test/v1?api_key=a1b2"}, b"")
    assert (answer.kind, answer.reason) == ("refused", "redirect")
    assert answer.message == (
        f"HTTP {status}: it redirects to https://u:[redacted]@new.test/v1?api_key=[redacted]; "
        "redirects are not followed"
    )


def test_a_redirect_to_nowhere_is_refused_too() -> None:
    told = "HTTP 304: it redirects to an unknown place; redirects are not followed"
    assert read_answer(304, {}, b"").message == told


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("3600", 3600.0),
        ("3601", 3600.0),
        ("9" * 60, 3600.0),
        ("soon", None),
        ("nan", None),
        ("", None),
        ("Fri, 99 Foo 2020 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_a_number_of_seconds_of_an_hour_at_most(
    given: str, seconds: float | None
) -> None:
    assert read_answer(503, {"Retry-After": given}, b"").retry_after == seconds


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Fri, 31 Dec 1999 23:59:59 GMT", 29.0),
        ("Fri, 31 Dec 1999 23:59:00 GMT", 0.0),
        ("Sun, 02 Jan 2000 00:00:00 GMT", 3600.0),
    ],
)
def test_retry_after_is_a_date_by_the_receivers_clock(date: str, seconds: float) -> None:
    headers = {"Retry-After": date, "Date": "Fri, 31 Dec 1999 23:59:30 GMT"}
    assert read_answer(429, headers, b"").retry_after == seconds


def test_retry_after_is_a_date_by_our_clock_where_there_is_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(SYSTEM_CLOCK), "now", staticmethod(lambda: 946_684_770.0))
    headers = {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}
    assert read_answer(503, headers, b"").retry_after == 29.0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\x08\x03\x12\x0eno such tenant", "no such tenant"),
        (b'{"code": 3, "message": "no such tenant"}', "no such tenant"),
        (b'{"error": "no such tenant"}', "no such tenant"),
        (b'{"error": {"code": 3, "message": "no such tenant"}}', "no such tenant"),
        (b'{"status": 3}', '{"status": 3}'),
        (b"no such\r\n  tenant\x1b[0m", "no such tenant [0m"),
        (b"<html><body>\n<h1>Bad  Request</h1></body></html>", "Bad Request"),
        ("no such tenant \u202e\x00é".encode(), "no such tenant é"),
        (b"\xfftenant", "\ufffdtenant"),
        (b"see http://u:hunter2@otel.test/", "see http://u:[redacted]@otel.test/"),
    ],
)
def test_an_error_says_in_a_line_what_its_body_says(body: bytes, message: str) -> None:
    assert read_answer(400, {}, body).message == f"HTTP 400: {message}"


def test_a_message_has_at_most_300_characters() -> None:
    message = read_answer(503, {}, b"<" * 500_000).message
    assert (len(message), message[:12], message[-2:]) == (300, "HTTP 503: <<", "<…")
    assert len(line("x" * 300)) == 300
    assert line("x" * 301) == "x" * 299 + "…"


@given(
    st.integers(0, 1_000),
    st.dictionaries(
        st.sampled_from(["Retry-After", "Date", "Location", "Content-Encoding", "x"]),
        st.text() | st.sampled_from(["gzip", "Fri, 31 Dec 99999 23:59:59 +9999"]),
    ),
    st.binary() | st.binary().map(gzip.compress) | st.text().map(str.encode),
)
def test_no_answer_breaks_the_reader(status: int, headers: Mapping[str, str], body: bytes) -> None:
    answer = read_answer(status, headers, body)
    assert answer.kind in {"accepted", "retry", "too_large", "refused"}
    assert answer.rejected >= 0
    assert answer.retry_after is None or 0 <= answer.retry_after <= 3600
    assert len(answer.message) <= 300
    assert answer.message.isprintable()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["partialSuccess", "rejectedSpans", "errorMessage", "message", "error"]
                ),
                inner,
            )
        ),
    )
)
def test_no_json_breaks_the_reader(content: object) -> None:
    body = json.dumps({"partialSuccess": content, "message": content}).encode()
    assert read_answer(200, {}, body).kind == "accepted"
    assert read_answer(500, {}, body).kind == "refused"
