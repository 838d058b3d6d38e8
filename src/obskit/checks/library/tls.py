"""TLS: a server's certificate is valid, and for how long."""

from __future__ import annotations

import os
import ssl
import time
from dataclasses import dataclass
from typing import Any, ClassVar

from obskit.checks.judge import Below, below
from obskit.checks.library.connection import Deadline, connect
from obskit.checks.measurement import Measurement
from obskit.duration import Duration, parse_duration

_DAY = 86_400.0
# OpenSSL's X509_V_FLAG_NO_CHECK_TIME and X509_V_ERR_CERT_HAS_EXPIRED, which Python does not name.
_NO_CHECK_TIME = 0x200000
_HAS_EXPIRED = 10


@dataclass(frozen=True)
class Expiry:
    """A server's certificate and the chain above it are valid for so many days more.

    Its value is the days until the first of the chain expires, less than none where one has. What
    else is wrong with the chain or the name is critical.

    Args:
        host: The server's name or address.
        port: Where it listens; it must begin with TLS there.
        server_name: The name that it is asked for and that its certificate must bear, where that
            is another than `host`.
        ca_file: Certificates of the authorities to trust, PEM, in place of the system's.
        timeout: How long the whole run may take. A look-up of the name cannot be interrupted.

    Raises:
        ValueError: The time-out is no span of time.

    >>> Expiry("shop.example").default_judge(30).state
    'warning'
    """

    #: Where the declaration names no judge.
    default_judge: ClassVar[Below] = below(warning=30, critical=7)

    host: str
    port: int = 443
    server_name: str = ""
    ca_file: str | os.PathLike[str] | None = None
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse what is no span of time."""
        parse_duration(self.timeout)

    def __call__(self) -> Measurement:
        """Connect once; a second time to learn which certificate has expired.

        Returns:
            The days that are left.

        Raises:
            OSError: The server does not answer, or its certificate is not valid for another reason.
        """
        deadline = Deadline(self.timeout)
        context = ssl.create_default_context(cafile=self.ca_file)
        try:
            return self._measured(self._chain(context, deadline))
        except ssl.SSLCertVerificationError:
            context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
            return self._measured(self._chain(context, deadline))

    @property
    def _place(self) -> str:
        return f"{self.host}:{self.port}"

    def _chain(self, context: ssl.SSLContext, deadline: Deadline) -> list[dict[str, Any]]:
        """The certificates from the server's own to the trusted one.

        Raises:
            SSLCertVerificationError: One of them has expired, and nothing else is wrong so far.
            ConnectionError: Something else is wrong.
        """
        with connect(self.host, self.port, deadline) as plain:
            plain.settimeout(deadline.left())
            name = self.server_name or self.host
            try:
                with context.wrap_socket(plain, server_hostname=name) as stream:
                    # Python 3.13 offers it openly, and without what stands in the certificates.
                    connected: Any = stream
                    return [one.get_info() for one in connected._sslobj.get_verified_chain()]
            except ssl.SSLCertVerificationError as error:
                if error.verify_code == _HAS_EXPIRED:
                    raise
                raise ConnectionError(
                    f"{self._place}: the certificate is not valid: {error.verify_message}"
                ) from error
            except OSError as error:
                raise ConnectionError(f"{self._place} does not speak TLS: {error}") from error

    def _measured(self, chain: list[dict[str, Any]]) -> Measurement:
        now = time.time()
        days = [(ssl.cert_time_to_seconds(one["notAfter"]) - now) / _DAY for one in chain]
        first = min(range(len(chain)), key=days.__getitem__)
        which = "the certificate" if first == 0 else f"{_name(chain[first])} in its chain"
        verb = "expires" if days[first] > 0 else "expired"
        return Measurement(
            days[first],
            "d",
            f"{which} of {self._place} {verb} on {chain[first]['notAfter']}",
            {
                "subject": _name(chain[0]),
                "issuer": _name({"subject": chain[0]["issuer"]}),
                "names": [name for _kind, name in chain[0].get("subjectAltName", ())],
                "chain": [f"{_name(one)}: {one['notAfter']}" for one in chain],
            },
        )


def _name(certificate: dict[str, Any]) -> str:
    """What a certificate calls its holder, the most telling part first."""
    parts = {key: value for part in certificate["subject"] for key, value in part}
    for key in ("commonName", "organizationalUnitName", "organizationName"):
        if key in parts:
            return str(parts[key])
    return str(certificate.get("serialNumber", "nameless"))
