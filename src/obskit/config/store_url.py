"""Where state is kept, as a URL."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from obskit.config.values import Value

POSTGRESQL = ("postgresql", "postgres")
_REDIS = ("redis", "rediss", "unix")
#: What hosts can share.
SHARED = (*POSTGRESQL, *_REDIS)
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
    if not isinstance(given, str):
        raise TypeError
    url = given.strip()
    if url == MEMORY:
        return url
    scheme, colon, rest = url.partition("://")
    if (
        scheme not in ("sqlite", *SHARED)
        or not colon
        or not rest
        or not url.isprintable()
        or " " in url
    ):
        raise ValueError
    if scheme == "sqlite":
        sqlite_path(url)
    else:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError when it is no number
        database = parts.path[1:]
        if scheme in ("redis", "rediss") and database and not database.isdecimal():
            raise ValueError  # redis-py would take the first one
    return url


STORE_URL = Value(
    _store_url,
    "sqlite:////absolute/path/of/a.file, postgresql://user:password@host/database,"
    " redis://:password@host/0 or memory:",
)
