"""Pools of engines, of which connections are really taken."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from obskit.checks.library.pool import Use
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status

sqlalchemy = pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")

from sqlalchemy.pool import NullPool, QueuePool  # noqa: E402


def test_what_is_lent_is_a_share_of_what_may_be_until_it_is_given_back(tmp_path: Path) -> None:
    engine = sqlalchemy.create_engine(
        f"sqlite:///{tmp_path}/a.db", poolclass=QueuePool, pool_size=3, max_overflow=1
    )
    use = Use(engine)
    with ExitStack() as taken:
        for _ in range(3):
            taken.enter_context(engine.connect())
        details = {"in_use": 3, "most": 4}
        assert use() == Measurement(75.0, "%", "3 of 4", details)
    assert use() == Measurement(0.0, "%", "0 of 4", {"in_use": 0, "most": 4})
    engine.dispose()


def test_the_pool_of_an_async_engine_is_that_of_the_engine_within() -> None:
    inner = sqlalchemy.create_engine("sqlite://", poolclass=QueuePool, pool_size=2, max_overflow=0)

    class Engine:
        sync_engine = inner

    with inner.connect():
        found = Use(Engine())()
        assert isinstance(found, Measurement)
        assert found.value == 50.0
    inner.dispose()


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"poolclass": NullPool}, "NullPool"),
        ({"poolclass": QueuePool, "max_overflow": -1}, "QueuePool"),
    ],
)
def test_a_pool_without_a_limit_is_unknown(options: dict[str, object], kind: str) -> None:
    found = Use(sqlalchemy.create_engine("sqlite://", **options))()
    assert isinstance(found, CheckResult)
    assert (found.status, found.message) == (
        Status.UNKNOWN,
        f"{kind} has no limit of connections: use a QueuePool with a max_overflow",
    )
