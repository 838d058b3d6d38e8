"""`obskit console`: the status page of a service, by itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from secrets import token_urlsafe
from socket import AF_INET6
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import click

from obskit.checks.kept import latest_here, to_run, to_standing
from obskit.checks.results import Results, Standing
from obskit.checks.runner import Runner
from obskit.cli import application, state
from obskit.cli.group import Command, Refused
from obskit.clock import SYSTEM_CLOCK
from obskit.config import Config
from obskit.console import Console, Viewer
from obskit.console.access import ByToken
from obskit.console.service import Service
from obskit.console.wsgi import Application
from obskit.declaration import Check
from obskit.exceptions import MissingExtra, StoreError
from obskit.overview.reading import overview
from obskit.overview.story import find
from obskit.registry import Registry
from obskit.state.opening import own_host
from obskit.state.store import Store
from obskit.telemetry.console import visible

_USAGE = 4


@click.command(cls=Command, refused=_USAGE, interrupted=0)
@application.APP
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default=True,
    help="The port; 0 for a free one.",
)
def console(app: str | None, host: str, port: int) -> None:
    """Serve the status page of a service until Ctrl-C, and print a link that opens it once.

    It shows what the processes of the service keep, whether any runs or not. Whoever has the link may
    act: run the checks of a host, silence checks.
    """
    with application.inert():
        registry = application.load(app)
        config = state.configuration()
        with state.opened(config, make=True) as store, state.asked(store):
            _serve(registry, config, store, host, port)


def _serve(registry: Registry, config: Config, store: Store, host: str, port: int) -> None:
    once = token_urlsafe(16)
    access = ByToken(token_urlsafe(32), Viewer("console", may_act=True), once=once)
    service = _service(registry, config, store)
    try:
        page = Application(Console(registry, access=access, service=lambda: service))
        server = make_server(host, port, page, _Server6 if ":" in host else _Server, _Quiet)
    except MissingExtra as error:
        raise Refused(str(error)) from None
    except OSError as error:
        reason = error.strerror or error
        raise Refused(
            f"{host}:{port} cannot be listened on: {reason}; choose another --host or --port"
        ) from None
    with server, suppress(KeyboardInterrupt):
        shown = f"[{host}]" if ":" in host else host
        click.echo(
            f"the status page of {visible(config.service)}; the link opens it once:", err=True
        )
        click.echo(f"http://{shown}:{server.server_port}/enter?key={once}", err=True)
        server.serve_forever()


def _service(registry: Registry, config: Config, store: Store) -> Service:
    return Service(
        registry,
        config,
        store,
        SYSTEM_CLOCK,
        lambda: overview(registry, store, config, SYSTEM_CLOCK.now()),
        partial(find, config),
        _running(registry, config, store),
        partial(_is_of_here, config, store),
        _record,
    )


def _is_of_here(config: Config, store: Store, check: Check) -> bool:
    """Whether a check may be run here: elsewhere than on a host of the service it would judge another."""
    host = own_host(config)
    known = not host or any(run.check == check.name for run in store.hosts.latest(0.0, host))
    return check.scope == "host" and known


def _running(registry: Registry, config: Config, store: Store) -> Callable[[Check], object]:
    """Runs a check as the service would, and keeps what it comes to."""
    results, host = Results(SYSTEM_CLOCK), own_host(config)

    def keep(check: Check, standing: Standing) -> None:
        with suppress(StoreError):  # the page says that it cannot be read
            store.keep(to_run(check, standing, 0, "", host))

    runner = Runner(registry, results, SYSTEM_CLOCK, on_result=keep, past=state.past(config))

    def run(check: Check) -> object:
        for name, latest in latest_here(store, host).items():
            results.adopt(name, to_standing(latest, SYSTEM_CLOCK))
        return runner.run(check)

    return run


def _record(event: str, *, actor: str, target: str, **_: Any) -> None:
    click.echo(visible(f"{event} {target} by {actor}"), err=True)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False


class _Server6(_Server):
    address_family = AF_INET6


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Requests of the page are nothing to tell."""
