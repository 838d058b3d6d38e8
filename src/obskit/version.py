"""The version of the installed distribution."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _of


@cache
def version() -> str:
    """The version of `obskit-otel`; "0" where its code runs without being installed."""
    try:
        return _of("obskit-otel")
    except PackageNotFoundError:
        return "0"
