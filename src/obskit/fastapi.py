"""FastAPI and Starlette: `init_app` makes an app observable.

>>> from fastapi import FastAPI
>>> app = init_app(FastAPI())
>>> sorted(app.state.obskit.registry.checks)
[]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from obskit import default_runtime
from obskit.asgi import EXCHANGE, ObskitMiddleware, contrib_of
from obskit.asgi_scope import AsgiScope
from obskit.conversation import Message, Receive, Send
from obskit.exceptions import MissingExtra
from obskit.probes import Probes
from obskit.registry import Registry, default_registry
from obskit.telemetry.traces import fail, span

if TYPE_CHECKING:
    from starlette.applications import Starlette

AnyApp = TypeVar("AnyApp", bound="Starlette")
_EXTENSION = "obskit"
# What the contrib package leaves on an app; a stack without its middleware then comes within it.
_CALLED_AFTER_US = "_is_instrumented_by_opentelemetry"
# What FastAPI's own telemetry is where the host has said nothing of it.
_NOT_CHOSEN = {
    "tracer_provider": None,
    "meter_provider": None,
    "logger_provider": None,
    "auto_configure": False,
    "exclude": None,
}


@dataclass(frozen=True)
class Extension:
    """What an app keeps in `app.state.obskit`.

    Attributes:
        registry: The checks that its health endpoints tell of.
    """

    registry: Registry


def init_app(
    app: AnyApp,
    *,
    registry: Registry | None = None,
    prefix: str = "",
    aliases: Mapping[str, str] | None = None,
    health_access: Callable[[AsgiScope], bool] | None = None,
) -> AnyApp:
    """Make an app observable: request ids, spans, metrics, access lines, errors, health.

    Order does not matter: it may be called before `obskit.init` or after, and for several apps in one
    process. A second call for the same app does nothing. An app that is instrumented by
    OpenTelemetry's own packages keeps its spans, and has the rest beside them.

    Args:
        app: The app, of FastAPI or of Starlette.
        registry: Its checks; those of the module-level decorators by default.
        prefix: What stands before `/livez`, `/readyz`, `/health` and `/metrics`, such as `"/-"`. A path that
            the app itself has a route for is left to the app.
        aliases: Further paths, each with what it stands for (`livez`, `readyz`, `health`, `metrics` or
            `health/` and a group), such as `{"/api/health": "health"}`.
        health_access: Says of a request, given as ASGI's scope, whether it may see what the checks
            say. Others are told the status alone, unless they bring the token or come from a network
            of the configuration. It is called on the event loop, and not awaited.

    Returns:
        The same app.

    Raises:
        MissingExtra: Starlette is not installed.
        ValueError: The prefix or an alias is none.
    """
    try:
        import starlette.middleware.errors  # noqa: F401 - is it there?
    except ModuleNotFoundError as error:
        raise MissingExtra("fastapi", "obskit.fastapi") from error
    if hasattr(app.state, _EXTENSION):
        return app
    checks = default_registry if registry is None else registry
    probes = Probes(checks, prefix, aliases=aliases, access=health_access)
    app.state.obskit = Extension(checks)
    _observe(app, probes)
    _leave_requests_to_us(app)
    _trace_background_tasks()
    return app


def _observe(app: Any, probes: Probes) -> None:
    """Put the middleware around all others, but within that of the contrib package."""
    from starlette.middleware.errors import ServerErrorMiddleware

    build = app.build_middleware_stack

    def observed(inner: Any) -> ObskitMiddleware:
        return ObskitMiddleware(
            inner,
            route=lambda scope: _route(app, scope),
            probes=probes,
            is_route=lambda path: any(one == path for one, _ in _flat(app.routes)),
        )

    def build_middleware_stack() -> Any:
        stack: Any = build()
        contrib = contrib_of(stack)
        if contrib is not None:
            contrib.app = observed(contrib.app)
            return stack
        if getattr(app, _CALLED_AFTER_US, False):
            stack.app = _telling(stack.app)
        # The contrib package, called after us, wants to find this one outermost, and drops it.
        return ServerErrorMiddleware(observed(stack))

    app.build_middleware_stack = build_middleware_stack
    if app.middleware_stack is not None:  # it serves already
        app.middleware_stack = build_middleware_stack()


def _telling(inner: Any) -> Any:
    """Tell the contrib package's span of an exception before the answer to that ends the span.

    Called after us, that package sees what is raised when the answer has left already.
    """

    async def telling(scope: AsgiScope, receive: Receive, send: Send) -> None:
        begun = False

        async def noticed(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await inner(scope, receive, noticed)
        except Exception as error:
            exchange = scope.get(EXCHANGE)
            if exchange is not None and exchange.adopted and not begun:
                fail(exchange.span, error)
            raise

    return telling


def _leave_requests_to_us(app: Any) -> None:
    """FastAPI makes spans and metrics of its own wherever there is a provider, which `init` sets.

    A host that configures it keeps it: then its span is the one.
    """
    telemetry = getattr(app, "_telemetry", None)
    if not isinstance(telemetry, dict) or any(
        telemetry.get(name) is not value for name, value in _NOT_CHOSEN.items()
    ):
        return
    telemetry["exclude"] = lambda _scope: default_runtime.current() is not None


def _route(app: Any, scope: AsgiScope) -> str | None:
    found: Any = scope.get("route") or _by_endpoint(scope)
    # FastAPI keeps what an included router's routes are in this app beside the route itself.
    included = scope.get("fastapi", {}).get("effective_route_context")
    if included is not None and included.original_route is found:
        found = included
    # A mount's own path stands in the prefix; FastAPI tells of no route where only a mount matched.
    path = "" if found is None or _is_mount(found) else str(getattr(found, "path", ""))
    root = scope.get("root_path", "")
    mounted = root[len(scope.get("app_root_path", root)) :]
    return (_template(app.routes, mounted) + path if mounted else path) or None


def _by_endpoint(scope: AsgiScope) -> Any:
    """Starlette before 0.47 says which function answers, and not which route."""
    router, endpoint = scope.get("router"), scope.get("endpoint")
    routes = getattr(router, "routes", ()) if endpoint is not None else ()
    return next((one for one in routes if getattr(one, "endpoint", None) is endpoint), None)


def _template(routes: Iterable[Any], mounted: str) -> str:
    """The templates of the mounts that a path has gone through: the path may hold an id."""
    for path, route in _flat(routes):
        found = route.path_regex.match(f"{mounted}/") if _is_mount(route) else None
        if found is not None:
            rest = f"/{found['path']}".rstrip("/")
            return path + (_template(route.routes, rest) if rest else "")
    return ""


def _is_mount(route: Any) -> bool:
    return hasattr(route, "path_regex") and hasattr(route, "routes")


def _flat(routes: Iterable[Any]) -> Iterable[tuple[str, Any]]:
    """Every route with its path; those of included routers too, which newer versions nest."""
    try:
        from fastapi.routing import iter_route_contexts
    except ImportError:
        found: Iterable[Any] = routes
    else:
        found = iter_route_contexts(list(routes))
    return ((str(getattr(one, "path", "")), one) for one in found)


def _trace_background_tasks() -> None:
    """Each background task is a span of its own: it runs after the response, in nobody's time."""
    from starlette.background import BackgroundTask

    call = BackgroundTask.__call__
    if getattr(call, "_obskit", False):
        return

    async def traced(self: BackgroundTask) -> None:
        if default_runtime.current() is None or hasattr(BackgroundTask, "_otel_original_call"):
            await call(self)
            return
        name = getattr(self.func, "__name__", type(self.func).__name__)
        with span(f"BackgroundTask {name}"):
            await call(self)

    traced._obskit = True  # type: ignore[attr-defined]
    BackgroundTask.__call__ = traced  # type: ignore[method-assign]
