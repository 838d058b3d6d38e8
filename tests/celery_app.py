"""A Celery app over a broker in memory, and a worker of it in a thread: one process, real messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from unittest.mock import patch

from celery import Celery, _state, signals  # type: ignore[import-untyped]
from celery.contrib.testing.worker import start_worker  # type: ignore[import-untyped]
from kombu.connection import Connection

import obskit.celery
from obskit.registry import Registry

_numbers = count()
_drain: Any = Connection.drain_events


def make_app(registry: Registry | None = None) -> Any:
    """An observed app with a queue of its own: the broker is one for the whole process."""
    app = plain_app(f"queue-{next(_numbers)}")
    return obskit.celery.init_app(app, registry=Registry() if registry is None else registry)


def plain_app(queue: str) -> Any:
    """The same without obskit."""
    app: Any = Celery(
        "shop", broker="memory://localhost", backend="cache+memory://", set_as_current=False
    )
    app.conf.update(
        broker_transport_options={"polling_interval": 0.01},
        task_default_queue=queue,
        # What waits for a result asks this often.
        result_backend_transport_options={"polling_interval": 0.01},
    )
    return app


@contextmanager
def working(app: Any, pool: str = "solo") -> Iterator[None]:
    """A worker takes the app's tasks while the block lasts."""
    default, current = _state.default_app, _state._tls.current_app
    # With a receiver Celery leaves the logging of this process alone.
    signals.setup_logging.connect(_leave_logging_alone)
    try:
        with (
            # It waits for a message before it sees that it shall end, and for another afterwards.
            patch.object(Connection, "drain_events", _drain_briefly),
            start_worker(app, perform_ping_check=False, pool=pool, shutdown_timeout=60),
        ):
            yield
    finally:
        signals.setup_logging.disconnect(_leave_logging_alone)
        _state.default_app, _state._tls.current_app = default, current


def _drain_briefly(connection: Connection, timeout: float | None = None) -> Any:
    return _drain(connection, timeout=0.05)


def _leave_logging_alone(**_: Any) -> None:
    pass


def result_of(sent: Any, *, fails: bool = False) -> Any:
    """What a task came to; its exception where it fails."""
    return sent.get(timeout=60, interval=0.01, propagate=not fails, disable_sync_subtasks=False)
