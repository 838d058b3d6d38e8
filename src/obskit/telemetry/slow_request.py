"""A sample of the stack of each request, of which those of slow requests are told."""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident

from obskit.telemetry.exchange import Exchange
from obskit.telemetry.server import Server


def sampled(server: Server, exchange: Exchange, method: str) -> Callable[[], object]:
    """Take a sample of a request from now on, where the configuration asks for it. Never raises.

    Args:
        server: Whose request it is.
        exchange: The request.
        method: Its method.

    Returns:
        What ends the sample, and keeps it where that is later than slow. Doing it again does nothing.
    """
    slow = server.slow_request
    if slow is None:
        return bool
    from obskit.telemetry import stacks

    sample, thread, monotonic = stacks.begin(), get_ident(), server.clock.monotonic
    began, running = monotonic(), [sample] if sample is not None else []

    def end() -> None:
        # A thread is sampled from within: another one cannot end it, and its own end will be here yet.
        if running and get_ident() == thread:
            took = monotonic() - began
            name = f"{method} {exchange.route or ''}".rstrip()
            stacks.end(running.pop(), name, took, keep=took >= slow)

    return end
