"""Where Apprise finds the channels of `alerts.toml`; what it makes of that is Apprise's own word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.notify.given import directory

from obskit.exceptions import ConfigError
from obskit.notify.channels import address, all_of, is_by_problem
from obskit.receivers.channel import (
    Apprise,
    Channel,
    Discord,
    Email,
    Opsgenie,
    PagerDuty,
    Slack,
    Sms,
    Telegram,
    Webhook,
)
from obskit.receivers.model import Mailer, Receiver
from obskit.receivers.secret import Variable

apprise = pytest.importorskip("apprise")
pytest.importorskip("obskit.notify.sending")  # it has Apprise import its services


@pytest.fixture
def secret(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        file = tmp_path / "secret"
        file.write_text(f"{text}\n")
        return file

    return write


def made(channel: Channel, mailer: Mailer | None = None, thread: str = "") -> Any:
    service = apprise.Apprise.instantiate(address(channel, mailer, thread))
    assert service is not None
    return service


def test_mail_goes_through_the_mail_server_with_its_login(secret: Any) -> None:
    mailer = Mailer("mail.host.com", 587, "shop@host.com", "us@er", secret("p/w:d?&"))
    mail = made(Email(("ann@host.com", "bob@host.com")), mailer)
    assert (mail.smtp_host, mail.port, mail.secure_mode) == ("mail.host.com", 587, "starttls")
    assert (mail.user, mail.password) == ("us@er", "p/w:d?&")
    assert mail.from_addr[1] == "shop@host.com"
    assert [to for _, to in mail.targets] == ["ann@host.com", "bob@host.com"]


def test_mail_to_the_port_of_smtps_is_tls_from_the_start() -> None:
    mail = made(Email(("ann@host.com",)), Mailer("mail.host.com", 465, "shop@host.com"))
    assert (mail.port, mail.secure_mode) == (465, "ssl")


def test_a_webhook_keeps_its_path_and_its_query(secret: Any) -> None:
    hook = made(Webhook(url_file=secret("https://hooks.host.com:8443/a/b?key=x%20y")))
    assert (hook.secure, hook.host, hook.port, hook.fullpath) == (
        True,
        "hooks.host.com",
        8443,
        "/a/b",
    )
    assert hook.params == {"key": "x y"}


def test_a_gateway_for_short_messages_is_a_webhook(secret: Any) -> None:
    assert made(Sms(secret("http://gateway.host.com/send"))).host == "gateway.host.com"


def test_slack_is_given_its_webhook_and_its_channel(secret: Any) -> None:
    url = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    slack = made(Slack(secret(url), "#ops"))
    assert (slack.token_a, slack.token_b) == ("T1JJ3T3L2", "A1BRTD4JD")
    assert slack.channels == ["ops"]


def test_discord_is_given_its_webhook(secret: Any) -> None:
    discord = made(
        Discord(secret("https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U71"))
    )
    assert (discord.webhook_id, discord.webhook_token) == ("4174216298", "JHMHI8qBe7bk2ZwO5U71")
    assert (discord.footer, discord.include_image) == (True, False)
    assert "format=markdown" in discord.url()


def test_pagerduty_keeps_one_incident_for_each_problem(secret: Any) -> None:
    duty = made(PagerDuty(secret("k" * 32)), thread="shop::check:db")
    assert (duty.integration_key, duty.dedup, duty.action) == ("k" * 32, "shop::check:db", "map")
    assert duty.region_name == "us"
    assert is_by_problem("team/pagerduty")
    assert not is_by_problem("team/slack")


def test_opsgenie_keeps_one_alert_for_each_problem(secret: Any) -> None:
    genie = made(
        Opsgenie(secret("a" * 36), "https://api.eu.opsgenie.com/"), thread="shop::check:db"
    )
    assert (genie.apikey, genie.alias, genie.region_name) == ("a" * 36, "shop::check:db", "eu")


def test_telegram_is_given_its_chat(secret: Any) -> None:
    telegram = made(Telegram(secret("123456789:abcdefg_hijklmnop"), -1001234))
    assert telegram.bot_token == "123456789:abcdefg_hijklmnop"
    assert str(telegram.targets[0][0]) == "-1001234"


def test_whatever_else_apprise_knows_is_taken_as_it_is(secret: Any) -> None:
    assert address(Apprise(secret("ntfy://ntfy.host.com/ops")), None) == "ntfy://ntfy.host.com/ops"


def test_a_channel_is_named_by_its_receiver_and_its_kind() -> None:
    team = Receiver("team", (Email(("a@host.com",)), Webhook("http://localhost/")))
    assert list(all_of(directory(receivers={"team": team}))) == ["team/email", "team/webhook"]


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_secret_is_told_by_its_file(secret: Any, content: str) -> None:
    file = secret(content)
    with pytest.raises(ConfigError, match=f"{file} is empty"):
        address(Discord(file), None)


def test_a_secret_that_is_not_there_is_told_by_its_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{tmp_path}/none cannot be read"):
        address(Discord(tmp_path / "none"), None)


def test_people_of_a_variable_are_all_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_EMAILS", "ann@host.com, bob@host.com,")
    mail = made(Email(to_env=Variable("ALERT_EMAILS")), Mailer("mail.host.com", 587, "a@host.com"))
    assert [to for _, to in mail.targets] == ["ann@host.com", "bob@host.com"]


def test_what_is_no_address_in_a_variable_is_told_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALERT_EMAILS", "ann@host.com;bob")
    with pytest.raises(
        ConfigError, match=r"\$ALERT_EMAILS holds no addresses: use an address such"
    ):
        address(Email(to_env=Variable("ALERT_EMAILS")), Mailer("mail.host.com", 587, "a@host.com"))


def test_a_secret_may_stand_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NTFY", "ntfy://ntfy.host.com/ops\n")
    assert address(Apprise(Variable("NTFY")), None) == "ntfy://ntfy.host.com/ops"


def test_a_variable_that_is_not_set_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NTFY", raising=False)
    with pytest.raises(ConfigError, match=r"\$NTFY is not set: give it to whatever runs"):
        address(Apprise(Variable("NTFY")), None)


@pytest.mark.parametrize("kind", [PagerDuty, Opsgenie])
def test_an_address_that_apprise_cannot_send_to_is_refused(secret: Any, kind: Any) -> None:
    with pytest.raises(ConfigError, match="url is http://localhost:1/"):
        address(kind(secret("k" * 36), "http://localhost:1/"), None)
