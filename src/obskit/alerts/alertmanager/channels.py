"""A receiver and its channels as Alertmanager is told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from obskit import names
from obskit.alerts.promql import label
from obskit.receivers import channel as kinds
from obskit.receivers.channel import Channel
from obskit.receivers.model import Directory, Mailer, Receiver
from obskit.receivers.secret import Secret, Variable

#: The Alertmanager that Teams needs.
TEAMS_SINCE = (0, 26)
#: What a secret is, where it must stand in the configuration itself.
Tell = Callable[[Secret], str]

_TITLE = '{{ template "obskit.title" . }}'
_TEXT = '{{ template "obskit.text" . }}'
_SHORT = '{{ template "obskit.short" . }}'

_PARTS = (names.CHECK_NAME, names.JOB_NAME, names.OPERATION_NAME)


def placeholder(secret: Secret) -> str:
    """What stands in place of a secret: a URL that leads nowhere and names the file, or the variable.

    >>> placeholder(Path("/run/secrets/discord"))
    'http://secret.invalid/run/secrets/discord'
    """
    slash = "" if isinstance(secret, Path) else "/"
    return f"http://secret.invalid{slash}{quote(str(secret), safe='/$')}"


def inlined(receiver: Receiver) -> Iterator[Secret]:
    """The secrets of a receiver that Alertmanager 0.25 does not read by itself: it knows no variable."""
    for channel in receiver.channels:
        if isinstance(channel, kinds.Discord | kinds.Teams | kinds.Sms | kinds.Webhook):
            if channel.url_file is not None:
                yield channel.url_file
        elif isinstance(channel, kinds.Telegram):
            yield channel.token_file
        else:
            yield from (one for one in vars(channel).values() if isinstance(one, Variable))


def refused(receiver: Receiver, version: tuple[int, int]) -> Iterator[str]:
    """What of a receiver this Alertmanager cannot do.

    Args:
        receiver: The receiver.
        version: Alertmanager's.
    """
    for channel in receiver.channels:
        if isinstance(channel, kinds.Teams) and version < TEAMS_SINCE:
            yield (
                f"[receivers.{receiver.name}] teams needs Alertmanager 0.26, and this is for"
                f" {version[0]}.{version[1]}: give --alertmanager-version 0.26 or newer,"
                " or another channel"
            )
        if isinstance(channel, kinds.Apprise):
            yield (
                f"[receivers.{receiver.name}] apprise is for obskit's own notifications, and"
                " Alertmanager does not know it: name another receiver, or give another channel"
            )


def mailer(given: Mailer, secret: Tell = placeholder) -> dict[str, Any]:
    """How mail is sent, for all receivers.

    Args:
        given: The mail server.
        secret: Gives what must stand in the configuration itself.
    """
    login = (
        {
            "smtp_auth_username": given.username,
            **_held("smtp_auth_password", given.password_file, secret),
        }
        if given.username and given.password_file
        else {}
    )
    return {
        "smtp_smarthost": f"{given.host}:{given.port}",
        "smtp_from": given.sender,
        **login,
        "smtp_require_tls": given.require_tls,
    }


def configured(receiver: Receiver, directory: Directory, secret: Tell) -> dict[str, Any]:
    """A receiver.

    Args:
        receiver: The receiver.
        directory: Who hears of what.
        secret: Gives what must stand in the configuration itself.
    """
    # A heartbeat that is told to have ended is taken for one more beat.
    resolved = receiver.name != directory.watchdog
    found: dict[str, Any] = {"name": receiver.name}
    for channel in receiver.channels:
        kind, content = _channel(channel, secret)
        found.setdefault(kind, []).append({"send_resolved": resolved, **content})
    return found


def _channel(channel: Channel, secret: Tell) -> tuple[str, dict[str, Any]]:
    if isinstance(channel, kinds.Email):
        return "email_configs", _email(channel, secret)
    if isinstance(channel, kinds.Slack):
        return "slack_configs", _slack(channel, secret)
    if isinstance(channel, kinds.Discord):
        url = {"webhook_url": secret(channel.url_file)}
        return "discord_configs", {**url, "title": _TITLE, "message": _SHORT}
    if isinstance(channel, kinds.Teams):
        url = {"webhook_url": secret(channel.url_file)}
        return "msteams_configs", {**url, "title": _TITLE, "text": _TEXT}
    if isinstance(channel, kinds.PagerDuty):
        return "pagerduty_configs", _pagerduty(channel, secret)
    if isinstance(channel, kinds.Opsgenie):
        return "opsgenie_configs", _opsgenie(channel, secret)
    if isinstance(channel, kinds.Telegram):
        return "telegram_configs", _telegram(channel, secret)
    file = channel.url_file
    address = secret(file) if file else getattr(channel, "url", None)
    return "webhook_configs", {"url": address}


def _email(channel: kinds.Email, secret: Tell) -> dict[str, Any]:
    return {
        "to": secret(channel.to_env) if channel.to_env else ", ".join(channel.to),
        "headers": {"Subject": _TITLE},
        "text": _TEXT,
        "html": '{{ template "obskit.email.html" . }}',
    }


def _slack(channel: kinds.Slack, secret: Tell) -> dict[str, Any]:
    return {
        **_held("api_url", channel.url_file, secret),
        **({"channel": channel.channel} if channel.channel else {}),
        "color": '{{ template "obskit.color" . }}',
        "title": _TITLE,
        "title_link": '{{ template "obskit.link" . }}',
        "text": '{{ template "obskit.slack.text" . }}',
        "fallback": _TITLE,
        "mrkdwn_in": ["text"],
        "fields": [
            {"title": "Severity", "value": '{{ template "obskit.severity" . }}', "short": True},
            {"title": "Owner", "value": "{{ .CommonLabels.owner }}", "short": True},
        ],
    }


def _pagerduty(channel: kinds.PagerDuty, secret: Tell) -> dict[str, Any]:
    return {
        **_held("routing_key", channel.routing_key_file, secret),
        **_address("url", channel.url),
        "description": _TITLE,
        "severity": '{{ template "obskit.pagerduty.severity" . }}',
        "source": "{{ .CommonLabels.service }}",
        "client": "obskit",
        "client_url": "{{ .ExternalURL }}",
        "class": "{{ .CommonLabels.alertname }}",
        # An alert is of one of them at most.
        "component": "".join(f"{{{{ .CommonLabels.{label(name)} }}}}" for name in _PARTS),
        "group": "{{ .CommonLabels.service }}",
        # These two replace Alertmanager's own, which list every label.
        "details": {
            "firing": '{{ if .Alerts.Firing }}{{ template "obskit.text" . }}{{ end }}',
            "resolved": '{{ if not .Alerts.Firing }}{{ template "obskit.text" . }}{{ end }}',
            "owner": "{{ .CommonLabels.owner }}",
        },
        "links": [
            {"href": '{{ template "obskit.runbook" . }}', "text": "Runbook"},
            {"href": "{{ .CommonAnnotations.dashboard_url }}", "text": "Dashboard"},
        ],
    }


def _opsgenie(channel: kinds.Opsgenie, secret: Tell) -> dict[str, Any]:
    return {
        **_held("api_key", channel.api_key_file, secret),
        **_address("api_url", channel.url),
        "message": _TITLE,
        "description": _TEXT,
        "source": "{{ .CommonLabels.service }}",
        "priority": '{{ template "obskit.opsgenie.priority" . }}',
    }


def _telegram(channel: kinds.Telegram, secret: Tell) -> dict[str, Any]:
    # Plain text: what is cut off because it is too long would else be an open tag, and refused.
    return {
        "bot_token": secret(channel.token_file),
        "chat_id": channel.chat,
        **_address("api_url", channel.url),
        "message": f"{_TITLE}\n\n{_SHORT}",
        "parse_mode": "",
    }


def _held(key: str, given: Secret, secret: Tell) -> Mapping[str, str]:
    """A secret that Alertmanager reads from a file, or else is told."""
    return {f"{key}_file": str(given)} if isinstance(given, Path) else {key: secret(given)}


def _address(key: str, url: str | None) -> Mapping[str, str]:
    return {key: url} if url else {}
