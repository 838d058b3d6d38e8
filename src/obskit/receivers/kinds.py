"""How each kind of channel is written in the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from obskit.receivers import channel
from obskit.receivers.channel import Channel
from obskit.receivers.section import Section, addresses, number, text, url, variable


def read_channel(section: Section, kind: str) -> Channel | None:
    """A channel; None where something is wrong, which the section has noted then.

    Args:
        section: Its table.
        kind: Its kind, one of `KINDS`.
    """
    found = KINDS[kind](section)
    section.end()
    return found


def _email(section: Section) -> Channel | None:
    if "to_env" in section:
        holds = section.need("to_env", variable)
        if "to" in section:
            section.wrong("to", "and to_env: give one of both")
        return channel.Email(to_env=holds) if holds else None
    to = section.need("to", addresses)
    return channel.Email(to) if to else None


def _slack(section: Section) -> Channel | None:
    file = section.secret("url")
    named = section.take("channel", text)
    return channel.Slack(file, named) if file else None


def _discord(section: Section) -> Channel | None:
    file = section.secret("url")
    return channel.Discord(file) if file else None


def _teams(section: Section) -> Channel | None:
    file = section.secret("url")
    return channel.Teams(file) if file else None


def _pagerduty(section: Section) -> Channel | None:
    file = section.secret("routing_key")
    address = section.take("url", url)
    return channel.PagerDuty(file, address) if file else None


def _opsgenie(section: Section) -> Channel | None:
    file = section.secret("api_key")
    address = section.take("url", url)
    return channel.Opsgenie(file, address) if file else None


def _webhook(section: Section) -> Channel | None:
    address = section.take("url", url)
    file = section.secret("url", needed=False)
    if len({"url", "url_file", "url_env"} & set(section.keys)) != 1:
        section.wrong("url", "and url_file: give one of both")
    return channel.Webhook(address, file) if (address is None) != (file is None) else None


def _telegram(section: Section) -> Channel | None:
    file = section.secret("token")
    chat = section.need("chat", number)
    address = section.take("url", url)
    return channel.Telegram(file, chat, address) if file and chat is not None else None


def _sms(section: Section) -> Channel | None:
    file = section.secret("url")
    return channel.Sms(file) if file else None


def _apprise(section: Section) -> Channel | None:
    file = section.secret("url")
    return channel.Apprise(file) if file else None


#: The kinds of channels, and what reads each.
KINDS: Mapping[str, Callable[[Section], Channel | None]] = {
    "email": _email,
    "slack": _slack,
    "discord": _discord,
    "teams": _teams,
    "pagerduty": _pagerduty,
    "opsgenie": _opsgenie,
    "webhook": _webhook,
    "telegram": _telegram,
    "sms": _sms,
    "apprise": _apprise,
}
