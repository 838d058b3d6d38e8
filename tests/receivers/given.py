"""A file that says everything that can be said."""

from __future__ import annotations

from typing import Any

WHOLE = """
[receivers.on-call]
pagerduty = { routing_key_file = "/run/secrets/pagerduty" }

[receivers.data-team]
slack = { url_file = "/run/secrets/slack", channel = "#data" }
email = { to = ["data@example.org", "dba@example.org"] }

[receivers.team]
discord = { url_file = "/run/secrets/discord" }
telegram = { token_file = "/run/secrets/telegram", chat = -100 }
opsgenie = { api_key_file = "/run/secrets/opsgenie", url = "https://api.eu.opsgenie.com/" }
sms = { url_file = "/run/secrets/sms" }

[receivers.heartbeat]
webhook = { url = "https://beats.example.org/shop" }

[owners]
data = "data-team"
platform = "on-call"

[default]
receiver = "team"

[email]
smarthost = "mail.example.org:587"
from = "alerts@example.org"
username = "alerts"
password_file = "/run/secrets/mail"

[severities.sev1]
page = "on-call"
repeat = "30m"

[working_hours]
days = "monday-friday"
from = "09:00"
until = "17:00"
timezone = "Europe/Berlin"

[mute.backup]
days = ["saturday"]
from = "23:00"
until = "01:00"
timezone = "Europe/Berlin"
match = { check = "backup", severity = ["sev2", "sev3"] }

[watchdog]
receiver = "heartbeat"

[issues]
error = 3
"""


def small(**more: Any) -> dict[str, Any]:
    """The least that a file says, and more."""
    return {
        "receivers": {"team": {"webhook": {"url": "http://127.0.0.1:9095/"}}},
        "default": {"receiver": "team"},
        **more,
    }
