"""Sentry: the client, and events that are complete without its integrations.

The integrations of sentry-sdk cost their share of every request; here a request without an error
pays nothing. What an event needs (request, user, last lines, trace) is gathered when it happens.
"""

from __future__ import annotations

import os
import warnings
from inspect import iscoroutinefunction
from random import random
from typing import Any
from weakref import ref

import sentry_sdk
from opentelemetry import context as otel_context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY
from opentelemetry.trace import SpanContext, format_span_id, format_trace_id
from sentry_sdk.scope import (
    has_external_propagation_context,
    register_external_propagation_context,
)
from sentry_sdk.utils import BadDsn, Dsn, event_from_exception
from sentry_sdk.worker import BackgroundWorker

from obskit import context
from obskit.config import Config
from obskit.context import Scope
from obskit.exceptions import ConfigError
from obskit.redaction import plain, text
from obskit.telemetry import failure, sentry_redaction
from obskit.telemetry.sentry_event import Event, breadcrumbs, complete, shown_by, stand_in

_OURS = "obskit"


class Sentry:
    """Reports errors through a Sentry client.

    Args:
        client: The client; the host's own where it has one.
        hosts_own: The client belongs to the host: its integrations may capture by themselves.
        traces_sample_rate: The share of requests that are Sentry transactions too.
    """

    def __init__(self, client: Any, *, hosts_own: bool, traces_sample_rate: float) -> None:
        self._client = client
        self._hosts_own = hosts_own
        self._traces_sample_rate = traces_sample_rate

    def event(
        self, error: BaseException, scope: Scope | None, *, handled: bool, logger: str
    ) -> tuple[Event, Any]:
        """The event of an exception, as it is at this moment: stack, locals, trace, last lines."""
        try:
            made, hint = self._from_exception(error, handled=handled)
        except Exception:  # an exception that cannot be looked at
            made, hint = self._from_exception(stand_in(error), handled=handled)
        event: Event = dict(made)
        hint[_OURS] = True
        event["logger"] = logger or "obskit"
        for exception in event["exception"]["values"]:
            exception["value"] = text(str(exception["value"] or ""))
            for frame in (exception.get("stacktrace") or {}).get("frames", ()):
                if "vars" in frame:
                    frame["vars"] = plain(frame["vars"])
        trace_id, span_id = context.ids()
        if trace_id:
            event.setdefault("contexts", {})["trace"] = {"trace_id": trace_id, "span_id": span_id}
        if scope is not None:
            event["breadcrumbs"] = {"values": list(breadcrumbs(scope))}
        return event, hint

    def _from_exception(self, error: BaseException, *, handled: bool) -> tuple[Any, dict[str, Any]]:
        options = self._client.options
        return event_from_exception(
            (type(error), error, failure.traceback_of(error)),
            client_options={**options, "custom_repr": shown_by(options.get("custom_repr"))},
            mechanism={"type": _OURS, "handled": handled},
        )

    def mark_unhandled(self, event: tuple[Event, Any]) -> None:
        """Say in an event that nobody handled its exception."""
        for exception in event[0]["exception"]["values"]:
            exception["mechanism"]["handled"] = False

    def send(self, event: tuple[Event, Any], scope: Scope | None) -> bool:
        """Complete an event and hand it to the client."""
        content, hint = event
        complete(content, scope, pii=self._client.should_send_default_pii())
        if self._hosts_own:
            content = sentry_redaction.redact_event(content)
        # A scope for this event alone: what is set on the current one would show on the next.
        with sentry_sdk.new_scope() as sentry_scope:
            sentry_scope.set_client(self._client)
            return sentry_scope.capture_event(content, hint) is not None  # type: ignore[arg-type]

    def start_transaction(self, method: str, span: SpanContext) -> Any:
        """A Sentry transaction for this request, or None where it is not one of the share."""
        if random() >= self._traces_sample_rate:  # noqa: S311 - a share, no secret
            return None
        transaction = sentry_sdk.start_transaction(
            op="http.server",
            name=method,
            source="url",
            trace_id=format_trace_id(span.trace_id),
            span_id=format_span_id(span.span_id),
            sampled=True,
            origin="auto.http.obskit",
        )
        transaction.__enter__()
        return transaction

    def flush(self, timeout: float) -> None:
        """Wait until what was captured has left, at most so many seconds."""
        self._client.flush(timeout=timeout)

    def close(self, timeout: float) -> None:
        """Flush; and close the client, unless it is the host's."""
        if self._hosts_own:
            self._client.flush(timeout=timeout)
        else:
            self._client.close(timeout=timeout)


