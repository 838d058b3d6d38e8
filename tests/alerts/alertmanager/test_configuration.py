"""What the configuration of Alertmanager says as a whole."""

from __future__ import annotations

import pytest

from obskit.alerts.alertmanager.configuration import configuration, templates
from obskit.exceptions import ConfigError

from .given import directory, hours, shop

MAIL = {"smarthost": "mail.example.org:587", "from": "alerts@example.org"}


def test_the_least_directory_makes_a_whole_configuration() -> None:
    made = configuration(shop(), directory())
    assert [*made] == ["templates", "route", "inhibit_rules", "receivers"]
    assert made["templates"] == ["obskit.tmpl"]
    assert [one["name"] for one in made["receivers"]] == ["data-team", "team", "_nobody"]
    assert made["receivers"][1:] == [
        {
            "name": "team",
            "webhook_configs": [{"send_resolved": True, "url": "http://127.0.0.1:9095/team"}],
        },
        {"name": "_nobody"},
    ]


def test_who_hears_of_nothing_is_left_out() -> None:
    unheard = {"idle": {"teams": {"url_file": "/run/secrets/teams"}}}
    made = configuration(shop(), directory(receivers=unheard))
    assert [one["name"] for one in made["receivers"]] == ["data-team", "team", "_nobody"]


def test_mail_is_sent_by_one_server_for_all() -> None:
    made = configuration(
        shop(),
        directory(
            receivers={"team": {"email": {"to": ["a@example.org", "b@example.org"]}}},
            email={**MAIL, "username": "alerts", "password_file": "/run/secrets/mail"},
        ),
    )
    assert made["global"] == {
        "smtp_smarthost": "mail.example.org:587",
        "smtp_from": "alerts@example.org",
        "smtp_auth_username": "alerts",
        "smtp_auth_password_file": "/run/secrets/mail",
        "smtp_require_tls": True,
    }
    assert made["receivers"][1]["email_configs"][0]["to"] == "a@example.org, b@example.org"


def test_a_mail_server_without_a_login_is_given_none() -> None:
    made = configuration(shop(), directory(email={**MAIL, "require_tls": False}))
    assert made["global"] == {
        "smtp_smarthost": "mail.example.org:587",
        "smtp_from": "alerts@example.org",
        "smtp_require_tls": False,
    }


def test_what_can_be_shown_to_anybody_holds_the_paths_of_secrets_only() -> None:
    made = configuration(
        shop(),
        directory(
            receivers={
                "team": {
                    "slack": {"url_file": "/run/secrets/slack"},
                    "discord": {"url_file": "/run/secrets/discord"},
                    "telegram": {"token_file": "/run/secrets/telegram", "chat": 7},
                    "sms": {"url_file": "/run/secrets/sms"},
                }
            }
        ),
    )
    team = made["receivers"][1]
    assert team["slack_configs"][0]["api_url_file"] == "/run/secrets/slack"
    assert team["discord_configs"][0]["webhook_url"] == "http://secret.invalid/run/secrets/discord"
    assert team["telegram_configs"][0]["bot_token"] == "http://secret.invalid/run/secrets/telegram"
    assert team["webhook_configs"][0]["url"] == "http://secret.invalid/run/secrets/sms"


TEAMS = {"team": {"teams": {"url_file": "/run/secrets/teams"}}}


def test_teams_and_apprise_are_refused_where_alertmanager_does_not_know_them() -> None:
    apprise = {"data-team": {"apprise": {"url_file": "/run/secrets/any"}}}
    with pytest.raises(ConfigError) as raised:
        configuration(shop(), directory(receivers={**TEAMS, **apprise}))
    assert raised.value.problems == (
        (
            "[receivers.data-team] apprise is for obskit's own notifications, and Alertmanager does"
            " not know it: name another receiver, or give another channel"
        ),
        (
            "[receivers.team] teams needs Alertmanager 0.26, and this is for 0.25: give"
            " --alertmanager-version 0.26 or newer, or another channel"
        ),
    )


def test_teams_is_told_by_an_alertmanager_that_knows_it() -> None:
    made = configuration(shop(), directory(receivers=TEAMS), version=(0, 26))
    assert made["receivers"][1]["msteams_configs"] == [
        {
            "send_resolved": True,
            "webhook_url": "http://secret.invalid/run/secrets/teams",
            "title": '{{ template "obskit.title" . }}',
            "text": '{{ template "obskit.text" . }}',
        }
    ]


def test_the_end_of_a_heartbeat_is_not_told_as_one_more_beat() -> None:
    made = configuration(
        shop(), directory(owners={}, watchdog={"receiver": "on-call"}, severities={})
    )
    assert made["receivers"][0] == {
        "name": "on-call",
        "webhook_configs": [{"send_resolved": False, "url": "http://127.0.0.1:9095/on-call"}],
    }


def test_hours_are_time_intervals_cut_at_midnight_in_their_zone() -> None:
    night = {**hours(days="saturday"), "from": "23:00", "until": "01:00"}
    made = configuration(shop(), directory(working_hours=hours(), mute={"backup": night}))
    assert made["time_intervals"] == [
        {
            "name": "working-hours",
            "time_intervals": [
                {
                    "times": [{"start_time": "09:00", "end_time": "17:00"}],
                    "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
                    "location": "Europe/Berlin",
                }
            ],
        },
        {
            "name": "mute-backup",
            "time_intervals": [
                {
                    "times": [{"start_time": "23:00", "end_time": "24:00"}],
                    "weekdays": ["saturday"],
                    "location": "Europe/Berlin",
                },
                {
                    "times": [{"start_time": "00:00", "end_time": "01:00"}],
                    "weekdays": ["sunday"],
                    "location": "Europe/Berlin",
                },
            ],
        },
    ]


def test_every_template_that_a_channel_names_is_there() -> None:
    made = configuration(
        shop(),
        directory(
            email=MAIL,
            receivers={
                "team": {
                    "email": {"to": "a@example.org"},
                    "slack": {"url_file": "/x"},
                    "pagerduty": {"routing_key_file": "/x"},
                    "opsgenie": {"api_key_file": "/x"},
                }
            },
        ),
    )
    named = {part.split('"')[0] for part in str(made["receivers"]).split('template "')[1:]}
    assert named == {
        *("obskit.title", "obskit.text", "obskit.severity", "obskit.email.html"),
        *("obskit.color", "obskit.link", "obskit.slack.text"),
        *("obskit.pagerduty.severity", "obskit.runbook", "obskit.opsgenie.priority"),
    }
    assert all(f'define "{name}"' in templates() for name in named)
