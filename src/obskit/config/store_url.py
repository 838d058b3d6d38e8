"""Where state is kept, as a URL."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from obskit.config.values import Value

POSTGRESQL = ("postgresql", "postgres")
REDIS = ("redis", "rediss", "unix")
#: The store of one process.
MEMORY = "memory:"


def sqlite_path(url: str) -> str:
    """The file of a SQLite store.

    Raises:
        ValueError: It is not the absolute path of one.

    >>> sqlite_path("sqlite:////var/lib/shop/state.sqlite3")
    '/var/lib/shop/state.sqlite3'
    """
    parts = urlsplit(url)
    path = unquote(parts.path)[1:]
    if parts.netloc or parts.query or parts.fragment or not path.startswith("/"):
        raise ValueError
    if path.endswith("/") or "\0" in path:
        raise ValueError
    return path


def _store_url(given: Any) -> str:
    return _url(given, ("sqlite", *POSTGRESQL))


def _lease_url(given: Any) -> str:
    return _url(given, ("sqlite", *POSTGRESQL, *REDIS))


def _url(given: Any, schemes: tuple[str, ...]) -> str:
    if not isinstance(given, str):
        raise TypeError
    url = given.strip()
    if url == MEMORY:
        return url
    scheme, colon, rest = url.partition("://")
    if scheme not in schemes or not colon or not rest or not url.isprintable() or " " in url:
        raise ValueError
    if scheme == "sqlite":
        sqlite_path(url)
    else:
        _ = urlsplit(url).port  # raises ValueError when it is no number
    return url


_STORES = "sqlite:////absolute/path/of/a.file, postgresql://user:password@host/database"
STORE_URL = Value(_store_url, f"{_STORES} or memory:")
LEASE_URL = Value(_lease_url, f"{_STORES}, redis://:password@host/0 or memory:")
