"""Opens the store that a URL names."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from obskit import names
from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.config import Config
from obskit.config.store_url import LEASE_URL, MEMORY, POSTGRESQL, REDIS, STORE_URL, sqlite_path
from obskit.config.values import Value
from obskit.exceptions import MissingExtra, StoreError
from obskit.export.spool import default_directory
from obskit.redaction.sensitive import redact_own_url
from obskit.state.memory import MemoryStore
from obskit.state.sql import SqlStore
from obskit.state.store import Lease, Store


class Leases(Protocol):
    """What gives leases. Its methods may raise `StoreError`."""

    def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take a lease, or take it again: None while another holder has it."""

    def release(self, lease: Lease) -> None:
        """Give a lease back."""

    def close(self) -> None:
        """Let go of files and connections."""


def open_store(
    url: str, service: str, clock: Clock = SYSTEM_CLOCK, *, looks: bool = False
) -> Store:
    """The store that a URL names. Nothing is made, and nobody connected to, before it is used.

    Args:
        url: `sqlite:////absolute/path`, `postgresql://…` or `memory:`.
        service: The service whose state it is.
        clock: The time.
        looks: Whether the caller only looks: errors are not logged, a broken file stays as it is.

    Raises:
        ValueError: The URL names no store.
        MissingExtra: The database's driver is not installed.

    >>> open_store("memory:", "shop").latest()
    {}
    """
    url = _checked(url, STORE_URL)
    if url == MEMORY:
        return MemoryStore(clock)
    if url.startswith(POSTGRESQL):
        return _postgresql(url, service, clock, looks=looks)
    return _sqlite(url, service, clock, looks=looks)


def open_lease(url: str, service: str, clock: Clock = SYSTEM_CLOCK) -> Leases:
    """What gives leases at a URL: a store, or Redis.

    Args:
        url: As `open_store` takes it, or `redis://…`, `rediss://…`, `unix://…`.
        service: The service whose leases they are.
        clock: The time.

    Raises:
        ValueError: The URL names nothing that gives leases.
        MissingExtra: The driver is not installed.
    """
    url = _checked(url, LEASE_URL)
    if not url.startswith(REDIS):
        return open_store(url, service, clock)
    try:
        from obskit.state.redis_lease import RedisLeases
    except ImportError as error:
        raise MissingExtra("redis", "A lease in Redis") from error
    return RedisLeases(url, service)


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
    if not store_url(config).startswith(POSTGRESQL):
        return ""
    return str(config.resource_attributes.get(names.HOST_NAME) or socket.gethostname())


def default_url(config: Config) -> str:
    """The URL of the store in `state_directory`.

    >>> default_url(Config(spool_dir="/var/spool/shop"))
    'sqlite:////var/spool/shop/state.sqlite3'
    """
    return f"sqlite:///{quote(str((state_directory(config) / 'state.sqlite3').absolute()))}"


def _checked(url: str, kind: Value) -> str:
    try:
        checked: str = kind.parse(url)
    except (ValueError, TypeError):
        shown = repr(redact_own_url(str(url)))[:200]
        raise ValueError(f"{shown} names no store: use {kind.allowed}") from None
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
