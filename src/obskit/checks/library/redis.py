"""Redis, and what speaks as it does: it answers, its memory, its hits, its queues.

Each check opens a connection of its own and closes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from obskit.checks.judge import Above, Below, above, below
from obskit.checks.library.cache import hit_rate
from obskit.checks.library.rate import Counters
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import Duration, format_duration, parse_duration
from obskit.exceptions import MissingExtra
from obskit.size import format_size

_LENGTHS = {"list": "llen", "stream": "xlen", "zset": "zcard", "set": "scard"}


@dataclass(frozen=True)
class _OnServer:
    """What is asked of a server."""

    url: str = field(repr=False)
    timeout: Duration = field(default=5.0, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what would be refused at each run."""
        parse_duration(self.timeout)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        try:
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise MissingExtra("redis", "obskit.checks.library.redis") from error
        seconds = parse_duration(self.timeout)
        client = Redis.from_url(
            self.url,
            socket_connect_timeout=seconds,
            socket_timeout=seconds,
            retry=Retry(NoBackoff(), 0),  # the check has its own
        )
        with client:
            yield client


@dataclass(frozen=True)
class Ping(_OnServer):
    """The server answers, and has read its data from the disk.

    Args:
        url: `redis://`, `rediss://` or `unix://`, with the number of the database.
        timeout: How long connecting, and then the answer, may take.

    Raises:
        redis.RedisError: It does not answer, refuses the password, or is still loading.

    >>> Ping("redis://localhost:6379/0").timeout
    5.0
    """

    def __call__(self) -> None:
        """Ask."""
        with self._connected() as client:
            client.ping()


@dataclass(frozen=True)
class Memory(_OnServer):
    """How much of the memory that the server may take is taken, per cent.

    That is `maxmemory`, or where none is set all that the machine has. A server that evicts, such as
    a cache, is full by design: judge its `HitRate` and its `Evictions`.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        timeout: How long connecting, and then the answer, may take.

    Returns:
        Per cent; unknown where the server does not say how much it may take.

    >>> Memory("redis://localhost").default_judge(95).state
    'critical'
    """

    default_judge: ClassVar[Above] = above(warning=80, critical=95)

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        with self._connected() as client:
            told = client.info("memory")
        used = told["used_memory"]
        limit = told.get("maxmemory") or told.get("total_system_memory")
        if not limit:
            return CheckResult.unknown(
                f"{format_size(used)} are used, and no limit is known: set maxmemory", value=used
            )
        policy = told.get("maxmemory_policy", "")
        message = f"{format_size(used)} of {format_size(limit)}"
        details = {"used": used, "limit": limit, "policy": policy}
        return Measurement(round(100 * used / limit, 1), "%", message, details)


@dataclass(frozen=True)
class HitRate(_OnServer):
    """How many of the keys that were looked up were there, per cent, since the run before.

    The first run looks back to the server's start.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        least_lookups: Fewer since the run before say nothing: the next run judges them with its own.
        timeout: How long connecting, and then the answer, may take.

    Returns:
        Per cent; unknown where there were too few.

    >>> HitRate("redis://localhost").default_judge(80).state
    'warning'
    """

    default_judge: ClassVar[Below] = below(warning=80)
    least_lookups: int = 100
    _counters: Counters = field(default_factory=Counters, init=False, repr=False, compare=False)

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        with self._connected() as client:
            told = client.info()
        counts = told["keyspace_hits"], told["keyspace_misses"]
        risen = self._counters.rise(
            counts, told["uptime_in_seconds"], least=max(1, self.least_lookups)
        )
        if risen is None:
            return CheckResult.unknown(f"fewer than {self.least_lookups} lookups: too few to judge")
        hits, misses = risen.counts
        return hit_rate(hits, misses, risen.seconds)


@dataclass(frozen=True)
class Evictions(_OnServer):
    """How many keys a minute the server threw away because its memory was full, since the run before.

    The first run looks back to the server's start.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        timeout: How long connecting, and then the answer, may take.

    Returns:
        Keys a minute.

    >>> Evictions("redis://localhost").timeout
    5.0
    """

    _counters: Counters = field(default_factory=Counters, init=False, repr=False, compare=False)

    def __call__(self) -> Measurement:
        """Measure it."""
        with self._connected() as client:
            told = client.info()
        risen = self._counters.rise((told["evicted_keys"],), told["uptime_in_seconds"])
        (evicted,), seconds = risen or ((0,), 0.0)
        message = f"{evicted} evicted in {format_duration(seconds)}"
        # Two runs at once, or a server of less than a second, make no rate of their own.
        return Measurement(evicted * 60 / max(seconds, 1.0), "{key}/min", message)


@dataclass(frozen=True)
class QueueLength(_OnServer):
    """How many entries a list, stream, set or sorted set has. A key that is not there has none.

    A queue of Celery is the list of its name.

    Args:
        url: `redis://`, `rediss://` or `unix://`, with the number of the database.
        key: The queue's key.
        timeout: How long connecting, and then each answer, may take.

    Returns:
        The number of entries.

    Raises:
        TypeError: The key holds something else.

    >>> QueueLength("redis://localhost:6379/0", "celery").key
    'celery'
    """

    key: str

    def __call__(self) -> Measurement:
        """Count them."""
        with self._connected() as client:
            kind = client.type(self.key)
            kind = kind.decode() if isinstance(kind, bytes) else kind
            if kind == "none":
                return Measurement(0, "{entry}")
            if kind not in _LENGTHS:
                raise TypeError(
                    f"{self.key!r} holds a {kind}: name a list, a stream, a set or a sorted set"
                )
            return Measurement(getattr(client, _LENGTHS[kind])(self.key), "{entry}")