def build(config: Config) -> Sentry | None:
    """What reports errors, or None where neither the configuration nor the host has Sentry.

    Args:
        config: The configuration.

    Raises:
        ConfigError: sentry-sdk refuses the DSN or an option.
    """
    client = sentry_sdk.get_client()
    hosts_own = client.is_active() and getattr(client, "transport", None) is not None
    # A host may make its client, and so its integrations, after us.
    processors = sentry_sdk.get_global_scope()._event_processors
    if _join_host not in processors:
        processors.append(_join_host)
    if not hosts_own:
        if not config.sentry_dsn:
            return None
        client = _make_client(config)
        _leave_to_parent(client.transport)
    if not has_external_propagation_context():
        register_external_propagation_context(_propagation_context)
    _leave_untraced(client.transport)
    rate = 0.0 if hosts_own else float(client.options["traces_sample_rate"] or 0.0)
    return Sentry(client, hosts_own=hosts_own, traces_sample_rate=rate)


def _leave_untraced(transport: Any) -> None:
    """Requests to Sentry are no client spans of the service, whichever HTTP library carries them."""
    request = getattr(transport, "_request", None)
    if request is None or iscoroutinefunction(request):
        return

    def untraced(*args: Any, **options: Any) -> Any:
        token = otel_context.attach(otel_context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        try:
            return request(*args, **options)
        finally:
            otel_context.detach(token)

    transport._request = untraced


def _leave_to_parent(transport: Any) -> None:
    """What waits when the process forks is the parent's to send: the child holds a copy of it."""
    known = ref(transport)

    def renew() -> None:
        worker = getattr(known(), "_worker", None)
        if type(worker) is BackgroundWorker:
            known()._worker = BackgroundWorker(worker._queue.maxsize)  # type: ignore[union-attr]

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)


def _make_client(config: Config) -> Any:
    try:
        Dsn(str(config.sentry_dsn))
    except (BadDsn, ValueError) as error:
        # What the parser says may quote parts of the DSN.
        raise ConfigError(
            ["sentry_dsn is [masked] (refused by sentry-sdk): use a DSN of the project"]
        ) from error
    options: dict[str, Any] = {
        "release": config.sentry_release or config.version,
        "environment": config.sentry_environment or config.environment,
        "default_integrations": False,
        "auto_enabling_integrations": False,
        # Context travels by OpenTelemetry's propagators; Sentry's own would name another trace.
        "trace_propagation_targets": [],
        "shutdown_timeout": config.shutdown_timeout,
    }
    if config.sentry_traces_sample_rate:
        options["traces_sample_rate"] = config.sentry_traces_sample_rate
    if config.sentry_profiles_sample_rate:
        options["profiles_sample_rate"] = config.sentry_profiles_sample_rate
    if config.sentry_profile_session_sample_rate:
        options["profile_session_sample_rate"] = config.sentry_profile_session_sample_rate
        options["profile_lifecycle"] = "trace"
    try:
        with warnings.catch_warnings():
            # The one that Sentry means its users to move to has no rate.
            warnings.filterwarnings("ignore", "Transaction-based profiling", DeprecationWarning)
            sentry_sdk.init(
                **{"dsn": config.sentry_dsn, **options, **sentry_redaction.added_to(config.sentry)}
            )
    except Exception as error:
        raise ConfigError([f"sentry holds an option that sentry-sdk refuses: {error}"]) from error
    return sentry_sdk.get_client()


def _propagation_context() -> tuple[str, str] | None:
    trace_id, span_id = context.ids()
    return (trace_id, span_id) if trace_id and span_id else None


def _join_host(event: Any, hint: Any) -> Any:
    """On events of a host's own client: our ids as tags; and no second event of one exception."""
    error = (hint.get("exc_info") or (None, None))[1]
    if (
        error is not None
        and _OURS not in hint
        and not failure.claim(error, "send", context.number())
    ):
        return None
    scope = context.current()
    trace_id, _ = context.ids()
    tags = event.setdefault("tags", {})
    if isinstance(tags, dict):
        for name, value in (("request_id", scope and scope.request_id), ("trace_id", trace_id)):
            if value:
                tags.setdefault(name, value)
    return event
