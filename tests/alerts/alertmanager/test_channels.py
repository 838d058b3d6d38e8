"""Each channel as Alertmanager is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from obskit.alerts.alertmanager.channels import configured, inlined, mailer, placeholder, refused
from obskit.receivers.channel import (
    Apprise,
    Channel,
    Discord,
    Email,
    Opsgenie,
    PagerDuty,
    Slack,
    Sms,
    Teams,
    Telegram,
    Webhook,
)
from obskit.receivers.model import Mailer, Receiver
from obskit.receivers.secret import Variable

from .given import directory

FILE = Path("/run/secrets/one")
TITLE, TEXT = '{{ template "obskit.title" . }}', '{{ template "obskit.text" . }}'
SHORT = '{{ template "obskit.short" . }}'


def told(*channels: Channel, secret: str = "hunter2") -> dict[str, Any]:
    found = configured(Receiver("team", channels), directory(), lambda _file: secret)
    assert found.pop("name") == "team"
    return found


@pytest.mark.parametrize(
    ("channel", "kind", "content"),
    [
        (
            Email(("a@example.org", "b@example.org")),
            "email_configs",
            {
                "to": "a@example.org, b@example.org",
                "headers": {"Subject": TITLE},
                "text": TEXT,
                "html": '{{ template "obskit.email.html" . }}',
            },
        ),
        (
            Slack(FILE, "#data"),
            "slack_configs",
            {
                "api_url_file": "/run/secrets/one",
                "channel": "#data",
                "color": '{{ template "obskit.color" . }}',
                "title": TITLE,
                "title_link": '{{ template "obskit.link" . }}',
                "text": '{{ template "obskit.slack.text" . }}',
                "fallback": TITLE,
                "mrkdwn_in": ["text"],
                "fields": [
                    {
                        "title": "Severity",
                        "value": '{{ template "obskit.severity" . }}',
                        "short": True,
                    },
                    {"title": "Owner", "value": "{{ .CommonLabels.owner }}", "short": True},
                ],
            },
        ),
        (
            Discord(FILE),
            "discord_configs",
            {"webhook_url": "hunter2", "title": TITLE, "message": SHORT},
        ),
        (Teams(FILE), "msteams_configs", {"webhook_url": "hunter2", "title": TITLE, "text": TEXT}),
        (
            PagerDuty(FILE, "http://127.0.0.1:1/"),
            "pagerduty_configs",
            {
                "routing_key_file": "/run/secrets/one",
                "url": "http://127.0.0.1:1/",
                "description": TITLE,
                "severity": '{{ template "obskit.pagerduty.severity" . }}',
                "source": "{{ .CommonLabels.service }}",
                "client": "obskit",
                "client_url": "{{ .ExternalURL }}",
                "class": "{{ .CommonLabels.alertname }}",
                "component": "{{ .CommonLabels.obskit_check_name }}"
                "{{ .CommonLabels.obskit_job_name }}{{ .CommonLabels.obskit_operation_name }}",
                "group": "{{ .CommonLabels.service }}",
                "details": {
                    "firing": f"{{{{ if .Alerts.Firing }}}}{TEXT}{{{{ end }}}}",
                    "resolved": f"{{{{ if not .Alerts.Firing }}}}{TEXT}{{{{ end }}}}",
                    "owner": "{{ .CommonLabels.owner }}",
                },
                "links": [
                    {"href": '{{ template "obskit.runbook" . }}', "text": "Runbook"},
                    {"href": "{{ .CommonAnnotations.dashboard_url }}", "text": "Dashboard"},
                ],
            },
        ),
        (
            Opsgenie(FILE, "https://api.eu.opsgenie.com/"),
            "opsgenie_configs",
            {
                "api_key_file": "/run/secrets/one",
                "api_url": "https://api.eu.opsgenie.com/",
                "message": TITLE,
                "description": TEXT,
                "source": "{{ .CommonLabels.service }}",
                "priority": '{{ template "obskit.opsgenie.priority" . }}',
            },
        ),
        (
            Telegram(FILE, -100, "http://127.0.0.1:1/"),
            "telegram_configs",
            {
                "bot_token": "hunter2",
                "chat_id": -100,
                "api_url": "http://127.0.0.1:1/",
                "message": f"{TITLE}\n\n{SHORT}",
                "parse_mode": "",
            },
        ),
        (Sms(FILE), "webhook_configs", {"url": "hunter2"}),
        (Webhook(url_file=FILE), "webhook_configs", {"url": "hunter2"}),
        (Webhook("http://127.0.0.1:1/"), "webhook_configs", {"url": "http://127.0.0.1:1/"}),
    ],
)
def test_a_channel_is_configured_so(channel: Channel, kind: str, content: dict[str, Any]) -> None:
    assert told(channel) == {kind: [{"send_resolved": True, **content}]}


@pytest.mark.parametrize(
    ("channel", "kind", "key"),
    [
        (Slack(FILE), "slack_configs", "channel"),
        (PagerDuty(FILE), "pagerduty_configs", "url"),
        (Opsgenie(FILE), "opsgenie_configs", "api_url"),
        (Telegram(FILE, 7), "telegram_configs", "api_url"),
    ],
)
def test_what_is_not_said_is_left_to_alertmanager(channel: Channel, kind: str, key: str) -> None:
    ((content,),) = told(channel).values()
    assert list(told(channel)) == [kind]
    assert key not in content


def test_channels_of_one_kind_stand_in_one_list() -> None:
    found = told(Sms(FILE), Webhook("http://127.0.0.1:1/"), Discord(FILE))
    assert {kind: len(many) for kind, many in found.items()} == {
        "webhook_configs": 2,
        "discord_configs": 1,
    }


def test_the_secrets_that_must_stand_in_the_configuration_are_these() -> None:
    files = {kind: Path(f"/run/secrets/{kind}") for kind in ("d", "t", "s", "w", "g", "x")}
    receiver = Receiver(
        "team",
        (
            Discord(files["d"]),
            Teams(files["t"]),
            Sms(files["s"]),
            Webhook(url_file=files["w"]),
            Webhook("http://127.0.0.1:1/"),
            Telegram(files["g"], 7),
            Slack(files["x"]),
            PagerDuty(files["x"]),
            Opsgenie(files["x"]),
            Email(("a@example.org",)),
        ),
    )
    assert list(inlined(receiver)) == [files[kind] for kind in ("d", "t", "s", "w", "g")]


@pytest.mark.parametrize(
    ("channel", "kind", "key"),
    [
        (Email(to_env=Variable("IT")), "email_configs", "to"),
        (Slack(Variable("IT")), "slack_configs", "api_url"),
        (PagerDuty(Variable("IT")), "pagerduty_configs", "routing_key"),
        (Opsgenie(Variable("IT")), "opsgenie_configs", "api_key"),
    ],
)
def test_what_a_variable_holds_stands_in_the_configuration_itself(
    channel: Channel, kind: str, key: str
) -> None:
    assert told(channel)[kind][0][key] == "hunter2"
    assert f"{key}_file" not in told(channel)[kind][0]
    assert list(inlined(Receiver("team", (channel,)))) == [Variable("IT")]


def test_the_password_of_a_variable_stands_in_the_configuration_itself() -> None:
    full = Mailer("mail.example.org", 587, "a@example.org", "alerts", Variable("PASSWORD"))
    found = mailer(full, lambda _: "hunter2")
    assert found["smtp_auth_password"] == "hunter2"
    assert "smtp_auth_password_file" not in found
    assert mailer(full)["smtp_auth_password"] == "http://secret.invalid/$PASSWORD"


def test_a_placeholder_is_a_url_whatever_the_file_is_called() -> None:
    assert placeholder(Path("/run/my secrets/a?b")) == (
        "http://secret.invalid/run/my%20secrets/a%3Fb"
    )


@pytest.mark.parametrize(
    ("version", "problems"), [((0, 25), 2), ((0, 26), 1), ((0, 27), 1), ((1, 0), 1)]
)
def test_teams_is_refused_before_its_version_and_apprise_ever(
    version: tuple[int, int], problems: int
) -> None:
    receiver = Receiver("team", (Teams(FILE), Apprise(FILE), Discord(FILE)))
    assert len(list(refused(receiver, version))) == problems


def test_a_mail_server_without_a_login_is_told_of_none() -> None:
    plain = {
        "smtp_smarthost": "mail.example.org:587",
        "smtp_from": "alerts@example.org",
        "smtp_require_tls": True,
    }
    assert mailer(Mailer("mail.example.org", 587, "alerts@example.org")) == plain
    full = Mailer("mail.example.org", 587, "alerts@example.org", "alerts", FILE, require_tls=False)
    assert mailer(full) == {
        **plain,
        "smtp_auth_username": "alerts",
        "smtp_auth_password_file": "/run/secrets/one",
        "smtp_require_tls": False,
    }
