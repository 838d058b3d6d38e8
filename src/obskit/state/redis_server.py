"""A Redis server as a store and its leases use it: away for a while, it costs them nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.state.complaint import Complaint
from obskit.state.untraced import untraced

Answer = TypeVar("Answer")

_SECONDS = 1.0
# Who asks meanwhile is told so at once, and waits for nothing.
_RETRY_SECONDS = 5.0
# So often others may write first, until it is an error.
_TRIES = 50


class RedisServer:
    """Where a URL leads. Making one connects to nothing; a forked child has connections of its own.

    Args:
        url: Where it is, as redis-py takes it.
        clock: When to ask again what could not be reached.
        looks: Whether its user only looks: nothing is logged.
    """

    def __init__(self, url: str, clock: Clock = SYSTEM_CLOCK, *, looks: bool = False) -> None:
        self._clock = clock
        self._complaint = Complaint(url, logs=not looks)
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            decode_responses=True,
            # Nothing is sent twice: a connection that was lost since is made again before it is used.
            retry=Retry(NoBackoff(), 0),
        )
        self._unreachable = ""
        self._retry_at = 0.0

    @contextmanager
    def used(self) -> Iterator[Any]:
        """The client, as long as the `with` lasts.

        Raises:
            StoreError: The server cannot be reached, or refuses what is asked.
        """
        try:
            if self._unreachable and self._clock.monotonic() < self._retry_at:
                raise redis.ConnectionError(self._unreachable)
            with untraced():
                yield self._client
        # ValueError: what cannot be sent, such as a lone surrogate. TypeError: an option in the URL that is none.
        except (redis.RedisError, OSError, ValueError, TypeError) as error:
            self._note(error)
            raise self._complaint.wrong(error) from error
        self._unreachable = ""
        self._complaint.well()

    def change(self, decide: Callable[[Any], Answer], *watched: str) -> Answer:
        """Change what is kept, all of it or nothing, by what stands there.

        Args:
            decide: Reads from a pipeline, calls its `multi`, and asks it for the changes.
            watched: Keys: where another changes one of them meanwhile, all is decided again.

        Returns:
            What `decide` answered.

        Raises:
            StoreError: The server cannot be reached, or refuses what is asked.
        """
        with self.used() as client:
            for _ in range(_TRIES):
                with client.pipeline() as pipe:
                    try:
                        pipe.watch(*watched)
                        answer = decide(pipe)
                        pipe.execute()
                    except redis.WatchError as error:
                        if isinstance(error.__context__, redis.RedisError):
                            raise error.__context__ from error  # it may have been done
                        continue
                    return answer
            raise redis.RedisError(f"others have written first, {_TRIES} times")

    def script(self, text: str) -> Callable[..., Any]:
        """A script in Lua, called with its keys, its arguments and the client."""
        script: Callable[..., Any] = self._client.register_script(text)
        return script

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _note(self, error: Exception) -> None:
        # A refusal is no such error: whoever refuses is there.
        if isinstance(error, (redis.ConnectionError, redis.TimeoutError)):
            if self._clock.monotonic() >= self._retry_at:
                self._retry_at = self._clock.monotonic() + _RETRY_SECONDS
            self._unreachable = str(error)


class Keys:
    """The keys of a service: all of one slot, where a proxy spreads keys over servers.

    Args:
        service: Which.

    >>> Keys("shop")("started", "a:b")
    'obskit:{shop}:started:a%3Ab'
    """

    def __init__(self, service: str) -> None:
        self._service = _quoted(service)

    def __call__(self, *parts: str) -> str:
        """The key that these words name."""
        return ":".join((f"obskit:{{{self._service}}}", *map(_quoted, parts)))


def _quoted(part: str) -> str:
    return quote(part, safe="", errors="surrogatepass")
