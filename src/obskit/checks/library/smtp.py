"""SMTP: a mail server would take mail. None is sent."""

from __future__ import annotations

import os
import smtplib
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from obskit.checks.library.connection import Deadline, connect, reading
from obskit.checks.measurement import Measurement
from obskit.duration import Duration, parse_duration
from obskit.redaction import describe

_MAX_ANSWER = 65_536
_SHOWN = 200
_READY = 220


@dataclass(frozen=True)
class Greets:
    """A mail server greets, encrypts and lets in, as far as it is asked to. No mail is sent.

    Its value is how long that takes, in seconds.

    Args:
        host: The server's name.
        port: 25, 587, or 465 with `tls`.
        starttls: Begin TLS after the greeting. A server that does not offer it is down.
        tls: Begin with TLS.
        username: Who logs in; nobody where it is empty.
        password: With what.
        verify: Whether the server's certificate must be valid for its name.
        ca_file: Certificates of the authorities to trust, PEM, in place of the system's.
        timeout: How long the whole run may take. A look-up of the name cannot be interrupted.

    Raises:
        ValueError: Both kinds of TLS are asked for, or the time-out is no span of time.

    >>> Greets("mail.example", 587, starttls=True, username="shop", password="hunter2").port
    587
    """

    host: str
    port: int = 25
    starttls: bool = False
    tls: bool = False
    username: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True
    ca_file: str | os.PathLike[str] | None = None
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.starttls and self.tls:
            raise ValueError(
                "starttls and tls are both True: a server speaks one of them on a port"
            )
        parse_duration(self.timeout)

    def __call__(self) -> Measurement:
        """Talk to the server once.

        Returns:
            The seconds that it took.

        Raises:
            ConnectionError: It is not there, refuses, or does not answer in time.
        """
        deadline = Deadline(self.timeout)
        started = time.perf_counter()
        session = _Session(self, deadline)
        try:
            greeting, offered = self._talk(session)
        except (smtplib.SMTPException, OSError) as error:
            raise ConnectionError(f"{self.host}:{self.port}: {_reason(error)}") from error
        finally:
            session.close()
        return Measurement(
            time.perf_counter() - started,
            "s",
            greeting[:_SHOWN],
            {"offers": offered, "encrypted": self.tls or self.starttls},
        )

    def _talk(self, session: _Session) -> tuple[str, str]:
        """How it greeted, and what it offers."""
        code, greeting = session.connect(self.host, self.port)
        if code != _READY:
            raise smtplib.SMTPConnectError(code, greeting)
        session.ehlo_or_helo_if_needed()
        if self.starttls:
            session.starttls(context=self.context())
            session.ehlo_or_helo_if_needed()
        if self.username:
            session.login(self.username, self.password)
        offered = ", ".join(sorted(session.esmtp_features))
        with suppress(smtplib.SMTPException, OSError):  # it has said all that is asked
            session.quit()
        return greeting.decode("utf-8", "replace"), offered

    def context(self) -> ssl.SSLContext:
        """What is trusted."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class _Session(smtplib.SMTP):
    """A session that ends at a deadline, and after so many bytes."""

    def __init__(self, greets: Greets, deadline: Deadline) -> None:
        # The name is given, because looking up one's own may take minutes.
        super().__init__(local_hostname=socket.gethostname())
        self._host = greets.host  # what STARTTLS verifies
        self._greets, self._deadline = greets, deadline

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        plain = connect(host, port, self._deadline)
        if not self._greets.tls:
            return plain
        try:
            return self._greets.context().wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        stream: Any = self.sock
        if self.file is None and stream is not None:
            file = stream.makefile("rb")
            self.file = reading(file, stream, self._deadline, _MAX_ANSWER)
        return super().getreply()


def _reason(error: Exception) -> str:
    """What went wrong, a server's refusal in its own words."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        return f"refused with {error.smtp_code}: {text[:_SHOWN]}"
    return str(error) or describe(error)
