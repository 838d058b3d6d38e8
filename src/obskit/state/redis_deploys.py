"""Deploys in Redis."""

from __future__ import annotations

import json
from typing import Any

from obskit.state.deploys import MOST, Deploy
from obskit.state.redis_server import Keys, RedisServer


class RedisDeploys:
    """The `Deploys` of a service in Redis.

    Args:
        server: Where.
        keys: Of the service.
    """

    def __init__(self, server: RedisServer, keys: Keys) -> None:
        self._server = server
        self._keys = keys

    def mark(self, deploy: Deploy, *, again: bool) -> bool:
        """See `Deploys.mark`."""
        key = self._keys("deploys", deploy.environment)

        def decide(pipe: Any) -> bool:
            known = {json.loads(body)[0] for body in pipe.lrange(key, 0, MOST - 1)}
            if deploy.release in known and not again:
                return False
            pipe.multi()
            pipe.lpush(key, json.dumps((deploy.release, float(deploy.began))))
            pipe.ltrim(key, 0, MOST - 1)
            return True

        return self._server.change(decide, key)

    def latest(self, environment: str) -> Deploy | None:
        """See `Deploys.latest`."""
        return next(iter(self.recent(environment, 1)), None)

    def recent(self, environment: str, most: int) -> list[Deploy]:
        """See `Deploys.recent`."""
        if most < 1:
            return []
        with self._server.used() as client:
            bodies = client.lrange(self._keys("deploys", environment), 0, most - 1)
        found = map(json.loads, bodies)
        return [Deploy(release, environment, began) for release, began in found]
