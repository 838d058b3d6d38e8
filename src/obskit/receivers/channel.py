"""The ways a receiver is reached. What is secret of them stands in files of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Email:
    """Mail, sent by the `Mailer` of the directory.

    Attributes:
        to: Addresses.
    """

    to: tuple[str, ...]


@dataclass(frozen=True)
class Slack:
    """An incoming webhook of Slack.

    Attributes:
        url_file: Holds its URL.
        channel: Where it writes, or None for the webhook's own channel.
    """

    url_file: Path
    channel: str | None = None


@dataclass(frozen=True)
class Discord:
    """A webhook of Discord.

    Attributes:
        url_file: Holds its URL.
    """

    url_file: Path


@dataclass(frozen=True)
class Teams:
    """An incoming webhook of Microsoft Teams.

    Attributes:
        url_file: Holds its URL.
    """

    url_file: Path


@dataclass(frozen=True)
class PagerDuty:
    """An integration of PagerDuty, by its Events API, version 2.

    Attributes:
        routing_key_file: Holds its routing key.
        url: Where events are sent, or None for PagerDuty's own address.
    """

    routing_key_file: Path
    url: str | None = None


@dataclass(frozen=True)
class Opsgenie:
    """An integration of Opsgenie.

    Attributes:
        api_key_file: Holds its key.
        url: The API's address, or None for Opsgenie's own; the European one is
            ``https://api.eu.opsgenie.com/``.
    """

    api_key_file: Path
    url: str | None = None


@dataclass(frozen=True)
class Webhook:
    """A server of one's own, which takes JSON.

    Attributes:
        url: Where it is, if that is no secret.
        url_file: Holds its URL, if it is one. One of both is given.
    """

    url: str | None = None
    url_file: Path | None = None


@dataclass(frozen=True)
class Telegram:
    """A bot of Telegram.

    Attributes:
        token_file: Holds its token.
        chat: The number of the chat that it writes to.
        url: The API's address, or None for Telegram's own.
    """

    token_file: Path
    chat: int
    url: str | None = None


@dataclass(frozen=True)
class Sms:
    """Short messages, by a gateway that takes JSON as a webhook does.

    Attributes:
        url_file: Holds the gateway's URL, with the number that it sends to.
    """

    url_file: Path


@dataclass(frozen=True)
class Apprise:
    """Whatever Apprise can send to. For obskit's own notifications; Alertmanager does not know it.

    Attributes:
        url_file: Holds Apprise's URL.
    """

    url_file: Path


Channel = (
    Email | Slack | Discord | Teams | PagerDuty | Opsgenie | Webhook | Telegram | Sms | Apprise
)
