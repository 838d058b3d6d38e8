"""Checks of caches: real backends, which keep, forget, and are looked up."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from obskit.checks.library.cache import CountsLookups, HitRate, Lookups, RoundTrip, hit_rate
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status


class Simple:
    """A cache as cachelib has them, which can be made to fail."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.fault = ""

    def get(self, key: str) -> Any:
        return "another's" if self.fault == "mixes up" else self.kept.get(key)

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool:
        if self.fault != "forgets":
            self.kept[key] = value
        return True

    def delete(self, key: str) -> bool:
        if self.fault != "keeps":
            self.kept.pop(key, None)
        return True

    def get_many(self, *keys: str) -> list[Any]:
        return [self.get(key) for key in keys]


class Counted(CountsLookups, Simple): ...


class AlsoCounted(CountsLookups, Simple): ...


@pytest.fixture(autouse=True)
def counted_anew() -> None:
    Counted.lookups = Lookups()
    AlsoCounted.lookups = Lookups()


def counts(kind: type[CountsLookups]) -> tuple[int, int]:
    return kind.lookups.hits, kind.lookups.misses


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("forgets", "Simple has not kept what was just written: is its server up, and not full?"),
        ("mixes up", "Simple answers something else than what was just written"),
        ("keeps", "Simple still has what was just deleted"),
    ],
)
def test_a_cache_that_fails_raises_and_recovers(fault: str, message: str) -> None:
    cache = Simple()
    subject = RoundTrip(cache)
    subject()
    cache.fault = fault
    with pytest.raises(RuntimeError) as raised:
        subject()
    assert str(raised.value) == message
    cache.fault = ""
    cache.kept.clear()
    subject()
    assert cache.kept == {}


def test_lookups_are_counted_once_each_and_by_class() -> None:
    cache, other = Counted(), AlsoCounted()
    cache.set("there", 1)
    assert cache.get("there") == 1
    assert cache.get("not there") is None
    assert cache.get_many("there", "not there", "there") == [1, None, 1]
    assert counts(Counted) == (3, 2)
    other.get("not there")
    assert counts(AlsoCounted) == (0, 1)
    assert counts(Counted) == (3, 2)


def test_a_lookup_that_fails_among_several_leaves_counting_as_it_was() -> None:
    cache = Counted()
    with pytest.raises(TypeError):
        cache.get_many({})
    cache.get("not there")
    assert counts(Counted) == (0, 1)


def test_lookups_of_several_threads_are_all_counted() -> None:
    cache = Counted()
    cache.set("there", 1)

    def look() -> None:
        for _ in range(2_000):
            cache.get("there")

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(Counted) == (8_000, 0)


def test_the_rate_is_judged_since_the_run_before_and_waits_for_enough() -> None:
    cache = Counted()
    subject = HitRate(Counted.lookups, least_lookups=10)
    found = subject()
    assert isinstance(found, CheckResult)
    assert (found.status, found.message) == (
        Status.UNKNOWN,
        "fewer than 10 lookups: too few to judge",
    )
    cache.set("there", 1)
    for _ in range(9):
        cache.get("there")
    assert isinstance(subject(), CheckResult)
    cache.get("there")
    assert judged(subject) == (100.0, "ok")
    for _ in range(8):
        cache.get("not there")
    for _ in range(2):
        cache.get("there")
    assert judged(subject) == (20.0, "warning")
    for _ in range(10):
        cache.get("there")
    assert judged(subject) == (100.0, "ok")


def judged(subject: HitRate) -> tuple[object, str]:
    found = subject()
    assert isinstance(found, Measurement)
    value: Any = found.value
    return value, subject.default_judge(value).state


def test_a_rate_says_of_how_many() -> None:
    assert hit_rate(1, 2, 3600) == Measurement(
        33.3, "%", "1 of 3 lookups in 1h", {"hits": 1, "misses": 2}
    )


def test_no_lookups_are_no_rate_even_where_none_are_asked_for() -> None:
    assert isinstance(HitRate(Lookups(), least_lookups=0)(), CheckResult)


def test_flask_caching_is_looked_up_and_counted(tmp_path: Path) -> None:
    pytest.importorskip("flask_caching")
    from flask import Flask
    from flask_caching import Cache  # type: ignore[import-not-found,import-untyped,unused-ignore]

    app = Flask("shop")
    cache = Cache(app, config={"CACHE_TYPE": f"{__name__}.FlaskCounted"})
    kind = flask_counted()
    RoundTrip(cache)()
    kind.lookups = Lookups()

    @cache.memoize(60)  # type: ignore[untyped-decorator,unused-ignore]
    def price(order: int) -> int:
        return order * 2

    with app.test_request_context():
        assert [price(1), price(1), cache.get("not there")] == [2, 2, None]
        cache.set("there", 1)
        assert cache.get_many("there", "not there") == [1, None]
    hits, misses = counts(kind)
    assert hits >= 2
    assert misses >= 3
    null = Cache(app, config={"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True})
    with pytest.raises(RuntimeError, match="Cache has not kept what was just written"):
        RoundTrip(null)()


def flask_counted() -> Any:
    return globals()["FlaskCounted"]


try:
    from flask_caching.backends import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
        SimpleCache,
    )
except ImportError:
    pass
else:

    class FlaskCounted(CountsLookups, SimpleCache):  # type: ignore[misc,unused-ignore]
        ...


def test_django_is_looked_up_and_counted(tmp_path: Path) -> None:
    pytest.importorskip("django")
    from django.core.cache.backends.filebased import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
        FileBasedCache,
    )
    from django.core.cache.backends.locmem import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
        LocMemCache,
    )

    class DjangoCounted(CountsLookups, LocMemCache):  # type: ignore[misc,unused-ignore]
        ...

    cache = DjangoCounted(str(tmp_path), {})
    RoundTrip(cache)()
    DjangoCounted.lookups = Lookups()
    cache.set("there", 1)
    cache.set("nothing", None)
    assert [cache.get("there"), cache.get("absent"), cache.get("absent", 7)] == [1, None, 7]
    assert counts(DjangoCounted) == (1, 2)
    assert cache.get_many(["there", "absent"]) == {"there": 1}
    assert counts(DjangoCounted) == (2, 3)
    assert cache.get_or_set("made", lambda: 5) == 5
    assert cache.get_or_set("made", lambda: 6) == 5
    hits, _misses = counts(DjangoCounted)
    assert hits >= 3

    on_disk = FileBasedCache(str(tmp_path / "cache"), {})
    RoundTrip(on_disk)()
    (tmp_path / "cache").rename(tmp_path / "away")
    (tmp_path / "cache").write_text("a file where the folder was")
    with pytest.raises(OSError, match="cache"):
        RoundTrip(on_disk)()
    (tmp_path / "cache").unlink()
    RoundTrip(on_disk)()
