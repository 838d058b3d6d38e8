"""Names, asked of a real server over UDP."""

from __future__ import annotations

import gc
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import psutil
import pytest

pytest.importorskip("dns", reason="dnspython is not installed")

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset

from obskit.checks.library.dns import Resolves
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status
from obskit.exceptions import MissingExtra

ZONE = {
    ("shop.example.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("shop.example.", "AAAA"): ["2001:db8::1"],
    ("shop.example.", "MX"): ["10 Mail.shop.example."],
    ("shop.example.", "NS"): ["ns1.example.", "ns2.example."],
    ("shop.example.", "TXT"): ['"v=spf1 -all"', f'"{"k" * 255}" "tail"'],
    ("www.shop.example.", "CNAME"): ["shop.example."],
}


class Server:
    """Answers from a zone that a test may change; says nothing to names of `.silent`."""

    def __init__(self) -> None:
        self.zone = dict(ZONE)
        self.code = dns.rcode.NOERROR
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])

    def serve(self) -> None:
        while True:
            wire, client = self._socket.recvfrom(4096)
            if not wire:
                return
            answer = self._answer(dns.message.from_wire(wire))
            if answer is not None:
                self._socket.sendto(answer, client)

    def _answer(self, query: dns.message.Message) -> bytes | None:
        (question,) = query.question
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        if name.endswith(".silent."):
            return None
        answer = dns.message.make_response(query)
        answer.set_rcode(self.code)
        if name not in {known for known, _kind in self.zone}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif records := self.zone.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(name, 300, "IN", kind, *records))
        return answer.to_wire()

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stopping:
            stopping.sendto(b"", ("127.0.0.1", self.port))

    def close(self) -> None:
        self._socket.close()


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(30)
        server.close()


def resolves(
    server: Server, name: str, record_type: str, *expected: str, allow_others: bool = False
) -> Measurement | CheckResult:
    check = Resolves(
        name, record_type, expected, allow_others, nameserver="127.0.0.1", port=server.port
    )
    return check()


def critical(returned: object) -> str:
    assert isinstance(returned, CheckResult)
    assert returned.status is Status.CRITICAL
    return returned.message


def test_it_measures_how_long_a_look_up_takes() -> None:
    with serving() as server:
        found = resolves(server, "shop.example", "A")
    assert isinstance(found, Measurement)
    assert isinstance(found.value, float)
    assert found.value > 0
    assert found.unit == "s"
    assert found.message == "192.0.2.1, 192.0.2.2"
    assert found.details == {
        "answers": ["192.0.2.1", "192.0.2.2"],
        "ttl": 300,
        "asked": "127.0.0.1",
    }


@pytest.mark.parametrize(
    ("record_type", "expected"),
    [
        ("A", ["192.0.2.2", "192.0.2.1"]),
        ("AAAA", ["2001:0DB8:0::1"]),
        ("MX", ["10 mail.shop.example"]),
        ("NS", ["ns1.example.", "NS2.example"]),
        ("TXT", ["v=spf1 -all", "k" * 255 + "tail"]),
        ("txt", ["v=spf1 -all", "k" * 255 + "tail"]),
    ],
)
def test_the_expected_values_are_found_however_they_are_written(
    record_type: str, expected: list[str]
) -> None:
    with serving() as server:
        assert isinstance(resolves(server, "shop.example", record_type, *expected), Measurement)


def test_a_value_that_changes_turns_it_and_recovers_when_it_is_back() -> None:
    with serving() as server:
        check = Resolves(
            "shop.example",
            expected=["192.0.2.1", "192.0.2.2"],
            nameserver="127.0.0.1",
            port=server.port,
        )
        assert isinstance(check(), Measurement)
        server.zone["shop.example.", "A"] = ["192.0.2.1", "203.0.113.9"]
        assert critical(check()) == (
            "A of shop.example: 192.0.2.2 is missing; 203.0.113.9 is not expected"
        )
        server.zone["shop.example.", "A"] = ["192.0.2.2", "192.0.2.1"]
        assert isinstance(check(), Measurement)


def test_other_values_may_stand_beside_where_they_are_allowed() -> None:
    with serving() as server:
        found = resolves(server, "shop.example", "TXT", "v=spf1 -all", allow_others=True)
        assert isinstance(found, Measurement)
        assert "is not expected" in critical(resolves(server, "shop.example", "TXT", "v=spf1 -all"))
        missing = resolves(server, "shop.example", "TXT", "v=spf1 ~all", allow_others=True)
    assert critical(missing) == "TXT of shop.example: v=spf1 ~all is missing"


def test_a_name_that_does_not_exist_turns_it() -> None:
    with serving() as server:
        with pytest.raises(dns.resolver.NXDOMAIN, match=r"does not exist: gone\.example"):
            resolves(server, "gone.example", "A")


def test_a_name_without_such_a_record_turns_it() -> None:
    with serving() as server:
        with pytest.raises(dns.resolver.NoAnswer, match=r"shop\.example\. IN SRV"):
            resolves(server, "shop.example", "SRV")


def test_a_server_that_fails_turns_it_and_recovers_with_it() -> None:
    with serving() as server:
        server.code = dns.rcode.SERVFAIL
        with pytest.raises(dns.resolver.NoNameservers, match="SERVFAIL"):
            resolves(server, "shop.example", "A")
        server.code = dns.rcode.NOERROR
        assert isinstance(resolves(server, "shop.example", "A"), Measurement)


def test_a_server_that_is_silent_turns_it_at_the_time_out() -> None:
    with serving() as server:
        check = Resolves("shop.silent", nameserver="127.0.0.1", port=server.port, timeout="100ms")
        with pytest.raises(dns.resolver.LifetimeTimeout, match="lifetime expired"):
            check()


def test_an_expected_value_of_another_type_is_told() -> None:
    with serving() as server:
        with pytest.raises(ValueError, match="expected is 'mail', which is no value of A: "):
            resolves(server, "shop.example", "A", "mail")


def test_one_text_where_a_list_belongs_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ValueError, match=r"use a list such as \['192\.0\.2\.1'\]"):
        Resolves("shop.example", expected="192.0.2.1")


def test_a_missing_driver_is_told_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    with pytest.raises(MissingExtra, match=r"pip install 'obskit-otel\[dns\]'"):
        Resolves("shop.example")()


def test_many_runs_leave_nothing_open() -> None:
    with serving() as server:
        resolves(server, "shop.example", "A")
        process = psutil.Process()
        gc.collect()  # what other tests left is closed now, not while it is counted
        before = process.num_fds()
        for _ in range(200):
            resolves(server, "shop.example", "A")
        assert process.num_fds() == before
