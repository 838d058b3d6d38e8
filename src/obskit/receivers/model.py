"""Who hears of what, as `alerts.toml` says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from obskit.declaration import Level, Severity
from obskit.receivers.channel import Channel
from obskit.receivers.hours import Hours
from obskit.receivers.secret import Secret

#: What a mute window may ask of a problem. Every problem has the first four, and one of the others.
Trait = Literal["service", "environment", "severity", "owner", "alert", "check", "job", "operation"]


@dataclass(frozen=True)
class Receiver:
    """Somebody who hears, by every channel that is named.

    Attributes:
        name: What the rest of the file calls it.
        channels: How it is reached.
    """

    name: str
    channels: tuple[Channel, ...]


@dataclass(frozen=True)
class Mailer:
    """The mail server, and who writes.

    Attributes:
        host: Its name.
        port: Its port.
        sender: The address that mail comes from.
        username: Who logs in, or None.
        password_file: Holds the password, or None.
        require_tls: Whether mail is sent by TLS only.
    """

    host: str
    port: int
    sender: str
    username: str | None = None
    password_file: Secret | None = None
    require_tls: bool = True


@dataclass(frozen=True)
class Delivery:
    """How a severity is told of.

    Attributes:
        repeat: Seconds until it is told again while it lasts.
        page: The receiver that hears of it whoever owns it, before the owner; or None.
    """

    repeat: float
    page: str | None = None


@dataclass(frozen=True)
class Mute:
    """Hours in which nobody hears of some problems.

    Attributes:
        name: What it is called.
        hours: When.
        match: What each trait of a problem must be one of; without any, every problem is meant.
    """

    name: str
    hours: Hours
    match: Mapping[Trait, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Directory:
    """The whole of `alerts.toml`, every value valid and every name in it known.

    Attributes:
        receivers: By name.
        owners: The receiver of each owner that is named.
        default: The receiver of all others, and of what nobody owns.
        severities: How each is told of.
        mailer: What sends mail, or None where nobody gets any.
        working_hours: When people hear of sev2; None: at any time.
        mutes: When who hears nothing of what.
        watchdog: The receiver of the dead man's switch, which hears of nothing else; or None.
        issues: Of validations, above how many issues of a level somebody is told; of levels that are
            not named nobody is.
    """

    receivers: Mapping[str, Receiver]
    owners: Mapping[str, str]
    default: str
    severities: Mapping[Severity, Delivery]
    mailer: Mailer | None = None
    working_hours: Hours | None = None
    mutes: tuple[Mute, ...] = ()
    watchdog: str | None = None
    issues: Mapping[Level, int] = field(default_factory=dict)

    def hearing(self, severity: Severity, owner: str | None) -> tuple[str, ...]:
        """The names of the receivers that hear of a problem, in their order; each once.

        Args:
            severity: The problem's.
            owner: Who acts, or None.
        """
        team = self.owners.get(owner, self.default) if owner else self.default
        page = self.severities[severity].page
        return (team,) if page in {None, team} else (str(page), team)
