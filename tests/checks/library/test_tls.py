"""Certificates of real TLS servers."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import psutil
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.checks.library.listener import closed_port, listening

from obskit.checks.library.tls import Expiry


def in_days(days: float) -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc) + dt.timedelta(days=days)


class Server:
    """Shakes hands by the context that it has now."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def __call__(self, connection: socket.socket) -> None:
        with self.context.wrap_socket(connection, server_side=True) as stream:
            stream.recv(1)


class Authority:
    """A root, and what it signs, with dates of the test's choice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._signed("Root", self._key.public_key(), "Root", self._key, 3650)
        self.file = folder / "root.pem"
        self.file.write_bytes(self._root.public_bytes(serialization.Encoding.PEM))

    def server(self, days: float, above: float = 1000, name: str = "localhost") -> ssl.SSLContext:
        """TLS with a certificate, and one between it and the root, valid for so many days."""
        between, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        chain = [
            self._signed(name, own.public_key(), "Between", between, days, leaf=True),
            self._signed("Between", between.public_key(), "Root", self._key, above),
        ]
        secret = own.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file = self._folder / "server.pem"
        pems = [one.public_bytes(serialization.Encoding.PEM) for one in chain]
        file.write_bytes(b"".join([secret, *pems]))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(
        self,
        subject: str,
        holder: ec.EllipticCurvePublicKey,
        issuer: str,
        signer: ec.EllipticCurvePrivateKey,
        days: float,
        *,
        leaf: bool = False,
    ) -> x509.Certificate:
        ends = in_days(days)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(holder)
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(ends, in_days(0)) - dt.timedelta(days=30))
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=not leaf, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(holder), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
        )
        if leaf:
            names = x509.SubjectAlternativeName([x509.DNSName(subject)])
            return made.add_extension(names, critical=False).sign(signer, hashes.SHA256())
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        return made.add_extension(usage, critical=True).sign(signer, hashes.SHA256())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def state(value: object) -> str:
    assert isinstance(value, float)
    return Expiry.default_judge(value).state


def test_it_counts_the_days_until_the_certificate_expires(authority: Authority) -> None:
    with listening(Server(authority.server(60.5))) as port:
        found = Expiry("localhost", port, ca_file=authority.file)()
    assert isinstance(found.value, float)
    assert int(found.value) == 60
    assert found.unit == "d"
    assert found.message.startswith(f"the certificate of localhost:{port} expires on ")
    assert found.details["subject"] == "localhost"
    assert found.details["issuer"] == "Between"
    assert found.details["names"] == ["localhost"]
    assert [one.partition(":")[0] for one in found.details["chain"]] == [  # type: ignore[attr-defined]
        "localhost",
        "Between",
        "Root",
    ]


def test_an_expired_certificate_turns_it_and_a_new_one_mends_it(authority: Authority) -> None:
    server = Server(authority.server(60.5))
    with listening(server) as port:
        check = Expiry("localhost", port, ca_file=authority.file)
        assert state(check().value) == "ok"
        server.context = authority.server(20.5)
        assert state(check().value) == "warning"
        server.context = authority.server(-2.5)
        expired = check()
        assert isinstance(expired.value, float)
        assert int(expired.value) == -2
        assert state(expired.value) == "critical"
        assert expired.message.startswith(f"the certificate of localhost:{port} expired on ")
        server.context = authority.server(90.5)
        assert state(check().value) == "ok"


@pytest.mark.parametrize(("above", "days", "verb"), [(-1.5, -1, "expired"), (5.5, 5, "expires")])
def test_the_first_of_the_chain_to_expire_counts(
    authority: Authority, above: float, days: int, verb: str
) -> None:
    with listening(Server(authority.server(60, above))) as port:
        found = Expiry("localhost", port, ca_file=authority.file)()
    assert isinstance(found.value, float)
    assert int(found.value) == days
    assert found.message.startswith(f"Between in its chain of localhost:{port} {verb} on ")


def test_a_certificate_for_another_name_turns_it(authority: Authority) -> None:
    with listening(Server(authority.server(60, name="other.example"))) as port:
        with pytest.raises(ConnectionError) as failed:
            Expiry("localhost", port, ca_file=authority.file)()
        named = Expiry("localhost", port, server_name="other.example", ca_file=authority.file)()
    assert str(failed.value) == (
        f"localhost:{port}: the certificate is not valid: Hostname mismatch,"
        " certificate is not valid for 'localhost'."
    )
    assert named.details["subject"] == "other.example"


def test_an_expired_certificate_for_another_name_is_told_by_its_name(authority: Authority) -> None:
    with listening(Server(authority.server(-2, name="other.example"))) as port:
        with pytest.raises(ConnectionError, match="is not valid for 'localhost'"):
            Expiry("localhost", port, ca_file=authority.file)()


def test_an_authority_that_is_not_trusted_turns_it(authority: Authority, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    with listening(Server(authority.server(60))) as port:
        with pytest.raises(ConnectionError, match="the certificate is not valid: unable to get"):
            Expiry("localhost", port, ca_file=other)()


def test_what_speaks_no_tls_turns_it() -> None:
    with listening(lambda connection: connection.sendall(b"220 mail.example ESMTP\r\n")) as port:
        with pytest.raises(ConnectionError, match=f"localhost:{port} does not speak TLS: "):
            Expiry("localhost", port)()


def test_a_server_that_never_shakes_hands_turns_it() -> None:
    stopped = threading.Event()
    with listening(lambda _connection: stopped.wait(30)) as port:
        with pytest.raises(
            ConnectionError, match=f"localhost:{port} does not speak TLS: .*timed out"
        ):
            Expiry("localhost", port, timeout="100ms")()
        stopped.set()


def test_a_server_that_is_down_turns_it() -> None:
    port = closed_port()
    with pytest.raises(
        ConnectionError, match=f"localhost:{port} cannot be reached: Connection refused"
    ):
        Expiry("localhost", port)()


def test_many_runs_leave_nothing_open(authority: Authority) -> None:
    with listening(Server(authority.server(60))) as port:
        check = Expiry("localhost", port, ca_file=authority.file)
        check()
        process = psutil.Process()
        before = process.num_fds()
        for _ in range(30):
            check()
        assert process.num_fds() <= before + 1
