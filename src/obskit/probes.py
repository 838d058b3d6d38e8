"""The endpoints of an app: `/livez`, `/readyz`, `/health`, `/health/<group>` and `/metrics`."""

from __future__ import annotations

import hmac
import logging
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import parse_qs

import orjson

from obskit import beacon, default_runtime, hosting
from obskit.checks import health
from obskit.checks.health import ON_DEMAND, Answer
from obskit.clock import to_rfc3339
from obskit.declaration import Check
from obskit.registry import Registry
from obskit.runtime import Runtime

_log = logging.getLogger("obskit.metrics")
_METRICS = "metrics"
_KINDS = ("livez", "readyz", "health", _METRICS)
#: A status of HTTP, and a body: for JSON, the text of metrics, or a script.
Reply = tuple[int, dict[str, Any] | str | bytes]
# Proxies put these on; what comes with one has somebody else's address.
_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")
_BEARER = "bearer "
_GROUP = "health/"


@dataclass(frozen=True)
class Probe:
    """A request for health, as the server's interface tells it.

    Attributes:
        path: Its path.
        query: Its query without the question mark.
        header: Gives a header's value by its name in lower case.
        peer: The address of the socket's other end.
        request: What the host's own access function is given: WSGI's environ, ASGI's scope.
        method: The method.
        body: Gives so many bytes of the body, or what there is of it.
    """

    path: str
    query: str = ""
    header: Callable[[str], str | None] = lambda _name: None
    peer: str = ""
    request: Any = None
    method: str = "GET"
    body: Callable[[int], bytes] = lambda _most: b""


class Probes:
    """Answers the probes of one app from the latest results of its checks, and tells its metrics.

    Anybody is told the status. What the checks say is for whoever brings the token of the
    configuration (`health_token`) as a bearer token, comes straight from an allowed network
    (`health_networks`), or is let in by the host's own function. Metrics are for them alone, where
    the configuration has them told at all; each process tells its own.

    Args:
        registry: The app's checks.
        prefix: What stands before each path, such as `/-`; empty or with a slash first.
        aliases: Further paths, each with the one that it stands for: `{"/api/health": "health"}`.
        access: Says of a request whether it may see details; the host's own login.

    Raises:
        ValueError: The prefix or an alias has no slash first, or an alias stands for nothing.
    """

    def __init__(
        self,
        registry: Registry,
        prefix: str = "",
        *,
        aliases: Mapping[str, str] | None = None,
        access: Callable[[Any], bool] | None = None,
    ) -> None:
        if prefix and not prefix.startswith("/"):
            raise ValueError(f"the prefix is {prefix!r}: begin it with a slash, or leave it out")
        self._registry = registry
        self._access = access
        base = prefix.rstrip("/")
        self._paths = {f"{base}/{kind}": kind for kind in _KINDS}
        self._groups = f"{base}/{_GROUP}"
        self._paths.update((path, _alias(path, kind)) for path, kind in (aliases or {}).items())

    def __contains__(self, path: object) -> bool:
        return path in self._paths or (isinstance(path, str) and path.startswith(self._groups))

    def start_when_served(self, prepare: Callable[[], object] = bool) -> None:
        """Have the checks run from when a server serves the app, where it tells of that beforehand.

        Args:
            prepare: Called before, in the process that serves. What it raises is passed over.
        """

        def start() -> None:
            runtime = default_runtime.current()
            if runtime is not None and runtime.server is not None:
                runtime.forked_in_c()  # or the host has called `init` late, and it is not known yet
                with suppress(Exception):
                    prepare()
                self.start(runtime)

        hosting.when_served(start)

    def start(self, runtime: Runtime, loop: AbstractEventLoop | None = None) -> None:
        """This process serves the app: its checks run from now on. Costs little: call it often.

        Args:
            runtime: What runs them.
            loop: The event loop that the host runs, if it has one.
        """
        if loop is not None:
            self._registry.loop = loop
        runtime.watch(self._registry).ensure_started()
        runtime.serving()

    def mark(self, runtime: Runtime, *, ending: bool) -> None:
        """Say whether this process is about to end, and should be sent no more work.

        Args:
            runtime: What holds the results.
            ending: Whether it is.
        """
        runtime.watch(self._registry).ending = ending

    def takes(self, runtime: Runtime, path: str) -> bool:
        """Whether a path is answered here: that of metrics is the app's where none are told."""
        kind = self._paths.get(path)
        if path == runtime.config.beacon_path:
            return beacon.is_on(runtime)
        if kind == _METRICS:
            return runtime.config.scraped and runtime.scraped is not None
        return kind is not None or path.startswith(self._groups)

    def answer(self, runtime: Runtime, probe: Probe) -> Reply:
        """What a probe is told.

        Args:
            runtime: What holds the results.
            probe: What is asked, and by whom.
        """
        if probe.path == runtime.config.beacon_path:
            return _page_view(runtime, probe)
        kind = self._paths.get(probe.path) or _GROUP + probe.path.removeprefix(self._groups)
        if kind == _METRICS:
            return self._metrics(runtime, probe)
        if kind == "livez":
            return health.livez()
        if kind == "readyz":
            code, body = self._ready(runtime)
        else:
            group = kind.partition("/")[2].strip("/")
            code, body = self._health(runtime, group, probe.query)
        if not self._may_see(runtime, probe):
            return code, {"status": body["status"]}
        return code, {**_about(runtime), **body}

    def _metrics(self, runtime: Runtime, probe: Probe) -> Reply:
        if not self.takes(runtime, probe.path) or runtime.scraped is None:
            return 404, {"status": "off"}
        if not self._may_see(runtime, probe):
            return 403, {"status": "forbidden"}
        try:
            return 200, runtime.scraped.text()
        except Exception:  # whatever an instrument or a name of the host's does to it
            _log.exception("metrics could not be told")
            return 500, {"status": "failed"}

    def _ready(self, runtime: Runtime) -> Answer:
        watch = runtime.watch(self._registry)
        if watch.ending:
            return 503, {"status": "not_ready", "reason": "the process is ending"}
        return health.readyz(self._registry, watch.results)

    def _health(self, runtime: Runtime, group: str, query: str) -> Answer:
        checks = self._registry.checks.values()
        if group and all(check.group != group for check in checks):
            return 404, {"status": "unknown_group"}
        every = parse_qs(query).get("full") == ["true"]

        def wanted(check: Check) -> bool:
            return (not group or check.group == group) and (every or ON_DEMAND not in check.tags)

        return health.health(
            self._registry,
            runtime.watch(self._registry).results,
            wanted=wanted,
            degraded=runtime.config.health_degraded_status,
        )

    def _may_see(self, runtime: Runtime, probe: Probe) -> bool:
        config = runtime.config
        try:
            return (
                (config.health_token is not None and _has_token(probe, config.health_token))
                or _is_within(probe, config.health_networks)
                or (self._access is not None and self._access(probe.request) is True)
            )
        except Exception:  # the host's own code
            return False


