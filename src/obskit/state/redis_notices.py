"""Notifications in Redis."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from obskit.state.notices import Noted, Notice
from obskit.state.redis_server import Keys, RedisServer


class RedisNotices:
    """The `Notices` of a service in Redis.

    Args:
        server: Where.
        keys: Of the service.
    """

    def __init__(self, server: RedisServer, keys: Keys) -> None:
        self._server = server
        self._noted = keys("noted")
        self._notices = keys("notices")
        self._number = keys("number")

    def noted(self) -> Noted:
        """See `Notices.noted`."""
        with self._server.used() as client:
            return _noted(client.get(self._noted))

    def note(self, text: str, after: int, notices: Iterable[Notice] = ()) -> bool:
        """See `Notices.note`."""

        def decide(pipe: Any) -> bool:
            if _noted(pipe.get(self._noted)).number != after:
                return False
            places = [(pipe.incr(self._number), each) for each in own]
            pipe.multi()
            pipe.set(self._noted, json.dumps((after + 1, text)))
            for place, each in places:
                pipe.hset(self._notices, each.key, _written(place, each))
            return True

        own = list(notices)
        return self._server.change(decide, self._noted)

    def waiting(self) -> list[Notice]:
        """See `Notices.waiting`."""
        with self._server.used() as client:
            return [each for _, each in self._waiting(client)]

    def take(self, now: float, until: float) -> Notice | None:
        """See `Notices.take`."""

        def decide(pipe: Any) -> Notice | None:
            first: dict[str, tuple[int, Notice]] = {}
            for place, each in self._waiting(pipe):
                first.setdefault(each.channel, (place, each))
            for place, each in first.values():
                if each.due <= now:
                    taken = replace(each, due=until, tries=each.tries + 1)
                    pipe.multi()
                    pipe.hset(self._notices, taken.key, _written(place, taken))
                    return taken
            return None

        return self._server.change(decide, self._notices)

    def put_back(self, key: str, due: float, why: str) -> None:
        """See `Notices.put_back`."""

        def decide(pipe: Any) -> None:
            body = pipe.hget(self._notices, key)
            if body is not None:
                place, notice = _read(body)
                pipe.multi()
                pipe.hset(self._notices, key, _written(place, replace(notice, due=due, why=why)))

        self._server.change(decide, self._notices)

    def drop(self, key: str) -> bool:
        """See `Notices.drop`."""
        with self._server.used() as client:
            return bool(client.hdel(self._notices, key))

    def _waiting(self, client: Any) -> list[tuple[int, Notice]]:
        return sorted(map(_read, client.hvals(self._notices)), key=lambda one: one[0])


def _noted(body: str | None) -> Noted:
    return Noted(*json.loads(body)) if body else Noted(0, "")


def _written(place: int, notice: Notice) -> str:
    return json.dumps((place, *vars(notice).values()))


def _read(body: str) -> tuple[int, Notice]:
    place, *fields = json.loads(body)
    return place, Notice(*fields)
