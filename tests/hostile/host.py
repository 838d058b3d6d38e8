"""A host that is watched while everything around it goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import orjson

import obskit
from obskit import default_runtime
from obskit.config import load
from obskit.runtime import Runtime
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATIENCE = 30.0
_THREADS = 4


@contextmanager
def running(folder: Path, clock: Any = None, **options: Any) -> Iterator[Runtime]:
    """A runtime that is the default one: it exports often, and gives up soon.

    Args:
        folder: For everything that it writes.
        clock: The time; the machine's by default.
        options: Of the configuration, by the names of its fields.
    """
    given: dict[str, Any] = {
        "service": "shop",
        "log_format": "json",
        "log_level": "INFO",
        "run_dir": str(folder / "run"),
        "spool_dir": str(folder / "spool"),
        "shutdown_timeout": 2.0,
    }
    for kind in ("span", "log"):
        given |= {f"{kind}_schedule_delay_ms": 50, f"{kind}_export_timeout_ms": 200}
    given |= {"metric_export_interval_ms": 50, "metric_export_timeout_ms": 200}
    config = load({**given, **options}, environ={}, folder=folder)
    runtime = Runtime(config) if clock is None else Runtime(config, clock=clock)
    runtime.start()
    before = default_runtime.replace(runtime)
    try:
        yield runtime
    finally:
        default_runtime.replace(before)
        runtime.forget()


def answer(app: Any, environ: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    """Call an app as a server does; its status, headers and body."""
    said: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        said[:] = [status, dict(headers)]

    parts = app({"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", **environ}, start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return said[0], said[1], body


class Shop:
    """An app that makes records of every signal with each request, and threads that call it.

    Attributes:
        ids: The header `X-Request-ID` of every answer.
        broken: What a request raised.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.broken: list[BaseException] = []
        self._app = ObskitMiddleware(_shop)

    def serve(self, each: int) -> None:
        """Answer so many requests on each of some threads, within bounded time."""
        threads = [Thread(target=self._call, args=(each,), daemon=True) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a request does not end"
        assert self.broken == []

    def _call(self, requests: int) -> None:
        try:
            for number in range(requests):
                status, headers, body = answer(self._app, {"PATH_INFO": f"/orders/{number}"})
                assert (status, body) == ("200 OK", b"ok")
                self.ids.append(headers["X-Request-ID"])
        except BaseException as error:
            self.broken.append(error)


def _shop(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    obskit.bind(user_id=7)
    with obskit.span("order.place", path=environ["PATH_INFO"]):
        obskit.metrics.count("orders", plan="free")
        obskit.get_logger("shop").info("order.placed", note="x" * 200)
        logging.getLogger("shop.stock").warning("low on %s", "tea")
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def balanced(ledger: dict[str, Any]) -> dict[str, bool]:
    """Whether everything that was taken in is accounted for, by signal."""
    return {
        signal: account["accepted"]
        == sum(account[key] for key in ("exported", "sampled_out", "spooled", "queued"))
        + sum(account["dropped"].values())
        for signal, account in ledger.items()
    }


def lines(written: str) -> list[dict[str, Any]]:
    """What was written to the console. Fails where something is no line of ours."""
    return [orjson.loads(line) for line in written.splitlines()]