def _page_view(runtime: Runtime, probe: Probe) -> Reply:
    try:
        body = probe.body(beacon.MOST + 1) if probe.method == "POST" else b""
    except Exception:  # the browser is gone, or whatever the server makes of that
        body = b""
    return beacon.answer(runtime, probe.method, probe.header, body)


def caching(body: dict[str, Any] | str | bytes) -> str:
    """What `Cache-Control` says of a body: a script stays the same for a while.

    Args:
        body: Of a reply.
    """
    return "public, max-age=3600" if isinstance(body, bytes) else "no-store"


def written(body: dict[str, Any] | str | bytes) -> tuple[str, bytes]:
    """A body as it is sent, after its content type.

    Args:
        body: Of a reply.

    >>> written({"status": "alive"})
    ('application/json', b'{"status":"alive"}')
    """
    if isinstance(body, bytes):
        return "text/javascript; charset=utf-8", body
    if isinstance(body, str):  # Prometheus, "Exposition formats"
        return "text/plain; version=0.0.4; charset=utf-8", body.encode()
    return "application/json", orjson.dumps(body)


def _alias(path: str, kind: str) -> str:
    if not path.startswith("/"):
        raise ValueError(f"the alias {path!r} has no slash first")
    if kind not in _KINDS and not kind.startswith(_GROUP):
        raise ValueError(
            f"the alias {path!r} stands for {kind!r}: use {', '.join(_KINDS)} or health/ and a group"
        )
    return kind


def _about(runtime: Runtime) -> dict[str, Any]:
    return {
        "timestamp": to_rfc3339(runtime.clock.now()),
        "service": runtime.config.service,
        "version": runtime.config.version,
        "environment": runtime.config.environment,
    }


def _has_token(probe: Probe, token: str) -> bool:
    given = probe.header("authorization") or ""
    if given[: len(_BEARER)].lower() != _BEARER:
        return False
    return hmac.compare_digest(given[len(_BEARER) :].strip().encode(), token.encode())


def _is_within(probe: Probe, networks: tuple[str, ...]) -> bool:
    if not networks or any(probe.header(name) for name in _FORWARDED):
        return False
    try:
        address = ip_address(probe.peer)
    except ValueError:
        return False
    both = (address, getattr(address, "ipv4_mapped", None) or address)
    return any(one in ip_network(network) for network in networks for one in both)
