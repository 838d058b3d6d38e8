"""What came of the faults: which messages reached people, when, and how often."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.e2e.stack import Stack
from tests.e2e.webhook import Notification

from .faults import Fault

_SHOWN = ("alertname", "deployment_environment_name", "severity", "obskit_check_name")


@dataclass(frozen=True)
class Told:
    """What came of a fault.

    Attributes:
        fault: Which.
        scale: By which its rules' own times are shortened.
        seconds: From its begin to its message; None where there was none.
        resolved: Seconds from when mending begins to the message that it is over; None where there
            was none.
        messages: How many said that it is there.
        endings: How many said that it is over.
    """

    fault: Fault
    scale: float
    seconds: float | None
    resolved: float | None
    messages: int = 0
    endings: int = 0

    @property
    def fine(self) -> bool:
        """Told once, and once that it is over."""
        return (self.messages, self.endings) == (1, 1)


@dataclass(frozen=True)
class Run:
    """All that was told in a run.

    Attributes:
        told: Of each fault.
        others: What alerts are of that no fault is told by.
        calm: Seconds that nothing was broken for, in the beginning.
        before: Messages in that time, the watchdog's aside.
        beats: The names of all alerts that the watchdog's receiver heard of in that time.
        watchdog: The same of the whole run.
    """

    told: Mapping[str, Told]
    others: Sequence[str]
    calm: float
    before: Sequence[Notification]
    beats: Sequence[str]
    watchdog: Sequence[str]

    def __str__(self) -> str:
        head = f"{'fault':<40}{'alert':<23}{'times ×':>8}{'told, s':>9}"
        nothing = f"none: all shops, {self.calm:.0f} s"
        heard = f"{len(self.beats):>8} × {', '.join(sorted(set(self.beats)))}"
        silent = f"{'-':<23}{'-':>8}{'-':>9}{len(self.before):>10}{'-':>13}"
        return "\n".join(
            (
                "",
                "the rules' own times are shortened as said; telemetry and evaluation every 2 s",
                f"{head}{'messages':>10}{'resolved, s':>13}  all well",
                f"{nothing:<40}{silent}  {'NO' if self.before else 'yes'}{heard}",
                *(_line(each) for each in self.told.values()),
                f"others: {', '.join(self.others) or 'none'}",
            )
        )


def _line(told: Told) -> str:
    seconds, resolved = (
        "never" if found is None else f"{found:.1f}" for found in (told.seconds, told.resolved)
    )
    return (
        f"{told.fault.name:<40}{told.fault.alert:<23}{told.scale:>8g}{seconds:>9}"
        f"{told.messages:>6} + {told.endings}{resolved:>13}  {'yes' if told.fine else 'NO'}"
    )


def said(fault: Fault, message: Notification) -> str | None:
    """What a message says of a fault: ``firing``, ``resolved``, or nothing."""
    found = {alert["status"] for alert in message.alerts if fault.tells(alert["labels"])}
    return None if not found else "firing" if "firing" in found else "resolved"


def awaited(
    fault: Fault, status: str, seconds: float, since: float, stacks: Sequence[Stack]
) -> float | None:
    """Seconds until a message of a fault, or None when there is none for so long."""
    seen = [0] * len(stacks)
    while time.monotonic() < since + seconds:
        for number, stack in enumerate(stacks):
            fresh = stack.webhook.notifications[seen[number] :]
            seen[number] += len(fresh)
            for message in fresh:
                if message.at > since and said(fault, message) == status:
                    return message.at - since
        time.sleep(0.2)
    return None


def others(faults: Sequence[Fault], messages: Sequence[Notification]) -> list[str]:
    """What alerts are of that no fault is told by."""
    found = {
        " ".join(alert["labels"].get(label, "-") for label in _SHOWN)
        for message in messages
        for alert in message.alerts
        if not any(fault.tells(alert["labels"]) for fault in faults)
    }
    return sorted(found)
