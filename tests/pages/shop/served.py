"""The shop, served by real servers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.config.receiver import Receiver
from tests.pages.shop.past import lived
from tests.processes.server import Server, free_port, running

_GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "4"),
    *("--graceful-timeout", "1", "--no-control-socket", "tests.pages.shop.flask_shop:app"),
)
_UVICORN = (sys.executable, "-m", "uvicorn", "tests.pages.shop.fastapi_shop:app")


class Shop:
    """A shop that runs.

    Args:
        server: What serves it.
        port: Where.
        folder: Where its files are.

    Attributes:
        server: What serves it.
        url: Where it is.
        status: Where its status page is.
    """

    def __init__(self, server: Server, port: int, folder: Path) -> None:
        self.server = server
        self.url = f"http://127.0.0.1:{port}"
        self.status = f"{self.url}/status/"
        self._folder = folder

    def orphan(self, *orders: str) -> None:
        """Have these orders, and no others, without a customer."""
        (self._folder / "orphans").write_text("\n".join(orders))


@contextmanager
def shop_by_flask(receiver: Receiver, folder: Path) -> Iterator[Shop]:
    """The shop by Flask, under Gunicorn."""
    with _served(receiver, folder, "--bind", "127.0.0.1:{}", _GUNICORN, {}) as found:
        yield found


@contextmanager
def shop_by_fastapi(receiver: Receiver, folder: Path, **variables: str) -> Iterator[Shop]:
    """The shop by FastAPI, under Uvicorn."""
    with _served(receiver, folder, "--port", "{}", _UVICORN, variables) as found:
        yield found


@contextmanager
def _served(
    receiver: Receiver,
    folder: Path,
    option: str,
    form: str,
    command: tuple[str, ...],
    variables: dict[str, str],
) -> Iterator[Shop]:
    port = free_port()
    environ = {
        "OBSKIT_STATE_URL": lived(folder, int(variables.get("MORE_CHECKS", "0"))),
        "OBSKIT_CONSOLE": "true",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "",
        "SENTRY_DSN": f"http://key@{receiver.address}/1",
        "OBSKIT_SENTRY_URL": "https://sentry.example/events/{event_id}",
        "OBSKIT_TRACE_URL": "https://jaeger.example/trace/{trace_id}",
        **variables,
    }
    (folder / "orphans").write_text("\n".join(f"order {number}" for number in range(17, 24)))
    bound = [*command, option, form.format(port)]
    with running(bound, port, receiver, folder, **environ) as server:
        yield Shop(server, port, folder)


def busy(shop: Shop) -> str:
    """Let the shop have customers, and give the id of a request that failed."""
    for card in ("gold", "empty", "gold", "gold", "gold", "gold", "gold"):
        with urlopen(f"{shop.url}/pay/{card}", timeout=60):
            pass
    for count in (1, 2, 3, 1, 2):
        with urlopen(f"{shop.url}/products/{count}", timeout=60):
            pass
    try:
        urlopen(f"{shop.url}/boom/SPRING", timeout=60).close()
    except HTTPError as failed:
        with failed:
            return str(failed.headers["X-Request-ID"])
    raise AssertionError("it did not fail")
