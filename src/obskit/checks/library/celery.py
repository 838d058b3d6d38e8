"""Celery: workers answer, and tasks do not pile up.

Each run has a connection to the broker of its own, which it closes.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NamedTuple

from obskit.checks.judge import Below, below
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, number
from obskit.duration import Duration, format_duration, parse_duration
from obskit.redaction import message_of

_NOT_FOUND = "404"


@dataclass(frozen=True)
class Workers:
    """How many workers answer a ping.

    Args:
        app: The Celery app.
        names: Workers that must answer, such as `celery@shop1`. Others are then not asked. Empty:
            all are asked, and those that answer in time count.
        wait: For how long answers are gathered; with `names`, until all have answered.
        timeout: How long connecting to the broker and each word with it may take.

    Raises:
        ValueError: A span of time is none, or `names` is one text.

    >>> Workers(app=None, names=["celery@shop1"]).default_judge(0).state
    'critical'
    """

    #: Where the declaration names no judge.
    default_judge: ClassVar[Below] = below(critical=0)

    app: Any = field(repr=False)
    names: Collection[str] = ()
    wait: Duration = 1.0
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse what is no span of time, and one text where several belong."""
        parse_duration(self.wait)
        parse_duration(self.timeout)
        if isinstance(self.names, str):
            raise ValueError(  # noqa: TRY004, the other wrong values of a declaration are ValueErrors
                f"names is {self.names!r}: use a list such as [{self.names!r}]"
            )

    def __call__(self) -> Measurement | CheckResult:
        """Ping.

        Returns:
            How many answered; critical, where one that must did not.

        Raises:
            ConnectionError: The broker cannot be reached.
        """
        with _connection(self.app, self.timeout) as connection:
            mailbox = self.app.control.mailbox(connection)
            mailbox.producer_pool = None  # the app's own connection may be broken, or wait for ever
            ask = partial(mailbox.call, list(self.names)) if self.names else mailbox.multi_call
            replies = ask("ping", timeout=parse_duration(self.wait)) or []
        answered = sorted({str(name) for reply in replies for name in reply})
        missing = sorted(set(self.names).difference(answered))
        if not missing:
            return Measurement(len(answered), "{worker}", details={"workers": answered})
        within = format_duration(parse_duration(self.wait))
        return CheckResult.critical(
            f"no answer within {within} from {', '.join(missing)}",
            value=len(answered),
            details={"workers": answered, "missing": missing},
        )


@dataclass(frozen=True)
class QueueLength:
    """How many tasks wait in a queue. Those that a worker has fetched do not.

    Args:
        app: The Celery app.
        queue: The queue's name.
        timeout: How long connecting to the broker and each word with it may take.

    Raises:
        ValueError: The time-out is no span of time.

    >>> QueueLength(app=None, queue="emails").queue
    'emails'
    """

    app: Any = field(repr=False)
    queue: str = "celery"
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse what is no span of time."""
        parse_duration(self.timeout)

    def __call__(self) -> Measurement:
        """Ask the broker.

        Returns:
            The tasks.

        Raises:
            ConnectionError: The broker cannot be reached, or it has no such queue.
        """
        with _connection(self.app, self.timeout) as connection:
            try:
                declared = connection.default_channel.queue_declare(self.queue, passive=True)
            except connection.channel_errors as error:
                # Redis knows no empty queue.
                if connection.transport.driver_type == "redis" and _is_not_found(error):
                    return Measurement(0, "{task}")
                raise
            return Measurement(declared.message_count, "{task}")


class _Waiting(NamedTuple):
    """A task that is next. `since` is None where its message does not tell when it was sent."""

    key: str
    name: str
    since: float | None


@dataclass(frozen=True)
class OldestTask:
    """For how long the next task of a queue has waited, in seconds; 0 where none waits.

    A broker in a folder tells it. In Redis a message tells it that was sent with a time, as
    `work.apply_async(timestamp=time.time())` does; of another it is known for how long it has been
    seen to be next, which is less, and tells of a queue that stands still. Other brokers show no
    task without taking it.

    Args:
        app: The Celery app.
        queue: The queue's name.
        timeout: How long connecting to the broker and each word with it may take.

    Raises:
        ValueError: The time-out is no span of time.

    >>> OldestTask(app=None).queue
    'celery'
    """

    app: Any = field(repr=False)
    queue: str = "celery"
    timeout: Duration = 5.0
    # By the task that is next: when it was first seen to be.
    _seen: dict[str, float] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is no span of time."""
        parse_duration(self.timeout)

    def __call__(self) -> Measurement | CheckResult:
        """Ask the broker.

        Returns:
            The seconds. Unknown, where the broker does not show a task.

        Raises:
            ConnectionError: The broker cannot be reached.
        """
        with _connection(self.app, self.timeout) as connection:
            kind = connection.transport.driver_type
            if kind not in _PEEKS:
                return CheckResult.unknown(
                    f"a broker of {kind} shows no task without taking it: judge QueueLength"
                )
            waiting = list(_PEEKS[kind](connection.default_channel, self.queue))
        now = time.time()
        since = {one.key: self._seen.setdefault(one.key, now) for one in waiting}
        for gone in set(self._seen).difference(since):
            self._seen.pop(gone, None)
        if not waiting:
            return Measurement(0.0, "s")
        begun = {one: since[one.key] if one.since is None else one.since for one in waiting}
        oldest = min(begun, key=begun.__getitem__)
        return Measurement(
            max(0.0, now - begun[oldest]),
            "s",
            oldest.name,
            {"task": oldest.name, "id": oldest.key, "is_whole_age": oldest.since is not None},
        )


