"""Which store a URL names."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.state.contract import RUN
from tests.state.lease_contract import taken

from obskit.config import Config
from obskit.exceptions import MissingExtra, StoreError
from obskit.state.memory import MemoryStore
from obskit.state.opening import default_url, open_store, state_directory


def test_a_store_in_memory_is_new_each_time() -> None:
    store = open_store("memory:", "shop")
    assert isinstance(store, MemoryStore)
    store.keep(RUN)
    store.close()
    assert open_store("memory:", "shop").latest() == {}


def test_the_path_of_a_file_may_be_escaped(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/a%20b%3F.sqlite3", "shop")) as store:
        store.keep(RUN)
        assert (tmp_path / "a b?.sqlite3").exists()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory:x",
        "/var/lib/state.sqlite3",
        "sqlite://",
        "sqlite:///state.sqlite3",
        "sqlite://host/state.sqlite3",
        "sqlite:////var/lib/",
        "sqlite:////var/lib/state.sqlite3?mode=ro",
        "sqlite:////var/lib/%00",
        "mysql://host/db",
        "postgresql+psycopg://host/db",
        "postgresql://",
        "postgresql://host:port/db",
        "postgresql://host/d b",
        "redis://",
        "redis://host/first",
        "redis://host:port/0",
    ],
)
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="names no store: use sqlite:////absolute/path") as raised:
        open_store(url, "shop")
    assert str(raised.value).startswith(repr(url))


def test_what_is_said_of_a_wrong_url_shows_no_password() -> None:
    with pytest.raises(ValueError) as raised:
        open_store("mysql://ann:hunter2@host/db", "shop")
    assert str(raised.value) == (
        "'mysql://ann:[redacted]@host/db' names no store: use sqlite:////absolute/path/of/a.file,"
        " postgresql://user:password@host/database, redis://:password@host/0 or memory:"
    )


def test_every_store_gives_leases(tmp_path: Path) -> None:
    for url in ("memory:", f"sqlite:///{tmp_path}/state.sqlite3"):
        with closing(open_store(url, "shop")) as leases:
            assert taken(leases, "nightly", "a").holder == "a"


@pytest.mark.parametrize(
    ("package", "leaf", "url", "extra"),
    [
        ("psycopg", "postgresql", "postgresql://host/db", "A state store in PostgreSQL needs"),
        ("redis", "redis_server", "redis://host/0", "A state store in Redis needs"),
    ],
)
def test_a_driver_that_is_missing_is_named(
    package: str, leaf: str, url: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"obskit.state.{leaf}", raising=False)
    with pytest.raises(MissingExtra, match=extra):
        open_store(url, "shop")


def test_a_python_without_sqlite_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("obskit.state.sqlite", "obskit.state.sqlite_file"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.raises(StoreError, match=r"this Python has no sqlite3 .*: use another store"):
        open_store("sqlite:////var/lib/state.sqlite3", "shop")


def test_where_nothing_is_configured_the_file_lies_beside_the_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_directory(Config(service="my shop")) == tmp_path / ".local/state/obskit/my_shop"
    assert default_url(Config(service="my shop")) == (
        f"sqlite:///{tmp_path}/.local/state/obskit/my_shop/state.sqlite3"
    )


def test_a_spool_that_was_chosen_holds_the_file_too(tmp_path: Path) -> None:
    """What stands beside it may be another service's."""
    config = Config(spool_dir=str(tmp_path / "a b?"))
    assert state_directory(config) == tmp_path / "a b?"
    with closing(open_store(default_url(config), "shop")) as store:
        store.keep(RUN)
    assert (tmp_path / "a b?" / "state.sqlite3").exists()
