"""How `alerts.toml` is read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from obskit.declaration import Level, Severity
from obskit.declared_values import read_name, shown
from obskit.exceptions import ConfigError
from obskit.receivers import section as values
from obskit.receivers.channel import Email
from obskit.receivers.hours import Hours
from obskit.receivers.kinds import KINDS, read_channel
from obskit.receivers.model import Delivery, Directory, Mailer, Mute, Receiver, Trait
from obskit.receivers.section import Section
from obskit.receivers.week import read_hours

# Above five days Alertmanager has forgotten by itself that it told of something.
_REPEAT: Mapping[Severity, tuple[str, str, str]] = {
    "sev1": ("1h", "1m", "5d"),
    "sev2": ("12h", "1m", "5d"),
    "sev3": ("1d", "1d", "5d"),
}
_ISSUES: Mapping[Level, int] = {"critical": 5, "error": 20}


def read_directory(path: Path) -> Directory:
    """Read who hears of what.

    Args:
        path: The file, `alerts.toml`.

    Raises:
        ConfigError: Something in it is wrong. It lists everything that is.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with path.open("rb") as file:
            given = tomllib.load(file)
    except (OSError, ValueError) as error:
        raise ConfigError([f"{path} cannot be read: {error}"]) from error
    return directory_of(given, str(path))


def directory_of(given: Mapping[str, Any], source: str) -> Directory:
    """Who hears of what, as the content of the file says.

    Args:
        given: The content.
        source: Where it comes from, for messages.

    Raises:
        ConfigError: Something in it is wrong. It lists everything that is.
    """
    problems: list[str] = []
    file = Section(dict(given), "", problems)
    directory = Directory(
        receivers=_receivers(file),
        owners=_owners(file),
        default=_default(file),
        mailer=_mailer(file),
        severities=_severities(file),
        working_hours=_working_hours(file),
        mutes=_mutes(file),
        watchdog=_watchdog(file),
        issues=_issues(file),
    )
    file.end()
    problems += _unknown(directory)
    problems += _contradictions(directory, mails="email" in file)
    if problems:
        raise ConfigError([f"{problem} (from {source})" for problem in problems])
    return directory


def _receivers(file: Section) -> dict[str, Receiver]:
    section = file.inner("receivers")
    if "receivers" not in file:
        file.wrong("[receivers]", "is missing: name who hears")
    found = {}
    for name in section.keys:
        place = f"[receivers.{name}]"
        _named(section, name)
        named = section.inner(name, place)
        channels = [
            read_channel(named.inner(kind, f"{place} {kind}"), kind)
            for kind in KINDS
            if kind in named
        ]
        if not named.keys:
            section.problems.append(f"{place} is empty: give one of {', '.join(KINDS)}")
        for kind in KINDS:  # what may be meant by what is not known
            named.take(kind, lambda table: table)
        named.end()
        found[name] = Receiver(name, tuple(one for one in channels if one is not None))
    return found


def _named(section: Section, name: str) -> None:
    try:
        read_name("", name)
    except ValueError:
        section.wrong(
            name,
            "is no name: use 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first",
        )


def _owners(file: Section) -> dict[str, str]:
    section = file.inner("owners")
    return {owner: section.take(owner, values.text, "") for owner in section.keys}


def _default(file: Section) -> str:
    section = file.inner("default")
    receiver = section.need("receiver", values.text)
    section.end()
    return receiver or ""


def _mailer(file: Section) -> Mailer | None:
    section = file.inner("email")
    if "email" not in file:
        return None
    server = section.need("smarthost", values.mail_server)
    sender = section.need("from", values.address)
    username = section.take("username", values.text)
    password = section.secret("password", needed=False)
    require_tls = section.take("require_tls", values.flag, default=True)
    section.end()
    has_password = "password_file" in section or "password_env" in section
    if ("username" in section) != has_password and "password" not in section:
        section.wrong("username", "and password_file belong together: give both or neither")
    if server is None or sender is None:
        return None
    return Mailer(*server, sender, username, password, require_tls)


def _severities(file: Section) -> dict[Severity, Delivery]:
    section = file.inner("severities")
    found: dict[Severity, Delivery] = {}
    for severity, (usual, least, most) in _REPEAT.items():
        named = section.inner(severity, f"[severities.{severity}]")
        repeat = named.take("repeat", values.span(least, most), values.span(least, most)(usual))
        page = named.take("page", values.text if severity == "sev1" else _no_page)
        named.end()
        found[severity] = Delivery(repeat, page)
    section.end()
    return found


def _no_page(_given: object) -> str:
    raise ValueError("only sev1 pages: remove it")


def _working_hours(file: Section) -> Hours | None:
    section = file.inner("working_hours")
    if "working_hours" not in file:
        return None
    hours = read_hours(section)
    section.end()
    return hours


def _mutes(file: Section) -> tuple[Mute, ...]:
    section = file.inner("mute")
    found = []
    for name in section.keys:
        _named(section, name)
        named = section.inner(name, f"[mute.{name}]")
        hours = read_hours(named)
        matching = named.inner("match", f"[mute.{name}] match")
        match = {
            trait: asked
            for trait in get_args(Trait)
            if (asked := matching.take(trait, values.texts)) is not None
        }
        _known_severities(matching, match.get("severity", ()))
        matching.end()
        named.end()
        if hours is not None:
            found.append(Mute(name, hours, match))
    return tuple(found)


def _known_severities(matching: Section, asked: tuple[str, ...]) -> None:
    for severity in asked:
        if severity not in _REPEAT:
            matching.wrong("severity", f"is {shown(severity)}: use {', '.join(_REPEAT)}")


def _watchdog(file: Section) -> str | None:
    section = file.inner("watchdog")
    if "watchdog" not in file:
        return None
    receiver = section.need("receiver", values.text)
    section.end()
    return receiver


def _issues(file: Section) -> dict[Level, int]:
    section = file.inner("issues")
    found: dict[Level, int] = {
        level: limit
        for level in get_args(Level)
        if (limit := section.take(level, values.count)) is not None
    }
    section.end()
    return {**_ISSUES, **found}


def _unknown(directory: Directory) -> Iterator[str]:
    named = [(f"[owners] {owner}", name) for owner, name in directory.owners.items()]
    named.append(("[default] receiver", directory.default))
    named.append(("[severities.sev1] page", directory.severities["sev1"].page or ""))
    named.append(("[watchdog] receiver", directory.watchdog or ""))
    for place, name in named:
        if name and name not in directory.receivers:
            near = get_close_matches(name, directory.receivers, 1)
            known = ", ".join(directory.receivers) or "one that you write under [receivers]"
            hint = f"did you mean {near[0]}?" if near else f"use {known}"
            yield f"{place} is {shown(name)}, which is no receiver: {hint}"


def _contradictions(directory: Directory, *, mails: bool) -> Iterator[str]:
    mail = [
        name
        for name, receiver in directory.receivers.items()
        if any(isinstance(channel, Email) for channel in receiver.channels)
    ]
    if mail and not mails:
        yield f"[receivers.{mail[0]}] email needs a mail server: write it under [email]"
    people = {*directory.owners.values(), directory.default, directory.severities["sev1"].page}
    if directory.watchdog in people - {None}:
        yield (
            f"[watchdog] receiver is {shown(directory.watchdog)}, which hears of other things too:"
            " use one of its own, since what comes every minute hides the rest"
        )