@contextmanager
def _connection(app: Any, timeout: Duration) -> Iterator[Any]:
    """A connection to the broker that ends with the block, and never waits without end.

    Raises:
        ConnectionError: There is none, or it breaks.
    """
    seconds = parse_duration(timeout)
    # Each transport takes those that it knows: the first two are Redis', the others AMQP's.
    waits = ("socket_timeout", "socket_connect_timeout", "read_timeout", "write_timeout")
    made = app.connection_for_read(
        connect_timeout=seconds, transport_options=dict.fromkeys(waits, seconds)
    )
    with made as connection:
        try:
            connection.ensure_connection(
                max_retries=len(connection.alt) or 1,
                interval_start=0,
                interval_step=0,
                timeout=seconds,
            )
            yield connection
        except Exception as error:  # each transport has its own
            raise ConnectionError(
                f"the broker {connection.as_uri()} refused or did not answer: {message_of(error)}"
            ) from error


def _is_not_found(error: Any) -> bool:
    return str(getattr(error, "reply_code", "")) == _NOT_FOUND or _NOT_FOUND in map(str, error.args)


def _next_in_folder(channel: Any, queue: str) -> Iterator[_Waiting]:
    """The oldest of the files that are a queue's messages."""
    with os.scandir(channel.data_folder_in) as entries:
        messages = (one for one in entries if one.name.partition(".")[2] == f"{queue}.msg")
        oldest = min(messages, key=lambda entry: entry.name, default=None)
    if oldest is None:
        return
    try:
        since = oldest.stat().st_mtime
    except FileNotFoundError:  # a worker has just taken it
        return
    yield _Waiting(oldest.name, "", since)


def _next_in_redis(channel: Any, queue: str) -> Iterator[_Waiting]:
    """The next task of each priority."""
    client = channel.client
    # Kombu's own client sets its prefix before the commands that Kombu uses.
    is_set = "LINDEX" in getattr(client, "PREFIXED_SIMPLE_COMMANDS", ())
    prefix = "" if is_set else channel.global_keyprefix
    for priority in channel.priority_steps:
        key = prefix + channel._q_for_pri(queue, priority)
        message = client.lindex(key, -1)
        if message is not None:
            yield _read(message)


_PEEKS = {"filesystem": _next_in_folder, "redis": _next_in_redis}


def _read(message: Any) -> _Waiting:
    """What a message says of itself; one of another protocol is known by its content."""
    unread = _Waiting(hashlib.sha256(message).hexdigest(), "", None)
    try:
        sent = json.loads(message)
        headers, properties = sent["headers"], sent["properties"]
        key = str(headers.get("id") or unread.key)
        return _Waiting(key, str(headers.get("task", "")), number(properties.get("timestamp")))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return unread
