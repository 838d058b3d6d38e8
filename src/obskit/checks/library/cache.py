"""A cache: what is written can be read, and how much of what is looked up is there.

Any that has `get`, `set` and `delete` will do: Django's, Flask-Caching's, cachelib's.
"""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from obskit.checks.judge import Below, below
from obskit.checks.library.rate import Counters
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult
from obskit.duration import format_duration

# What a run that is killed has written ends by itself, seconds.
_KEPT = 60
_in_many: ContextVar[bool] = ContextVar("obskit_cache_in_many", default=False)


@dataclass(frozen=True)
class RoundTrip:
    """What is written into the cache can be read, and is gone when it is deleted.

    How long that may take is the cache's own to say, in its settings.

    Args:
        cache: The cache, with `get`, `set` and `delete`.

    Raises:
        RuntimeError: It forgets, keeps, or answers something else. Many caches hide that their
            server is down, and forget.

    >>> from types import SimpleNamespace
    >>> forgetful = SimpleNamespace(set=lambda *a, **k: None, get=lambda key: None)
    >>> RoundTrip(forgetful)()
    Traceback (most recent call last):
        ...
    RuntimeError: SimpleNamespace has not kept what was just written: is its server up, and not full?
    """

    cache: Any = field(repr=False)

    def __call__(self) -> None:
        """Write, read and delete a key of this run's own."""
        key, written = f"obskit-round-trip-{uuid4().hex}", uuid4().hex
        kind = type(self.cache).__name__
        self.cache.set(key, written, timeout=_KEPT)
        read = self.cache.get(key)
        if read is None:
            raise RuntimeError(
                f"{kind} has not kept what was just written: is its server up, and not full?"
            )
        if read != written:
            raise RuntimeError(f"{kind} answers something else than what was just written")
        self.cache.delete(key)
        if self.cache.get(key) is not None:
            raise RuntimeError(f"{kind} still has what was just deleted")


class Lookups:
    """How many lookups of this process a cache has answered, and how many it has not.

    >>> lookups = Lookups()
    >>> lookups.count(hits=2, misses=1)
    >>> lookups.hits, lookups.misses
    (2, 1)
    """

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self.began = time.monotonic()
        self._lock = threading.Lock()

    def count(self, *, hits: int = 0, misses: int = 0) -> None:
        """Add to them."""
        with self._lock:
            self.hits += hits
            self.misses += misses


class CountsLookups:
    """Counts the lookups of a backend whose class is derived from this one first, and then its own.

    Each such class has counts of its own, in `lookups`. Django takes the class in `CACHES` as
    `BACKEND`, Flask-Caching as `CACHE_TYPE`. A value of None counts as not there.

    >>> class Backend(dict):
    ...     pass
    >>> class Counted(CountsLookups, Backend):
    ...     pass
    >>> Counted(a=1).get("a"), Counted().get("b"), Counted.lookups.hits, Counted.lookups.misses
    (1, None, 1, 1)
    """

    lookups: ClassVar[Lookups] = Lookups()

    def __init_subclass__(cls, **options: Any) -> None:
        """Give the class counts of its own."""
        super().__init_subclass__(**options)
        cls.lookups = Lookups()

    def get(self, key: Any, *rest: Any, **options: Any) -> Any:
        """Look a key up, and count it."""
        inherited: Any = super()
        found = inherited.get(key, *rest, **options)
        if not _in_many.get():
            absent = rest[0] if rest else options.get("default")
            there = found is not None and found is not absent
            self.lookups.count(hits=int(there), misses=int(not there))
        return found

    def get_many(self, *keys: Any, **options: Any) -> Any:
        """Look several keys up, and count them."""
        inherited: Any = super()
        outer = _in_many.set(True)  # many backends do so by `get`
        try:
            found = inherited.get_many(*keys, **options)
        finally:
            _in_many.reset(outer)
        if isinstance(found, dict):  # Django's: of a list of keys, those that are there
            hits, asked = len(found), len(keys[0])
        else:  # cachelib's: of each key, its value or None
            hits, asked = sum(value is not None for value in found), len(keys)
        self.lookups.count(hits=hits, misses=max(0, asked - hits))
        return found


@dataclass(frozen=True)
class HitRate:
    """How many of this process's lookups a cache has answered, per cent, since the run before.

    The first run looks back to the start of counting. Of Redis, `redis.HitRate` asks the server, for
    all processes.

    Args:
        lookups: What a class that `CountsLookups` counts.
        least_lookups: Fewer since the run before say nothing: the next run judges them with its own.

    Returns:
        Per cent; unknown where there were too few.

    >>> lookups = Lookups()
    >>> lookups.count(hits=95, misses=5)
    >>> HitRate(lookups)().value
    95.0
    """

    default_judge: ClassVar[Below] = below(warning=80)
    lookups: Lookups = field(repr=False)
    least_lookups: int = 100
    _counters: Counters = field(default_factory=Counters, init=False, repr=False, compare=False)

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        age = time.monotonic() - self.lookups.began
        counts = self.lookups.hits, self.lookups.misses
        risen = self._counters.rise(counts, age, least=max(1, self.least_lookups))
        if risen is None:
            return CheckResult.unknown(f"fewer than {self.least_lookups} lookups: too few to judge")
        hits, misses = risen.counts
        return hit_rate(hits, misses, risen.seconds)


def hit_rate(hits: int, misses: int, seconds: float) -> Measurement:
    """How many of so many lookups were hits, per cent.

    >>> hit_rate(3, 1, 90.0).message
    '3 of 4 lookups in 1m30s'
    """
    message = f"{hits} of {hits + misses} lookups in {format_duration(seconds)}"
    share = round(100 * hits / (hits + misses), 1)
    return Measurement(share, "%", message, {"hits": hits, "misses": misses})
