"""Certificate authorities of tests, and what they signed, as files."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

#: What the variables of certificates end with.
FILES = ("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE")


class Authority:
    """A certificate authority, and what it signed, as files.

    Args:
        folder: Where the files lie.
        name: Tells authorities apart.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._authority = trustme.CA(organization_name=name)
        self.trusted = folder / f"{name}.pem"
        self.key, self.certificate = folder / f"{name}-key.pem", folder / f"{name}-client.pem"
        self._authority.cert_pem.write_to_path(str(self.trusted))
        client = self._authority.issue_cert("client.test", common_name=name)
        client.private_key_pem.write_to_path(str(self.key))
        client.cert_chain_pems[0].write_to_path(str(self.certificate))
        for blob in client.cert_chain_pems[1:]:
            blob.write_to_path(str(self.certificate), append=True)

    def issue(self, host: str) -> tuple[bytes, bytes]:
        """A key and a certificate chain for a server."""
        server = self._authority.issue_cert(host)
        chain = b"".join(blob.bytes() for blob in server.cert_chain_pems)
        return server.private_key_pem.bytes(), chain

    def server(self) -> ssl.SSLContext:
        """TLS for a server that asks its clients for a certificate of this authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("localhost").configure_cert(context)
        self._authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


def certificates(authority: Authority, infix: str = "") -> dict[str, str]:
    """The variables that name an authority's files."""
    return {
        f"OTEL_EXPORTER_OTLP_{infix}CERTIFICATE": str(authority.trusted),
        f"OTEL_EXPORTER_OTLP_{infix}CLIENT_KEY": str(authority.key),
        f"OTEL_EXPORTER_OTLP_{infix}CLIENT_CERTIFICATE": str(authority.certificate),
    }
