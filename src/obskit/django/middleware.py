"""The middleware: context, span, metrics, access line, errors, health, and `X-Request-ID`.

It stands first in `MIDDLEWARE`, and serves synchronous and asynchronous projects alike.
"""

from __future__ import annotations

import sys
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.signals import got_request_exception
from django.http import HttpResponse

from obskit import default_runtime
from obskit.django import routes, settings, users
from obskit.django.request import exchange_of, probe_of
from obskit.django.served import Served
from obskit.probes import caching, written
from obskit.runtime import Runtime
from obskit.telemetry import levels


class Middleware:
    """Observes each request. Before `obskit.init` it passes everything on untouched.

    Args:
        get_response: What comes after it.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response
        self._probes = settings.probes()
        self._probes.start_when_served(routes.load)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
            self.process_view: Any = _arrived_async
        else:
            self.process_view = _arrived

    def __call__(self, request: Any) -> Any:
        """Serve one request."""
        if self._is_async:
            return self._serve(request)
        runtime = default_runtime.current()
        if runtime is None or runtime.server is None:
            return self._get_response(request)
        told = self._told(runtime, request)
        if told is not None:
            return told
        with Served(runtime, request) as served:
            response = self._get_response(request)
            if served.is_to_log(response):
                served.log(response)
            with suppress(Exception):  # a response of the host's own making
                served.answered(response)
        return response

    async def _serve(self, request: Any) -> Any:
        runtime = default_runtime.current()
        if runtime is None or runtime.server is None:
            return await self._get_response(request)
        loop = get_running_loop()
        told = self._told(runtime, request, loop)
        if told is not None:
            return told
        if runtime.sends or runtime.scraped is not None:
            runtime.server.event_loop.watch(loop)
        with Served(runtime, request) as served:
            response = await self._get_response(request)
            if served.is_to_log(response):  # a handler of the host's may wait, as one for mail does
                await sync_to_async(served.log, thread_sensitive=False)(response)
            with suppress(Exception):  # a response of the host's own making
                served.answered(response)
        return response

    def _told(
        self, runtime: Runtime, request: Any, loop: AbstractEventLoop | None = None
    ) -> HttpResponse | None:
        """The answer to a probe, before `ALLOWED_HOSTS` and redirects to HTTPS, which it cannot follow."""
        levels.refresh()
        self._probes.start(runtime, loop)
        path = request.path_info
        if not self._probes.takes(runtime, path) or routes.is_route(path):
            return None
        status, body = self._probes.answer(runtime, probe_of(request))
        content_type, content = written(body)
        headers = {"Cache-Control": caching(body)}
        response = HttpResponse(content, content_type=content_type, status=status, headers=headers)
        # Django would write an error for each probe of a service that is not ready, as in its start.
        response._has_been_logged = True
        return response


def _arrived(request: Any, *_: Any) -> None:
    """The middleware has seen the request, and the resolver has found its view."""
    exchange = exchange_of(request)
    if exchange is not None:
        with suppress(Exception):  # a request or a user of the host's own making
            exchange.route = routes.route_of(request)
            users.watch(request)


async def _arrived_async(request: Any, *_: Any) -> None:
    _arrived(request)


def _on_exception(request: Any = None, **_: Any) -> None:
    """Nobody handled an exception. Django makes a page of it, in DEBUG one that tells it."""
    error = sys.exc_info()[1]
    exchange = None if request is None else exchange_of(request)
    if exchange is None or error is None:
        return
    with suppress(Exception):  # a request or a user of the host's own making
        users.bind_known(request)
        exchange.route = routes.route_of(request)
    exchange.failed(error)


got_request_exception.connect(_on_exception, dispatch_uid="obskit")
