"""Who is asked how a service is: its state store, or its `/health`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from obskit.cli import state
from obskit.cli.exchange import Asked, Unanswered, ask, bearing, shown
from obskit.cli.group import Refused
from obskit.cli.top.rows import Trends
from obskit.cli.top.view import Look
from obskit.clock import SYSTEM_CLOCK
from obskit.config import Config
from obskit.exceptions import StoreError
from obskit.export.failure import words
from obskit.overview import health_answer, trend
from obskit.overview.model import CheckView, Overview
from obskit.overview.reading import overview
from obskit.redaction import describe
from obskit.registry import Registry
from obskit.state.store import Store

#: Looks at a service; it is given the look before, or None. It raises nothing that a look may meet.
Source = Callable[[Look | None], Look]

# Seconds for all of an answer: the next look asks again.
_PATIENCE = 5.0
# As many values as a day has quarters of an hour; of runs that fail, and of late, each one.
_PARTS, _RUNS = 96, 30
# Of a URL so many values of each check are remembered.
_MOST = 1_440
_LOGIN = frozenset({401, 403})
_WANTED = (
    "it, or a proxy before it, wants a login: --token-file FILE, or user and password in the URL"
)
# The age of a result has a tenth of a second, and came over a network.
_SAME = 0.5


def of_store(registry: Registry, config: Config, since: float) -> Source:
    """Looks at what the processes of a service keep.

    Args:
        registry: What is declared.
        config: The service's configuration.
        since: How far back trends go, seconds.
    """

    def look(before: Look | None) -> Look:
        now = SYSTEM_CLOCK.now()
        try:
            with state.opened(config) as store:
                found = overview(registry, store, config, now, since, _RUNS)
                trends = {
                    view.label: _kept(view, store, now - since, since / _PARTS)
                    for view in found.checks
                    if view.latest is not None and view.latest.value is not None
                }
        except (Refused, StoreError) as error:
            return _without(config.service, before, str(error))
        return Look(config.service, found, trends)

    return look


def _kept(view: CheckView, store: Store, since: float, step: float) -> trend.Series:
    return trend.series(view.history, store.values(view.name, since, step, view.host))


def of_url(url: str, token: str | None, since: float) -> Source:
    """Looks at what `/health` of a service answers. What it measured is remembered from look to look.

    Args:
        url: Where.
        token: Whoever brings it is told what checks say; None for none.
        since: How far back trends go, seconds.
    """
    place = shown(url)
    asked = Asked(url, headers=bearing(token) if token else None)

    def look(before: Look | None) -> Look:
        try:
            answered = ask(asked, _PATIENCE)
        except Unanswered as error:
            return _without(place, before, f"{error.step} failed: {words(error.cause)}")
        if answered.status in _LOGIN:
            return _without(place, before, f"it answered {answered.status}: {_WANTED}")
        now = SYSTEM_CLOCK.now()
        try:
            found = health_answer.overview(answered.json(), now)
        except ValueError as error:
            return _without(place, before, f"it answered {answered.status}: {error}")
        return Look(place, found, _remembered(found, before.trends if before else {}, now - since))

    return look


def _remembered(found: Overview, before: Trends, since: float) -> Trends:
    trends: dict[str, trend.Series] = {}
    for view in found.checks:
        known = [each for each in before.get(view.name, ()) if each[0] >= since][-_MOST:]
        run = view.latest
        is_new = run is not None and (not known or run.started > known[-1][0] + _SAME)
        trends[view.name] = trend.series([run], known) if run is not None and is_new else known
    return trends


def _without(source: str, before: Look | None, why: str) -> Look:
    """The look before, and why there is no newer one."""
    return replace(before, trouble=why) if before else Look(source, trouble=why)


class Watched:
    """Looks again and again, at each source in a thread of its own.

    None waits for another, and none is asked again before it has answered.

    Args:
        sources: Who is asked.
        every: Seconds between an answer and the next question.

    Attributes:
        looks: The latest look at each; None before the first.
    """

    def __init__(self, sources: Sequence[Source], every: float) -> None:
        self._sources = sources
        self._every = every
        self._ended = threading.Event()
        self.looks: list[Look | None] = [None] * len(sources)

    def start(self) -> None:
        """Begin. The threads end with the process at the latest: a source may hang."""
        for number in range(len(self._sources)):
            name = f"obskit-top-{number}"
            threading.Thread(target=self._watch, args=(number,), name=name, daemon=True).start()

    def end(self) -> None:
        """Ask nobody any more."""
        self._ended.set()

    def _watch(self, number: int) -> None:
        while not self._ended.is_set():
            self.looks[number] = look(self._sources[number], self.looks[number])
            self._ended.wait(self._every)


def look(source: Source, before: Look | None = None) -> Look:
    """Look once. Never raises: what another service answers, and what a store holds, may be anything.

    Args:
        source: Who is asked.
        before: The look before, or None.
    """
    try:
        return source(before)
    except Exception as error:
        return _without("a service", before, f"it cannot be told: {describe(error)}")
