"""Opens the store that a URL names."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import quote

from obskit import names
from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.config import Config
from obskit.config.store_url import MEMORY, POSTGRESQL, SHARED, STORE_URL, sqlite_path
from obskit.exceptions import MissingExtra, StoreError
from obskit.export.spool import default_directory
from obskit.redaction.sensitive import redact_own_url
from obskit.state.memory import MemoryStore
from obskit.state.sql import SqlStore
from obskit.state.store import Store


def open_store(
    url: str, service: str, clock: Clock = SYSTEM_CLOCK, *, looks: bool = False
) -> Store:
    """The store that a URL names. Nothing is made, and nobody connected to, before it is used.

    Args:
        url: `sqlite:////absolute/path`, `postgresql://…`, `redis://…`, `rediss://…`, `unix://…`
            or `memory:`.
        service: The service whose state it is.
        clock: The time.
        looks: Whether the caller only looks: errors are not logged, a broken file stays as it is.

    Raises:
        ValueError: The URL names no store.
        MissingExtra: The database's driver is not installed.

    >>> open_store("memory:", "shop").latest()
    {}
    """
    url = _checked(url)
    if url == MEMORY:
        return MemoryStore(clock)
    if url.startswith(POSTGRESQL):
        return _postgresql(url, service, clock, looks=looks)
    if url.startswith(SHARED):
        return _redis(url, service, clock, looks=looks)
    return _sqlite(url, service, clock, looks=looks)


def state_directory(config: Config) -> Path:
    """The folder of the store where none is configured: beside the spool, or in the chosen spool.

    >>> state_directory(Config(service="shop")).name
    'shop'
    """
    if config.spool_dir:  # what stands beside it may be another's
        return Path(config.spool_dir)
    return default_directory(config.service).parent


def store_url(config: Config) -> str:
    """The URL of a service's store: the chosen one, else that of a file in `state_directory`.

    >>> store_url(Config(state_url="memory:"))
    'memory:'
    """
    return config.state_url or default_url(config)


def own_host(config: Config) -> str:
    """What this host is called in a store that hosts share; empty where the store is one host's.

    >>> own_host(Config(state_url="memory:"))
    ''
    """
    if not store_url(config).startswith(SHARED):
        return ""
    return str(config.resource_attributes.get(names.HOST_NAME) or socket.gethostname())


def default_url(config: Config) -> str:
    """The URL of the store in `state_directory`.

    >>> default_url(Config(spool_dir="/var/spool/shop"))
    'sqlite:////var/spool/shop/state.sqlite3'
    """
    return f"sqlite:///{quote(str((state_directory(config) / 'state.sqlite3').absolute()))}"


def _checked(url: str) -> str:
    try:
        checked: str = STORE_URL.parse(url)
    except (ValueError, TypeError):
        shown = repr(redact_own_url(str(url)))[:200]
        raise ValueError(f"{shown} names no store: use {STORE_URL.allowed}") from None
    return checked


def _sqlite(url: str, service: str, clock: Clock, *, looks: bool) -> Store:
    try:
        from obskit.state.sqlite import SqliteDatabase
    except ImportError as error:  # Python itself may be built without it
        raise StoreError(f"this Python has no sqlite3 ({error}): use another store") from error
    return SqlStore(SqliteDatabase(Path(sqlite_path(url)), clock, looks=looks), service)


def _postgresql(url: str, service: str, clock: Clock, *, looks: bool) -> Store:
    try:
        from obskit.state.postgresql import PostgresqlDatabase
    except ImportError as error:
        raise MissingExtra("postgres", "A state store in PostgreSQL") from error
    return SqlStore(PostgresqlDatabase(url, service, clock, looks=looks), service)


def _redis(url: str, service: str, clock: Clock, *, looks: bool) -> Store:
    try:
        from obskit.state.redis_server import RedisServer
    except ImportError as error:
        raise MissingExtra("redis", "A state store in Redis") from error
    from obskit.state.redis_store import RedisStore

    return RedisStore(RedisServer(url, clock, looks=looks), service)
