"""What the file says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli

from obskit.receivers.channel import (
    Apprise,
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
from obskit.receivers.hours import Hours
from obskit.receivers.model import Delivery, Directory, Mailer, Mute, Receiver
from obskit.receivers.reading import directory_of, read_directory
from obskit.receivers.secret import Variable

from .given import WHOLE, small

SECRETS = Path("/run/secrets")


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text(WHOLE)
    assert read_directory(file) == Directory(
        receivers={
            "on-call": Receiver("on-call", (PagerDuty(SECRETS / "pagerduty"),)),
            "data-team": Receiver(
                "data-team",
                (
                    Email(("data@example.org", "dba@example.org")),
                    Slack(SECRETS / "slack", "#data"),
                ),
            ),
            "team": Receiver(
                "team",
                (
                    Discord(SECRETS / "discord"),
                    Opsgenie(SECRETS / "opsgenie", "https://api.eu.opsgenie.com/"),
                    Telegram(SECRETS / "telegram", -100),
                    Sms(SECRETS / "sms"),
                ),
            ),
            "heartbeat": Receiver("heartbeat", (Webhook("https://beats.example.org/shop"),)),
        },
        owners={"data": "data-team", "platform": "on-call"},
        default="team",
        severities={
            "sev1": Delivery(1_800.0, "on-call"),
            "sev2": Delivery(43_200.0),
            "sev3": Delivery(86_400.0),
        },
        mailer=Mailer(
            "mail.example.org", 587, "alerts@example.org", "alerts", SECRETS / "mail", True
        ),
        working_hours=Hours((0, 1, 2, 3, 4), 540, 1020, "Europe/Berlin"),
        mutes=(
            Mute(
                "backup",
                Hours((5,), 1380, 60, "Europe/Berlin"),
                {"severity": ("sev2", "sev3"), "check": ("backup",)},
            ),
        ),
        watchdog="heartbeat",
        issues={"critical": 5, "error": 3},
    )


def test_the_least_file_tells_one_receiver_of_everything_at_any_time() -> None:
    assert directory_of(small(), "alerts.toml") == Directory(
        receivers={"team": Receiver("team", (Webhook("http://127.0.0.1:9095/"),))},
        owners={},
        default="team",
        severities={
            "sev1": Delivery(3_600.0),
            "sev2": Delivery(43_200.0),
            "sev3": Delivery(86_400.0),
        },
        issues={"critical": 5, "error": 20},
    )


@pytest.mark.parametrize(
    ("kind", "given", "channel"),
    [
        ("teams", {"url_file": "/run/secrets/teams"}, Teams(SECRETS / "teams")),
        ("apprise", {"url_file": "/run/secrets/any"}, Apprise(SECRETS / "any")),
        ("webhook", {"url_file": "/run/secrets/hook"}, Webhook(url_file=SECRETS / "hook")),
        ("email", {"to": "a@example.org"}, Email(("a@example.org",))),
        (
            "pagerduty",
            {"routing_key_file": "/run/secrets/key", "url": "http://127.0.0.1:1/"},
            PagerDuty(SECRETS / "key", "http://127.0.0.1:1/"),
        ),
        (
            "telegram",
            {"token_file": "/run/secrets/token", "chat": 7, "url": "http://127.0.0.1:1/"},
            Telegram(SECRETS / "token", 7, "http://127.0.0.1:1/"),
        ),
        ("email", {"to_env": "ALERT_EMAILS"}, Email(to_env=Variable("ALERT_EMAILS"))),
        ("slack", {"url_env": "SLACK_URL"}, Slack(Variable("SLACK_URL"))),
        ("webhook", {"url_env": "HOOK_URL"}, Webhook(url_file=Variable("HOOK_URL"))),
        ("pagerduty", {"routing_key_env": "PD_KEY"}, PagerDuty(Variable("PD_KEY"))),
        ("opsgenie", {"api_key_env": "OG_KEY"}, Opsgenie(Variable("OG_KEY"))),
        ("telegram", {"token_env": "TOKEN", "chat": 7}, Telegram(Variable("TOKEN"), 7)),
    ],
)
def test_a_channel_is_read(kind: str, given: dict[str, Any], channel: object) -> None:
    mail = {"smarthost": "localhost:25", "from": "obskit@example.org", "require_tls": False}
    directory = directory_of(
        {"receivers": {"team": {kind: given}}, "default": {"receiver": "team"}, "email": mail},
        "alerts.toml",
    )
    assert directory.receivers["team"].channels == (channel,)
    assert directory.mailer == Mailer("localhost", 25, "obskit@example.org", require_tls=False)


def test_the_password_of_the_mail_server_may_stand_in_a_variable() -> None:
    mail = {"smarthost": "a:587", "from": "a@b.org", "username": "a", "password_env": "SMTP_PASS"}
    directory = directory_of(small(email=mail), "alerts.toml")
    assert directory.mailer == Mailer("a", 587, "a@b.org", "a", Variable("SMTP_PASS"))


def test_days_are_read_over_the_end_of_the_week() -> None:
    hours = {"days": ["saturday-monday", "Wednesday"], "from": "22:00", "until": "24:00"}
    directory = directory_of(small(working_hours={**hours, "timezone": "UTC"}), "alerts.toml")
    assert directory.working_hours == Hours((0, 2, 5, 6), 1320, 1440, "UTC")


def test_every_day_of_the_week_has_its_name() -> None:
    hours = {"from": "22:00", "until": "24:00", "timezone": "UTC"}
    names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    read = [
        directory_of(small(working_hours={**hours, "days": name}), "alerts.toml").working_hours
        for name in names
    ]
    assert [each.days for each in read if each] == [(0,), (1,), (2,), (3,), (4,), (5,), (6,)]


def test_a_mute_window_may_ask_of_every_trait() -> None:
    traits = ("service", "environment", "severity", "owner", "alert", "check", "job", "operation")
    match = dict.fromkeys(traits, "sev2")
    hours = {"days": "sunday", "from": "01:00", "until": "02:00", "timezone": "UTC"}
    directory = directory_of(small(mute={"move": {**hours, "match": match}}), "alerts.toml")
    assert directory.mutes[0].match == dict.fromkeys(traits, ("sev2",))


def test_no_issue_at_all_may_be_allowed() -> None:
    assert directory_of(small(issues={"error": 0}), "alerts.toml").issues == {
        "critical": 5,
        "error": 0,
    }


def test_the_longest_repetition_is_five_days() -> None:
    severities = {"sev1": {"repeat": "1m"}, "sev3": {"repeat": "5d"}}
    read = directory_of(small(severities=severities), "alerts.toml").severities
    assert (read["sev1"].repeat, read["sev3"].repeat) == (60.0, 432_000.0)


def test_the_example_of_the_documentation_is_right() -> None:
    text = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text("utf-8")
    example = text.split("## Who hears", 1)[1].split("```toml\n", 1)[1].split("```", 1)[0]
    directory = directory_of(tomli.loads(example), "docs/alerts.md")
    assert [*directory.receivers] == ["on-call", "data-team", "team", "heartbeat"]
    assert directory.watchdog == "heartbeat"
