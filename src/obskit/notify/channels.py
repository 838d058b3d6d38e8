"""The channels of `alerts.toml` by name, and where Apprise finds each."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from obskit.exceptions import ConfigError
from obskit.receivers.channel import (
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
from obskit.receivers.model import Directory, Mailer, Receiver
from obskit.receivers.secret import Secret, Variable, read
from obskit.receivers.section import addresses

_SMTPS = 465


def names(receiver: Receiver) -> list[str]:
    """The names of a receiver's channels: its own, and the kind of each.

    >>> from obskit.receivers.channel import Webhook
    >>> names(Receiver("team", (Webhook("http://localhost/"),)))
    ['team/webhook']
    """
    return [f"{receiver.name}/{kind(channel)}" for channel in receiver.channels]


def kind(channel: Channel) -> str:
    """What `alerts.toml` calls a channel of its kind."""
    return type(channel).__name__.lower()


def all_of(directory: Directory) -> dict[str, Channel]:
    """Every channel by its name."""
    return {
        name: channel
        for receiver in directory.receivers.values()
        for name, channel in zip(names(receiver), receiver.channels, strict=True)
    }


def is_by_problem(name: str) -> bool:
    """Whether a channel keeps one incident a problem, and is told of each by itself."""
    return name.rpartition("/")[2] in {"pagerduty", "opsgenie"}


def address(channel: Channel, mailer: Mailer | None, thread: str = "") -> str:
    """The URL by which Apprise reaches a channel. It may hold secrets.

    Args:
        channel: The channel.
        mailer: What sends mail.
        thread: What the message is about, for channels that keep an incident of each.

    Raises:
        ConfigError: A file of its secrets cannot be read, or Apprise cannot send there.
    """
    if isinstance(channel, Email):
        return _mail(channel, mailer)
    if isinstance(channel, Webhook):
        return _json(channel.url or _secret(channel.url_file))
    if isinstance(channel, Sms):
        return _json(_secret(channel.url_file))
    if isinstance(channel, PagerDuty):
        key = quote(_secret(channel.routing_key_file), safe="")
        asked = _asked(action="map", dedup=thread, region=_region(channel.url), image="no")
        return f"pagerduty://{key}@{key}?{asked}"
    if isinstance(channel, Opsgenie):
        key = quote(_secret(channel.api_key_file), safe="")
        return f"opsgenie://{key}?{_asked(action='map', alias=thread, region=_region(channel.url))}"
    if isinstance(channel, Telegram):
        if channel.url:
            raise ConfigError(
                [f"telegram url is {channel.url}: obskit's notify knows its own only"]
            )
        return f"tgram://{_secret(channel.token_file)}/{channel.chat}"
    url = _secret(channel.url_file)
    if isinstance(channel, Discord):
        # What has a colour and a footer there is an embed, which Apprise makes of Markdown alone.
        return f"{url}?{_asked(format='markdown', footer='yes', image='no', avatar='no')}"
    if isinstance(channel, Slack) and channel.channel:
        return f"{url}?{_asked(to=channel.channel)}"
    return url


def _mail(channel: Email, mailer: Mailer | None) -> str:
    if mailer is None:
        raise ConfigError(
            ["a receiver has email, and no mail server is given: write it in [email]"]
        )
    login = ""
    if mailer.username is not None:
        password = _secret(mailer.password_file) if mailer.password_file else ""
        login = f"{quote(mailer.username, safe='')}:{quote(password, safe='')}@"
    mode = "insecure"
    if mailer.require_tls:
        mode = "ssl" if mailer.port == _SMTPS else "starttls"
    scheme = "mailtos" if mailer.require_tls else "mailto"
    to = ",".join(_to(channel))
    told = {"smtp": mailer.host, "from": mailer.sender, "to": to, "mode": mode}
    return f"{scheme}://{login}{mailer.host}:{mailer.port}?{_asked(**told)}"


def _to(channel: Email) -> tuple[str, ...]:
    if channel.to_env is None:
        return channel.to
    listed = [one.strip() for one in _secret(channel.to_env).split(",")]
    try:
        return addresses([one for one in listed if one])
    except ValueError as wrong:
        raise ConfigError([f"{channel.to_env} holds no addresses: {wrong}"]) from wrong


def _json(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise ConfigError([f"a webhook's URL begins with {parts.scheme!r}: use http or https"])
    # Apprise reads the query itself, and hands on what begins with "-".
    query = urlencode(
        [(f"-{name}", told) for name, told in parse_qsl(parts.query, True)], quote_via=quote
    )
    scheme = "jsons" if parts.scheme == "https" else "json"
    return urlunsplit((scheme, parts.netloc, parts.path, query, ""))


def _region(url: str | None) -> str:
    host = urlsplit(url or "").hostname or ""
    if not host or host in {"events.pagerduty.com", "api.opsgenie.com"}:
        return "us"
    if host in {"events.eu.pagerduty.com", "api.eu.opsgenie.com"}:
        return "eu"
    raise ConfigError([f"url is {url}: obskit's notify sends to the provider's own addresses only"])


def _asked(**told: str) -> str:
    return urlencode({name: each for name, each in told.items() if each}, quote_via=quote)


def _secret(given: Secret | None) -> str:
    try:
        found = read(given) if given else ""
    except (OSError, ValueError) as error:
        raise ConfigError([f"{given} cannot be read: {error}"]) from error
    if found:
        return found
    if isinstance(given, Variable):
        raise ConfigError([f"{given} is not set: give it to whatever runs this command"])
    raise ConfigError([f"{given} is empty: write the secret into it"])
