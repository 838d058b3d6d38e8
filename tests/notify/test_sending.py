"""Messages by Apprise to real servers: mail, and webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from tests.checks.library.listener import closed_port
from tests.notify.given import NOON, problem
from tests.notify.hook import Hook

from obskit.notify.channels import address
from obskit.notify.message import Message, render
from obskit.notify.news import Item, News
from obskit.receivers.channel import Email, Sms, Webhook
from obskit.receivers.model import Mailer

pytest.importorskip("apprise")
pytest.importorskip("aiosmtpd", reason="aiosmtpd is not installed")

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from obskit.notify.sending import send

FULL = problem(message="refused <by> the host", evidence=("row 7",), runbook="https://wiki/db")
MESSAGE = render(News("team", (Item("new", FULL, "sev1", NOON),)), "shop", "", NOON)


class Mailbox:
    """What a mail server has taken."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.taken.append((envelope.rcpt_tos, mail))
        return "250 OK"


@contextmanager
def mail_server(mailbox: Mailbox, **options: Any) -> Iterator[int]:
    """A mail server; its port."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=closed_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def mail_to(port: int, **given: Any) -> str:
    mailer = Mailer("127.0.0.1", port, "shop@host.com", require_tls=False, **given)
    return address(Email(("ann@host.com", "bob@host.com")), mailer)


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_mail_arrives_at_each_address_as_html_with_its_title() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        assert send(mail_to(port), "email", MESSAGE) is None
    assert sorted(to for each, _ in mailbox.taken for to in each) == [
        "ann@host.com",
        "bob@host.com",
    ]
    mail = mailbox.taken[0][1]
    assert mail["Subject"] == "[SEV1] shop: db is critical"
    assert "shop@host.com" in mail["From"]
    html = body(mail, "html")
    assert "border-left: 6px solid #ff0000" in html
    assert "refused &lt;by&gt; the host" in html
    assert '<a href="https://wiki/db">' in html


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server of this test has no TLS
def test_mail_is_sent_with_the_login_that_stands_in_a_file(tmp_path: Path) -> None:
    seen: list[tuple[bytes, bytes]] = []

    def allowed(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        seen.append((data.login, data.password))
        return AuthResult(success=True)

    (tmp_path / "password").write_text("p/w:d?&\n")
    mailbox = Mailbox()
    options = {"authenticator": allowed, "auth_required": True, "auth_require_tls": False}
    with mail_server(mailbox, **options) as port:
        url = mail_to(port, username="shop", password_file=tmp_path / "password")
        assert send(url, "email", MESSAGE) is None
    assert (b"shop", b"p/w:d?&") in seen
    assert len(mailbox.taken) == 2


def test_a_mail_server_that_is_away_is_a_reason() -> None:
    why = send(mail_to(closed_port()), "email", MESSAGE)
    assert why is not None
    assert why == 'Connection error while submitting email to "127.0.0.1"'


def test_a_mail_server_without_tls_is_not_sent_to_where_tls_is_asked_for() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        mailer = Mailer("127.0.0.1", port, "shop@host.com")
        why = send(address(Email(("ann@host.com",)), mailer), "email", MESSAGE)
    assert why is not None
    assert mailbox.taken == []


def test_a_webhook_takes_title_text_and_tone(hook: Hook) -> None:
    assert send(address(Webhook(hook.url), None), "webhook", MESSAGE) is None
    (taken,) = hook.messages
    assert taken["title"] == "[SEV1] shop: db is critical"
    assert taken["type"] == "failure"
    assert taken["message"] == (
        "db is critical\n"
        "  refused <by> the host\n"
        "  evidence: row 7\n"
        "  since: 2026-03-10T12:00:00Z\n"
        "  runbook: https://wiki/db\n"
        "\n"
        "shop, 2026-03-10T12:00:00Z"
    )


def test_a_short_message_holds_the_first_problem_alone(hook: Hook, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(hook.url)
    assert send(address(Sms(tmp_path / "url"), None), "sms", MESSAGE) is None
    assert "shop, 2026" not in hook.messages[0]["message"]


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
def test_what_is_not_taken_is_told_with_the_answer(hook: Hook, status: int) -> None:
    hook.status = status
    why = send(address(Webhook(hook.url), None), "webhook", MESSAGE)
    assert why is not None
    assert f"error={status}" in why


def test_a_reason_tells_no_secret(hook: Hook, tmp_path: Path) -> None:
    hook.status = 500
    (tmp_path / "url").write_text(f"{hook.url}/hunter2-is-secret?key=another-secret-word")
    why = send(address(Webhook(url_file=tmp_path / "url"), None), "webhook", MESSAGE)
    assert why is not None
    assert "hunter2" not in why
    assert "another-secret" not in why


@pytest.mark.parametrize("url", ["gopher://nowhere", "http://nowhere.example/", "", "slack://x"])
def test_what_apprise_does_not_know_is_a_reason(url: str) -> None:
    assert send(url, "apprise", MESSAGE)


def test_a_message_as_long_as_can_be_arrives(hook: Hook) -> None:
    long = Message("title", "x" * 20_000, "<p>x</p>", "info")
    assert send(address(Webhook(hook.url), None), "webhook", long) is None
    assert sum(len(taken["message"]) for taken in hook.messages) >= 20_000
