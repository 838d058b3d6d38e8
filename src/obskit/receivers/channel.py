"""The ways a receiver is reached. What is secret of them stands in a file of its own, or a variable."""

from __future__ import annotations

from dataclasses import dataclass

from obskit.receivers.secret import Secret, Variable


@dataclass(frozen=True)
class Email:
    """Mail, sent by the `Mailer` of the directory.

    Attributes:
        to: Addresses; empty where a variable holds them.
        to_env: Holds them, separated by commas.
    """

    to: tuple[str, ...] = ()
    to_env: Variable | None = None


@dataclass(frozen=True)
class Slack:
    """An incoming webhook of Slack.

    Attributes:
        url_file: Holds its URL.
        channel: Where it writes, or None for the webhook's own channel.
    """

    url_file: Secret
    channel: str | None = None


@dataclass(frozen=True)
class Discord:
    """A webhook of Discord.

    Attributes:
        url_file: Holds its URL.
    """

    url_file: Secret


@dataclass(frozen=True)
class Teams:
    """An incoming webhook of Microsoft Teams.

    Attributes:
        url_file: Holds its URL.
    """

    url_file: Secret


@dataclass(frozen=True)
class PagerDuty:
    """An integration of PagerDuty, by its Events API, version 2.

    Attributes:
        routing_key_file: Holds its routing key.
        url: Where events are sent, or None for PagerDuty's own address.
    """

    routing_key_file: Secret
    url: str | None = None


@dataclass(frozen=True)
class Opsgenie:
    """An integration of Opsgenie.

    Attributes:
        api_key_file: Holds its key.
        url: The API's address, or None for Opsgenie's own; the European one is
            ``https://api.eu.opsgenie.com/``.
    """

    api_key_file: Secret
    url: str | None = None


@dataclass(frozen=True)
class Webhook:
    """A server of one's own, which takes JSON.

    Attributes:
        url: Where it is, if that is no secret.
        url_file: Holds its URL, if it is one. One of both is given.
    """

    url: str | None = None
    url_file: Secret | None = None


@dataclass(frozen=True)
class Telegram:
    """A bot of Telegram.

    Attributes:
        token_file: Holds its token.
        chat: The number of the chat that it writes to.
        url: The API's address, or None for Telegram's own.
    """

    token_file: Secret
    chat: int
    url: str | None = None


@dataclass(frozen=True)
class Sms:
    """Short messages, by a gateway that takes JSON as a webhook does.

    Attributes:
        url_file: Holds the gateway's URL, with the number that it sends to.
    """

    url_file: Secret


@dataclass(frozen=True)
class Apprise:
    """Whatever Apprise can send to. For obskit's own notifications; Alertmanager does not know it.

    Attributes:
        url_file: Holds Apprise's URL.
    """

    url_file: Secret


Channel = (
    Email | Slack | Discord | Teams | PagerDuty | Opsgenie | Webhook | Telegram | Sms | Apprise
)
