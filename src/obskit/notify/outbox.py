"""Messages on their way: sent at least once, tried again while a channel is down, lost in no silence."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

from obskit.clock import Clock, to_rfc3339
from obskit.exceptions import ObskitError
from obskit.notify import channels, past
from obskit.notify.message import Message, read
from obskit.notify.problem import Problem
from obskit.receivers.channel import Channel
from obskit.receivers.model import Mailer
from obskit.state.notices import Notice, Notices

_log = logging.getLogger("obskit.notify")

#: Of one channel no more messages wait.
MOST = 200
# No sending lasts longer, seconds: then another process may try.
_CLAIM = 180.0
# After the first try, and at most, seconds.
_AGAIN, _MOST_AGAIN = 10.0, 900.0
# After so long nobody wants to read it, seconds.
_OLD = 7 * 86_400.0
# With so many tries a channel is said to fail.
_TRIES = 3

#: Sends a message through a channel: why that failed, or None.
Send = Callable[[str, Channel, Message, str], str | None]


@dataclass(frozen=True)
class Outcome:
    """What a try came to.

    Attributes:
        channel: The channel.
        title: The message's title.
        why: Why it was not taken, or None.
        tries: How many tries that makes.
    """

    channel: str
    title: str
    why: str | None
    tries: int


def put_up(
    messages: Iterable[tuple[str, str, Message]], waiting: Iterable[Notice], now: float
) -> tuple[list[Notice], Counter[str]]:
    """Messages as they wait, and by channel how many there is no room for.

    Args:
        messages: The channel, what the message is about, and the message.
        waiting: What waits already.
        now: Seconds since the Unix epoch.
    """
    room = Counter(notice.channel for notice in waiting)
    made: list[Notice] = []
    lost: Counter[str] = Counter()
    for channel, thread, message in messages:
        if room[channel] >= MOST:
            lost[channel] += 1
        else:
            room[channel] += 1
            body = f"{thread}\n{message.write()}"
            made.append(Notice(uuid4().hex, channel, now, body, due=now))
    return made, lost


def deliver(
    notices: Notices,
    known: Mapping[str, Channel],
    send: Send,
    clock: Clock,
    *,
    told_to_end: Callable[[], bool] = bool,
) -> list[Outcome]:
    """Send what is due. Who dies meanwhile may have sent a message that is sent again.

    Args:
        notices: What waits.
        known: The channels by name.
        send: Sends one.
        clock: The time.
        told_to_end: Whether no more is to be begun.

    Raises:
        StoreError: The store cannot be used now.
    """
    outcomes = []
    while not told_to_end():
        now = clock.now()
        notice = notices.take(now, now + _CLAIM)
        if notice is None:
            break
        outcomes.append(_try(notices, notice, known.get(notice.channel), send, clock))
    return outcomes


def _try(
    notices: Notices, notice: Notice, channel: Channel | None, send: Send, clock: Clock
) -> Outcome:
    try:
        thread, _, written = notice.body.partition("\n")
        message = read(written)
    except ValueError as error:
        _give_up(notices, notice, str(error))
        return Outcome(notice.channel, "", str(error), notice.tries)
    if channel is None:
        why = "alerts.toml names no such channel any more"
        _give_up(notices, notice, why)
        return Outcome(notice.channel, message.title, why, notice.tries)
    try:
        failed = send(notice.channel, channel, message, thread)
    except ObskitError as error:  # the file of a secret may be there again later
        failed = str(error)
    if failed is None:
        notices.drop(notice.key)
    elif clock.now() - notice.made > _OLD:
        _give_up(notices, notice, failed)
    else:
        pause = min(_MOST_AGAIN, _AGAIN * 2.0 ** (min(notice.tries, 10) - 1))
        notices.put_back(notice.key, clock.now() + pause, failed)
    return Outcome(notice.channel, message.title, failed, notice.tries)


def _give_up(notices: Notices, notice: Notice, why: str) -> None:
    if not notices.drop(notice.key):
        return
    while True:
        noted = notices.noted()
        kept = counted(past.recall(noted.text), Counter([notice.channel]))
        if notices.note(past.write(kept), noted.number):
            break
    _log.error("a notification through %s is given up: %s", notice.channel, why)


def counted(before: past.Past, lost: Counter[str]) -> past.Past:
    """A past that knows of more messages that were given up.

    Args:
        before: The past.
        lost: How many more, by channel.
    """
    return replace(before, lost=dict(Counter(before.lost) + lost)) if lost else before


def problems(
    waiting: Iterable[Notice], names: Iterable[str], lost: Mapping[str, int], now: float
) -> list[Problem]:
    """How the channels stand.

    Args:
        waiting: The messages that wait.
        names: The channels' names.
        lost: By channel, how many messages were given up.
        now: Seconds since the Unix epoch.
    """
    by_channel: dict[str, list[Notice]] = {}
    for notice in waiting:
        by_channel.setdefault(notice.channel, []).append(notice)
    return [_problem(name, by_channel.get(name, []), lost.get(name, 0), now) for name in names]


def _problem(name: str, waiting: list[Notice], lost: int, now: float) -> Problem:
    make = partial(Problem, "channel", name, "sev1", judged=now)
    given_up = f"; {lost} were given up since the beginning" if lost else ""
    if not waiting or waiting[0].tries < _TRIES:
        return make(status="ok", since=now, message=f"messages are taken{given_up}")
    first = waiting[0]
    told = (
        f"{len(waiting)} of its messages wait, the first since {to_rfc3339(first.made)[:19]}Z;"
        f" tried {first.tries} times{given_up}"
    )
    why = (first.why,) if first.why else ()
    return make(status="critical", since=first.made, message=told, evidence=why)


def by_apprise(mailer: Mailer | None) -> Send:
    """What sends through Apprise.

    Args:
        mailer: The mail server of `alerts.toml`, or None.

    Raises:
        MissingExtra: Apprise is not installed.
    """
    from obskit.notify.sending import send as send_to

    def send(name: str, channel: Channel, message: Message, thread: str) -> str | None:
        url = channels.address(channel, mailer, thread)
        return send_to(url, name.rpartition("/")[2], message)

    return send
