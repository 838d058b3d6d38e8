"""Samples of the stack while something runs, as evidence of where its time went."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

try:
    from pyinstrument import Profiler
    from pyinstrument.session import Session
except ModuleNotFoundError as error:
    from obskit.exceptions import MissingExtra

    raise MissingExtra("profile", "A profile") from error

from obskit import names
from obskit.telemetry import loggers

LOGGER = "obskit.profile"
# How often the stack is looked at, seconds; and of how many looks a sample is made: those of a minute.
_INTERVAL, _MOST_LOOKS = 0.01, 6_000
_MOST_TEXT = 16_384
# Of tasks, all of which wait on one thread: each of them is looked at each time.
_MOST_AT_ONCE = 20
_CUT = "\n… cut"
# A plain set is changed at once, whatever thread does it.
_of_tasks: set[Sample] = set()


class Sample(Profiler):
    """A sample that is being taken, of this thread, or of this task where an event loop runs.

    Memory is bounded: what comes after the first minute is left out, and counted.

    Attributes:
        is_of_task: Whether it is of a task, one of many that wait.
        left_out: How many looks at the stack were left out.
    """

    def __init__(self) -> None:
        self.is_of_task = _has_loop()
        # Else what other tasks do meanwhile would be told as this one's.
        super().__init__(interval=_INTERVAL, async_mode="strict" if self.is_of_task else "disabled")
        self.left_out = 0
        self._looks = 0

    def _sampler_saw_call_stack(self, call_stack: list[str], since: float, state: Any) -> None:
        if self._looks >= _MOST_LOOKS:
            self.left_out += 1
            return
        self._looks += 1
        super()._sampler_saw_call_stack(call_stack, since, state)


def begin() -> Sample | None:
    """Begin to take a sample. Never raises; None where one is taken of the same task, or of too many."""
    with suppress(Exception):
        made = Sample()
        if not made.is_of_task or len(_of_tasks) < _MOST_AT_ONCE:
            made.start()
            if made.is_of_task:
                _of_tasks.add(made)
            return made
    loggers.active().refuse("profile_not_begun")
    return None


def end(sample: Sample, name: str, duration: float, *, keep: bool) -> None:
    """End a sample, and tell of it in a log record of the trace at hand. Never raises.

    Args:
        sample: It.
        name: What ran.
        duration: How long it ran, seconds.
        keep: Whether it is told; else it is forgotten.
    """
    _of_tasks.discard(sample)
    try:
        session = sample.stop()
        if keep:
            _tell(sample, session, name, duration)
        sample.reset()  # type: ignore[no-untyped-call]  # what a task has begun knows of the sample for as long as it lasts
    except Exception:
        loggers.active().refuse("profile_not_kept")


def _tell(sample: Sample, session: Session, name: str, duration: float) -> None:
    tree = _tree(sample.output_text(unicode=True, short_mode=True))
    fields = {
        names.PROFILE_NAME: name,
        names.PROFILE_DURATION: round(duration, 6),
        names.PROFILE_SAMPLES: session.sample_count,
        names.PROFILE_TREE: tree if len(tree) <= _MOST_TEXT else tree[:_MOST_TEXT] + _CUT,
    }
    if sample.left_out:
        fields[names.PROFILE_LEFT_OUT] = sample.left_out
    loggers.active().emit(LOGGER, 20, f"profile of {name}", fields, event_name=names.EVENT_PROFILE)


def _tree(shown: str) -> str:
    """The frames alone, out of what pyinstrument frames with dots and a headline."""
    lines = [line[3:] for line in shown.splitlines() if line.startswith(".  ")]
    return "\n".join(line for line in lines if line and not line.startswith("Profile at "))


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
