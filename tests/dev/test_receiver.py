"""The receiver on a real socket."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from obskit.dev.receiver import Receiver
from obskit.stories.signals import Error, Line, Refused, Signal

LOGS = ExportLogsServiceRequest(
    resource_logs=[
        ResourceLogs(
            scope_logs=[ScopeLogs(log_records=[LogRecord(body=AnyValue(string_value="hi"))])]
        )
    ]
).SerializeToString()
HI = Line(time=0.0, level="", body="hi")
PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json; charset=utf-8"}


class Received:
    """A receiver, what it received, and a way to send to it."""

    def __init__(self, limit: int = 10_000) -> None:
        self.signals: list[Signal] = []
        self.receiver = Receiver(self.take, limit=limit)
        self.connection = HTTPConnection("127.0.0.1", self.receiver.port, timeout=30)

    def take(self, signals: Sequence[Signal]) -> None:
        self.signals += signals

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, str, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("POST", path, body, named)
        answer = self.connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()

    def raw(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.receiver.port), timeout=30) as sender:
            sender.sendall(request)
            sender.shutdown(socket.SHUT_WR)
            answer = b""
            while part := sender.recv(65536):
                answer += part
            return answer


@pytest.fixture
def received() -> Iterator[Received]:
    sender = Received()
    with sender.receiver:
        yield sender
        sender.connection.close()


def test_protobuf_is_taken_and_answered_in_protobuf(received: Received) -> None:
    answer = received.post("/v1/logs", LOGS, **PROTOBUF)
    assert answer == (200, "application/x-protobuf", b"")
    assert received.signals == [HI]


def test_json_is_taken_and_answered_in_json(received: Received) -> None:
    record = {"body": {"stringValue": "hi"}}
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    answer = received.post("/v1/logs", json.dumps(body).encode(), **JSON)
    assert answer == (200, "application/json", b"{}")
    assert received.signals == [HI]


def test_a_query_does_not_matter(received: Received) -> None:
    assert received.post("/v1/logs?tenant=1", LOGS, **PROTOBUF)[0] == 200


def test_gzip_and_chunks_are_taken_on_one_connection(received: Received) -> None:
    body = gzip.compress(LOGS)
    for _ in range(2):
        received.connection.request(
            "POST",
            "/v1/logs",
            iter([body[:5], body[5:]]),
            {**PROTOBUF, "Content-Encoding": "gzip"},
            encode_chunked=True,
        )
        answer = received.connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
    assert received.signals == [HI, HI]


def test_rejected_spans_are_told_to_the_sender(received: Received) -> None:
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "a"}]}]}]}).encode()
    status, _, answer = received.post("/v1/traces", body, **JSON)
    assert status == 200
    assert json.loads(answer)["partialSuccess"]["rejectedSpans"] == "1"


def test_an_envelope_is_taken(received: Received) -> None:
    body = b'{}\n{"type":"event"}\n{"message":"hi","timestamp":1}'
    assert received.post("/api/1/envelope/", body) == (200, "application/json", b"{}")
    assert received.signals == [Error("sentry", 1.0, message="hi")]


def test_the_older_store_path_is_taken(received: Received) -> None:
    body = gzip.compress(b'{"message":"hi","timestamp":1}')
    assert received.post("/api/42/store/", body, Content_Encoding="gzip")[0] == 200
    assert received.signals == [Error("sentry", 1.0, message="hi")]


@pytest.mark.parametrize(
    ("path", "content_type", "body", "status", "reason"),
    [
        ("/v1/logs", "text/plain", b"", 415, "send application/x-protobuf or application/json"),
        ("/v1/logs", "application/json", b"x" * 10_001, 413, "the body is larger than 10000 bytes"),
        ("/v1/logs", "application/json", b"7", 400, "not an OTLP request: a JSON object is wanted"),
        ("/api/1/envelope/", "", b"7", 400, "not a Sentry envelope"),
    ],
)
def test_what_cannot_be_taken_is_refused_and_told(
    received: Received, path: str, content_type: str, body: bytes, status: int, reason: str
) -> None:
    answer = received.post(path, body, Content_Type=content_type)
    assert answer[0] == status
    assert reason.encode() in answer[2]
    assert received.signals == [Refused(path, status, reason)]


def test_a_wrong_path_is_answered_and_told_once_with_the_right_ones(received: Received) -> None:
    """An exporter that was given an address without its path sends again and again."""
    for _ in range(2):
        answer = received.post("/?x=1", LOGS, **PROTOBUF)
        assert answer[0] == 404
        assert b"OTLP comes to /v1/traces, /v1/metrics and /v1/logs" in answer[2]
    (told,) = received.signals
    assert isinstance(told, Refused)
    assert (told.path, told.status) == ("/", 404)
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is the address without them" in told.reason
    for number in range(30):
        received.post(f"/{number}/{'x' * 300}", LOGS, **PROTOBUF)
    assert len(received.signals) == 20
    assert {len(one.path) for one in received.signals[1:] if isinstance(one, Refused)} == {200}


def test_a_refusal_closes_the_connection_and_the_sender_can_go_on(received: Received) -> None:
    assert received.post("/v1/logs", b"\xff", **PROTOBUF)[0] == 400
    assert received.connection.sock is None
    assert received.post("/v1/logs", LOGS, **PROTOBUF)[0] == 200


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"POST /v1/profiles HTTP/1.1", b"404"),
        (b"POST /api/x/envelope/ HTTP/1.1", b"404"),
        (b"GET /v1/logs HTTP/1.1", b"405"),
        (b"BREW / HTTP/1.1", b"405"),
        (b"POST /v1/logs HTTP/9.9", b"400"),
        (b"POST /v1/logs HTTP/1.1", b"411"),
        (b"nonsense", b"400"),
    ],
)
def test_other_requests_are_refused_with_4xx(
    received: Received, request_line: bytes, status: bytes
) -> None:
    answer = received.raw(request_line + b"\r\nHost: x\r\n\r\n")
    assert status in answer.partition(b"\r\n")[0]


def test_a_sender_that_hangs_up_is_no_news(
    received: Received, capfd: pytest.CaptureFixture[str]
) -> None:
    received.raw(b"POST /v1/logs HTTP/1.1\r\nContent-Length: 50\r\n\r\nabc")
    assert received.post("/v1/logs", LOGS, **PROTOBUF)[0] == 200
    assert capfd.readouterr() == ("", "")


def test_an_error_in_the_sink_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(_: Sequence[Signal]) -> None:
        raise RuntimeError("the sink is broken")

    with Receiver(fail) as receiver:
        connection = HTTPConnection("127.0.0.1", receiver.port, timeout=30)
        connection.request("POST", "/v1/logs", LOGS, PROTOBUF)
        with pytest.raises(ConnectionError):
            connection.getresponse()
        connection.close()
        assert "the sink is broken" in capfd.readouterr().err


def test_the_addresses_name_the_port() -> None:
    with Receiver(lambda _: None) as receiver:
        assert receiver.endpoint == f"http://127.0.0.1:{receiver.port}"
        key = "0123456789abcdef0123456789abcdef"
        assert receiver.dsn == f"http://{key}@127.0.0.1:{receiver.port}/1"


def test_a_taken_port_is_an_error() -> None:
    with Receiver(lambda _: None) as first:
        with pytest.raises(OSError, match="in use"):
            Receiver(lambda _: None, port=first.port)


def test_the_port_can_be_chosen() -> None:
    with Receiver(lambda _: None) as first:
        port = first.port
    with Receiver(lambda _: None, port=port) as second:
        assert second.port == port


def test_a_sender_that_speaks_grpc_is_refused_and_the_developer_is_told_once(
    received: Received,
) -> None:
    grpc = pytest.importorskip("grpc")
    for _ in range(2):
        with grpc.insecure_channel(f"127.0.0.1:{received.receiver.port}") as channel:
            export = channel.unary_unary("/TraceService/Export")
            with pytest.raises(grpc.RpcError, match=r"http1\.x server"):
                export(b"", timeout=60)
    reason = (
        "gRPC is not spoken here: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
        f" OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{received.receiver.port}"
    )
    assert received.signals == [Refused("gRPC", 400, reason)]
    answer = received.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(f"\r\n\r\n{reason}\n".encode())
