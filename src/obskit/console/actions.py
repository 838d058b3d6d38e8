"""What a viewer may do: run a check now, silence it, end its silence. Each is put on record."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from secrets import token_hex
from threading import Thread

from obskit.console.access import Viewer
from obskit.console.message import Request
from obskit.console.service import Service
from obskit.declaration import Check
from obskit.duration import format_duration, parse_duration
from obskit.exceptions import StoreError
from obskit.redaction import text
from obskit.state.store import Silence

#: The longest silence, seconds.
LONGEST = 30 * 86_400.0
_SHORTEST = 60.0
_MOST_REASON = 300
# A check that is quick has ended when the page is shown again. Seconds.
_PATIENCE = 1.0
# How much longer than its time-out a run may hold others off, seconds.
_MARGIN = 5.0


class NotDone(Exception):
    """It was not done. The message says why."""


#: Does something, and says in a word of a URL what was done.
Action = Callable[[Service, Check, Viewer, Request], str]
#: What is told of what was done, by that word.
DONE: Mapping[str, str] = {
    "ran": "It was run.",
    "runs": "It runs now. Load the page again to see what it comes to.",
    "silenced": "It is silenced: it runs as before, and nobody is told.",
    "unsilenced": "The silence has ended.",
}


def run(service: Service, check: Check, viewer: Viewer, _: Request) -> str:
    """Run a check now, once, however many want to.

    Raises:
        NotDone: It is run elsewhere.
        StoreError: The store cannot be asked.
    """
    if not service.runs(check):
        raise NotDone(f"{check.name} is run by another host, which holds its lease.")
    held = service.store.lease(f"now:{check.name}", token_hex(8), check.timeout + _MARGIN)
    if held is None:
        raise NotDone(f"{check.name} runs already: somebody has just asked for it.")
    service.record("check.run", actor=viewer.name, target=check.name)

    def work() -> None:
        # As the schedule does: a run that hangs is decided when its time is up.
        with suppress(Exception):
            service.run(check)
        with suppress(StoreError):
            service.store.release(held)

    thread = Thread(target=work, name=f"obskit-now-{check.name}", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # no more threads
        raise NotDone(f"{check.name} was not run: {error}.") from error
    thread.join(_PATIENCE)
    return "runs" if thread.is_alive() else "ran"


def silence(service: Service, check: Check, viewer: Viewer, request: Request) -> str:
    """Silence a check for a while.

    Raises:
        NotDone: The reason or the span is missing or wrong.
        StoreError: The store cannot be written.
    """
    reason = " ".join(request.filled("reason").split())
    if not reason or len(reason) > _MOST_REASON:
        raise NotDone(f"Give a reason of 1 to {_MOST_REASON} characters: others will read it.")
    length = read_span(request.filled("span"))
    now = service.clock.now()
    one = Silence(check.name, now + length, text(reason), viewer.name, now)
    service.store.silence(one)
    lasts = format_duration(length)
    service.record(
        "check.silenced", actor=viewer.name, target=check.name, reason=reason, lasts=lasts
    )
    return "silenced"


def unsilence(service: Service, check: Check, viewer: Viewer, _: Request) -> str:
    """End a silence.

    Raises:
        NotDone: There is none.
        StoreError: The store cannot be written.
    """
    if not service.store.unsilence(check.name):
        raise NotDone(f"{check.name} is not silenced.")
    service.record("check.unsilenced", actor=viewer.name, target=check.name)
    return "unsilenced"


ACTIONS: Mapping[str, Action] = {"run": run, "silence": silence, "unsilence": unsilence}


def read_span(given: str) -> float:
    """How long a silence lasts, seconds.

    Raises:
        NotDone: It is no span of time, or too short or too long.
    """
    try:
        length = parse_duration(given.strip(), least=_SHORTEST)
    except ValueError as wrong:
        raise NotDone(f"{wrong}.") from None
    if not math.isfinite(length) or length > LONGEST:
        raise NotDone(f"{given!r} is too long: a silence lasts {format_duration(LONGEST)} at most.")
    return length
