"""The hosts of a service in Redis."""

from __future__ import annotations

import json
from typing import Any

from obskit.state import text
from obskit.state.redis_server import Keys, RedisServer
from obskit.state.store import Run


class RedisHosts:
    """The `Hosts` of a service in Redis.

    Args:
        server: Where.
        keys: Of the service.
    """

    def __init__(self, server: RedisServer, keys: Keys) -> None:
        self._server = server
        self._keys = keys
        self._names = keys("hosts with runs")
        self._told = keys("hosts")

    def keep(self, pipe: Any, run: Run, body: str) -> None:
        """Keep a run as the latest of its host.

        Args:
            pipe: Collects changes.
            run: The run.
            body: Its text.
        """
        if run.host:
            pipe.sadd(self._names, run.host)
            pipe.hset(self._latest(run.host), run.check, body)

    def latest(self, since: float, host: str | None = None) -> list[Run]:
        """See `Hosts.latest`."""
        with self._server.used() as client:
            hosts = client.smembers(self._names) if host is None else [host]
            pipe = client.pipeline(transaction=False)
            for each in hosts:
                pipe.hvals(self._latest(each))
            bodies = [body for own in pipe.execute() for body in own]
        found = [text.read(Run, body) for body in bodies]
        own = [run for run in found if run.started >= since]
        return sorted(own, key=lambda run: (run.check, run.host))

    def tell(self, host: str, heard: float, told: str) -> None:
        """See `Hosts.tell`."""
        with self._server.used() as client:
            client.hset(self._told, host, json.dumps((heard, told)))

    def told(self, since: float) -> dict[str, str]:
        """See `Hosts.told`."""
        return {host: text for host, (heard, text) in self._heard() if heard >= since}

    def forget(self, before: float) -> None:
        """Forget hosts that were not heard of since then.

        Args:
            before: Seconds since the Unix epoch.
        """
        with self._server.used() as client:
            hosts = client.smembers(self._names)
        for host in hosts:
            self._forget_runs(host, before)
        self._forget_told(before)

    def _forget_runs(self, host: str, before: float) -> None:
        key = self._latest(host)

        def decide(pipe: Any) -> None:
            found = {check: text.outline(body) for check, body in pipe.hgetall(key).items()}
            old = [check for check, run in found.items() if run.started < before]
            pipe.multi()
            if old:
                pipe.hdel(key, *old)
            if len(old) == len(found):
                pipe.srem(self._names, host)

        self._server.change(decide, key)

    def _forget_told(self, before: float) -> None:
        def decide(pipe: Any) -> None:
            heard = {host: json.loads(body)[0] for host, body in pipe.hgetall(self._told).items()}
            old = [host for host, when in heard.items() if when < before]
            pipe.multi()
            if old:
                pipe.hdel(self._told, *old)

        self._server.change(decide, self._told)

    def _heard(self) -> list[tuple[str, tuple[float, str]]]:
        with self._server.used() as client:
            found = client.hgetall(self._told)
        return [(host, json.loads(body)) for host, body in sorted(found.items())]

    def _latest(self, host: str) -> str:
        return self._keys("latest of", host)
