"""The runtime of this process: the one that `obskit.init` makes and the public functions use."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from obskit import hosting
from obskit.config import Config, load
from obskit.exceptions import ConfigError
from obskit.termination import on_sigterm

if TYPE_CHECKING:
    from obskit.runtime import Runtime

_current: Runtime | None = None
_inert = False
#: What `init` was given while it started nothing.
_given: Config | None = None
_lock = threading.RLock()


def current() -> Runtime | None:
    """The runtime that `init` made, or None."""
    return _current


def configuration() -> Config | None:
    """What the host's `init` was given, also where it started nothing; None before it."""
    return _current.config if _current else _given


def init(service: str | None = None, **arguments: Any) -> None:
    """Make the default runtime; `obskit.init` is its typed front.

    Raises:
        ConfigError: Something is wrong in the configuration, or it differs from what is running.
        MissingExtra: Something needs a package that is not installed.
    """
    global _current, _given
    config = load({"service": service, **arguments})
    with _lock:
        if _inert:
            _given = config
        if _inert or hosting.is_isolated():
            return
        if _current is not None:
            _refuse_another(config, _current.config)
            return
        # It takes most of a second to import, which commands do without: under them nothing starts.
        from obskit.runtime import Runtime

        runtime = Runtime(config)
        runtime.start()
        _current = runtime
        atexit.register(runtime.end)
        if runtime.sends:
            on_sigterm(runtime.shutdown)
            runtime.in_child()
            hosting.after_fork_in_c(_forked_in_c)
            runtime.hosting.warn()
        elif runtime.scraped:  # a worker that was forked in C has an identity of its own, too
            hosting.after_fork_in_c(_forked_in_c)


def replace(runtime: Runtime | None) -> Runtime | None:
    """Make another runtime the default one; for tests.

    Returns:
        The one before.
    """
    global _current
    with _lock:
        before, _current = _current, runtime
    return before


@contextmanager
def inert() -> Iterator[None]:
    """While it lasts `init` starts nothing: the command line imports hosts so."""
    global _inert, _given
    before, _inert, _given = _inert, True, None
    try:
        yield
    finally:
        _inert = before


def _refuse_another(wanted: Config, running: Config) -> None:
    old, new = asdict(running), asdict(wanted)
    changed = [name for name in old if old[name] != new[name]]
    if changed:
        raise ConfigError(
            [
                f"{name} differs from what the first call of init was given:"
                " call obskit.init once, or with the same configuration"
                for name in changed
            ]
        )


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    if _current is not None:
        _current.after_fork()


def _forked_in_c() -> None:
    global _lock
    _lock = threading.RLock()
    if _current is not None:
        _current.forked_in_c()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
