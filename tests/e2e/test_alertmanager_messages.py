"""What people read of an alert: as each vendor documents it, and by mail."""

from __future__ import annotations

import email
import email.policy
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import AuthResult, LoginPassword

from .alerting import Alertmanager, alert
from .services import LOOPBACK, free_ports
from .vendors import Vendors
from .waiting import wait_until

CHECK = "obskit_check_name"
ALWAYS = {"days": "monday-sunday", "from": "00:00", "until": "24:00", "timezone": "UTC"}


class Mailbox(Message):
    """Keeps every mail."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[EmailMessage] = []

    def handle_message(self, message: Any) -> None:
        told = email.message_from_bytes(bytes(message), policy=email.policy.default)
        assert isinstance(told, EmailMessage)
        self.mails.append(told)


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    receiver = Vendors()
    yield receiver
    receiver.close()


def secrets(folder: Path, vendors: Vendors) -> dict[str, str]:
    """The files of secrets of all vendors."""
    found = {
        "slack": vendors.url("/slack"),
        "discord": vendors.url("/discord"),
        "pagerduty": "0123456789abcdef0123456789abcdef",
        "telegram": "7:token",
    }
    for name, secret in found.items():
        (folder / name).write_text(secret)
    return {name: str(folder / name) for name in found}


def of_vendors(folder: Path, vendors: Vendors) -> dict[str, Any]:
    files = secrets(folder, vendors)
    return {
        "receivers": {
            "team": {
                "slack": {"url_file": files["slack"], "channel": "#data"},
                "discord": {"url_file": files["discord"]},
                "pagerduty": {
                    "routing_key_file": files["pagerduty"],
                    "url": vendors.url("/pagerduty"),
                },
                "telegram": {"token_file": files["telegram"], "chat": -7, "url": vendors.url("")},
            }
        },
        "default": {"receiver": "team"},
    }


TITLE = "[SEV1] database of shop is critical (production)"


def tell(tmp_path: Path, vendors: Vendors) -> None:
    """Let the database fail and mend."""
    with Alertmanager(tmp_path, of_vendors(tmp_path, vendors)) as manager:
        manager.post(alert("CheckCritical", "critical", check="database"))
        wait_until("all are told", lambda: vendors.refused or len(vendors.taken) == 4)
        manager.post(alert("CheckCritical", "critical", ended=True, check="database"))
        wait_until("all are told again", lambda: vendors.refused or len(vendors.taken) == 8)
    assert vendors.refused == []


def test_slack_and_discord_are_told_in_their_documented_shape(
    tmp_path: Path, vendors: Vendors
) -> None:
    tell(tmp_path, vendors)
    slack, mended = vendors.messages("/slack")
    assert slack["channel"] == "#data"
    attachment = slack["attachments"][0]
    assert attachment["title"] == attachment["fallback"] == TITLE
    assert attachment["color"] == "danger"
    assert attachment["title_link"] == (
        "https://grafana.example.org/d/obskit-checks?var-check=database"
    )
    assert (
        'It measured &lt;7&gt; rows &amp; more. In environment "production".' in attachment["text"]
    )
    assert "<https://wiki.example.org/database|Runbook>" in attachment["text"]
    assert [(one["title"], one["value"]) for one in attachment["fields"]] == [
        ("Severity", "SEV1"),
        ("Owner", "unowned"),
    ]
    assert mended["attachments"][0]["color"] == "good"
    assert mended["attachments"][0]["title"].startswith("[RESOLVED SEV1] database of shop")
    discord = vendors.messages("/discord")[0]["embeds"][0]
    assert discord["title"] == TITLE
    assert "It measured <7> rows & more." in discord["description"]
    assert "\nSince 2" in discord["description"]
    assert "\nRunbook: https://wiki.example.org/database\n" in discord["description"]


def test_pagerduty_and_telegram_are_told_in_their_documented_shape(
    tmp_path: Path, vendors: Vendors
) -> None:
    tell(tmp_path, vendors)
    page, resolved = vendors.messages("/pagerduty")
    assert (page["event_action"], resolved["event_action"]) == ("trigger", "resolve")
    assert page["dedup_key"] == resolved["dedup_key"]
    assert page["payload"]["summary"] == TITLE
    assert (page["payload"]["severity"], page["payload"]["source"]) == ("critical", "shop")
    assert page["payload"]["component"] == "database"
    assert page["links"] == [
        {"href": "https://wiki.example.org/database", "text": "Runbook"},
        {
            "href": "https://grafana.example.org/d/obskit-checks?var-check=database",
            "text": "Dashboard",
        },
    ]
    told = vendors.messages("/bot7:token/sendMessage")[0]
    assert told["chat_id"] == "-7"
    assert told["text"].startswith(f"{TITLE}\n\ndatabase of shop is critical\nIt measured <7>")


def test_a_drill_goes_the_same_way_and_says_so(tmp_path: Path, vendors: Vendors) -> None:
    with Alertmanager(tmp_path, of_vendors(tmp_path, vendors)) as manager:
        manager.post(alert("CheckCritical", "critical", check="database", obskit_drill="d1"))
        wait_until("all are told", lambda: vendors.refused or len(vendors.taken) == 4)
    assert vendors.refused == []
    drill = f"[DRILL] {TITLE}"
    assert vendors.messages("/slack")[0]["attachments"][0]["title"] == drill
    assert vendors.messages("/discord")[0]["embeds"][0]["title"] == drill
    assert vendors.messages("/pagerduty")[0]["payload"]["summary"] == drill
    assert vendors.messages("/bot7:token/sendMessage")[0]["text"].startswith(drill)


def test_several_alerts_with_no_annotation_in_common_fit_what_the_vendors_take(
    tmp_path: Path, vendors: Vendors
) -> None:
    with Alertmanager(tmp_path, of_vendors(tmp_path, vendors)) as manager:
        checks = [f"part-{number}" for number in range(40)]
        many = [alert("CheckSilent", "info", check=check) for check in checks]
        for one in many:
            one["annotations"]["description"] = "ü" * 5_000
        manager.post(*many)
        wait_until("all are told", lambda: vendors.refused or len({*dict(vendors.taken)}) == 4)
    assert vendors.refused == []
    attachment = vendors.messages("/slack")[0]["attachments"][0]
    assert attachment["title"] == "[SEV3] CheckSilent of shop, 40 of them (production)"
    assert attachment["color"] == "#439FE0"
    assert vendors.messages("/pagerduty")[0]["payload"]["severity"] == "info"


@contextmanager
def mail_server(folder: Path) -> Iterator[tuple[Mailbox, int]]:
    """A mail server that takes mail by TLS from who logs in; its certificate's authority is in a file."""
    box = Mailbox()

    def judge(
        _server: object, _session: object, _envelope: object, _how: object, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        good = (given.login, given.password) == (b"alerts", b"hunter2")
        return AuthResult(success=good)

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK).configure_cert(context)
    port = free_ports(["smtp"])["smtp"]
    controller = Controller(
        box,
        LOOPBACK,
        port,
        authenticator=judge,
        auth_required=True,
        tls_context=context,
        require_starttls=True,
        auth_exclude_mechanism=["LOGIN"],  # it asks for a user in words that Go does not expect
    )
    controller.start()
    (folder / "password").write_text("hunter2")
    try:
        yield box, port
    finally:
        controller.stop()


def test_mail_arrives_by_tls_with_its_text_and_its_page(tmp_path: Path) -> None:
    with mail_server(tmp_path) as (box, port):
        given = {
            "receivers": {"team": {"email": {"to": ["data@example.org", "dba@example.org"]}}},
            "default": {"receiver": "team"},
            "email": {
                "smarthost": f"{LOOPBACK}:{port}",
                "from": "alerts@example.org",
                "username": "alerts",
                "password_file": str(tmp_path / "password"),
            },
        }
        with Alertmanager(tmp_path, given, SSL_CERT_FILE=str(tmp_path / "ca.pem")) as manager:
            manager.post(alert("CheckCritical", "critical", check="database"))
            mail = wait_until("a mail arrives", lambda: box.mails)[0]
    assert mail["Subject"] == TITLE
    assert mail["To"] == "data@example.org, dba@example.org"
    assert mail["From"] == "alerts@example.org"
    plain, page = (mail.get_body([kind]) for kind in ("plain", "html"))
    assert plain is not None
    assert page is not None
    assert "It measured <7> rows & more." in plain.get_content()
    assert "It measured &lt;7&gt; rows &amp; more." in page.get_content()
    assert '<a href="https://wiki.example.org/database">Runbook</a>' in page.get_content()
