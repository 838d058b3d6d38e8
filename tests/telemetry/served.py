"""A request, as a server's path ends it."""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span

from obskit import context
from obskit.context import Scope
from obskit.telemetry.errors import Errors


class Served:
    """What nobody handled is captured, then all is sent; the server goes on."""

    def __init__(
        self,
        errors: Errors,
        request_id: str = "request-1",
        *,
        span: Span = trace.INVALID_SPAN,
        snapshot: Any = None,
    ) -> None:
        self._errors = errors
        self._scope = Scope(request_id, span, snapshot)

    def __enter__(self) -> Scope:
        self._token = context.enter(self._scope)
        return self._scope

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        if error is not None:
            self._errors.capture(error, handled=False)
        self._errors.finish(self._scope)
        context.leave(self._token)
        return True
