"""Tells people: looks at problems, decides with what the store knows, and sends what waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from obskit.clock import Clock
from obskit.exceptions import StoreError
from obskit.notify import channels, outbox, past
from obskit.notify.decide import Terms, decide
from obskit.notify.message import Message, render
from obskit.notify.news import News
from obskit.notify.outbox import Outcome, Send
from obskit.notify.problem import Problem
from obskit.receivers.model import Directory
from obskit.state.notices import Notice
from obskit.state.store import Store

_log = logging.getLogger("obskit.notify")
# Others that note something between reading and writing are few.
_MOST_TURNS = 20


class Notifier:
    """Tells people of a service's problems. Several processes may: what one has told the others do not.

    Args:
        store: What they share.
        directory: Who hears of what.
        service: Whose problems they are.
        environment: Where it runs; empty where nobody said.
        clock: The time.
        send: Sends one message.
        patience: Seconds that a failure may wait until what it depends on is judged.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        service: str,
        environment: str,
        clock: Clock,
        send: Send,
        *,
        patience: float = 0.0,
    ) -> None:
        self._store = store
        self._directory = directory
        self._place = (service, environment)
        self._clock = clock
        self._send = send
        self._patience = patience
        self._channels = channels.all_of(directory)

    def look(self, problems: Iterable[Problem]) -> int:
        """Decide who is told what, and keep it with the messages. Nothing is sent yet.

        Args:
            problems: How things stand, those that are well too.

        Returns:
            How many messages were decided.

        Raises:
            StoreError: The store cannot be used now: the next look decides.
        """
        found = list(problems)
        for _ in range(_MOST_TURNS):
            made = self._turn(found)
            if made is not None:
                return made
        return 0  # whoever noted something since has looked too

    def announce(self, message: Message) -> None:
        """Put up a message for the default receiver: of what is no problem, and opens no incident.

        Args:
            message: It.

        Raises:
            StoreError: The store cannot be used now.
        """
        receiver = self._directory.receivers[self._directory.default]
        heard = [each for each in channels.names(receiver) if not channels.is_by_problem(each)]
        for _ in range(_MOST_TURNS):
            noted, waiting = self._store.notices.noted(), self._store.notices.waiting()
            made, lost = outbox.put_up(
                ((name, "", message) for name in heard), waiting, self._clock.now()
            )
            text = noted.text
            if lost:
                text = past.write(outbox.counted(past.recall(text), lost))
            if self._store.notices.note(text, noted.number, made):
                _tell_lost(lost)
                return
        raise StoreError("others note so much that nothing can be put up: try again")

    def deliver(self, told_to_end: Callable[[], bool] = bool) -> list[Outcome]:
        """Send what is due, what an earlier process left too.

        Args:
            told_to_end: Whether no more is to be begun.

        Raises:
            StoreError: The store cannot be used now.
        """
        return outbox.deliver(
            self._store.notices, self._channels, self._send, self._clock, told_to_end=told_to_end
        )

    def _turn(self, found: list[Problem]) -> int | None:
        """Decide once; None where another has noted something meanwhile."""
        now, noted = self._clock.now(), self._store.notices.noted()
        before, waiting = past.recall(noted.text), self._store.notices.waiting()
        ways = outbox.problems(waiting, self._heard(), before.lost, now)
        decision = decide([*found, *ways], before, self._terms(waiting, now), now)
        made, lost = outbox.put_up(self._messages(decision.news, now), waiting, now)
        after = outbox.counted(decision.past, lost)
        if after == before and not made:
            return 0
        if not self._store.notices.note(past.write(after), noted.number, made):
            return None
        _tell_lost(lost)
        return len(made)

    def _heard(self) -> Iterator[str]:
        """The channels through which something is told."""
        return (name for name in self._channels if _owner(name) != self._directory.watchdog)

    def _terms(self, waiting: list[Notice], now: float) -> Terms:
        silenced = frozenset(each.check for each in self._store.silences(now))
        busy = frozenset(_owner(each.channel) for each in waiting)
        return Terms(self._directory, *self._place, silenced, busy, self._patience)

    def _messages(self, told: Iterable[News], now: float) -> Iterator[tuple[str, str, Message]]:
        for news in told:
            for name in channels.names(self._directory.receivers[news.receiver]):
                if channels.is_by_problem(name):
                    for item in news.items:
                        one = replace(news, items=(item,), is_digest=False)
                        thread = ":".join([*self._place, item.problem.key])
                        yield name, thread, render(one, *self._place, now)
                else:
                    yield name, "", render(news, *self._place, now)


def _tell_lost(lost: Mapping[str, int]) -> None:
    for channel, count in lost.items():
        _log.error("%d notifications through %s are given up: too many wait", count, channel)


def _owner(channel: str) -> str:
    """The receiver of a channel."""
    return channel.rpartition("/")[0]
