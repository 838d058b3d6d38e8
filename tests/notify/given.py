"""What the tests of notifications are given: a directory, problems, the times of one Tuesday."""

from __future__ import annotations

from typing import Any

from obskit.notify.decide import Decision, Terms, decide
from obskit.notify.past import Past
from obskit.notify.problem import Problem
from obskit.receivers.hours import Hours
from obskit.receivers.model import Delivery, Directory, Receiver

#: Tuesday, 2026-03-10, 12:00 UTC, seconds since the Unix epoch.
NOON = 1_773_144_000.0
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
OFFICE = Hours((0, 1, 2, 3, 4), 9 * 60, 17 * 60, "UTC")


def directory(**given: Any) -> Directory:
    """Two teams, and who is paged at sev1."""
    usual: dict[str, Any] = {
        "receivers": {name: Receiver(name, ()) for name in ("team", "data", "pager")},
        "owners": {"data": "data"},
        "default": "team",
        "severities": {
            "sev1": Delivery(HOUR),
            "sev2": Delivery(12 * HOUR),
            "sev3": Delivery(DAY),
        },
    }
    return Directory(**(usual | given))


def problem(
    name: str = "db", status: str = "critical", since: float = NOON, **given: Any
) -> Problem:
    """How a check of sev1 stands, judged when that began."""
    usual: dict[str, Any] = {"kind": "check", "severity": "sev1", "judged": since}
    return Problem(name=name, status=status, since=since, **(usual | given))  # type: ignore[arg-type]


class Telling:
    """Decides again and again, each time with what was known after the time before."""

    def __init__(self, **given: Any) -> None:
        self.terms = Terms(directory(), "shop", **given)
        # The day's digest has been.
        self.past = Past(digest=NOON)

    def at(self, now: float, *problems: Problem) -> list[str]:
        """Who is told what: ``receiver: change name``, in the order of the messages."""
        return [
            f"{news.receiver}: {item.change} {item.problem.name}"
            for news in self.decided(now, *problems).news
            for item in news.items
        ]

    def decided(self, now: float, *problems: Problem) -> Decision:
        decision = decide(problems, self.past, self.terms, now)
        self.past = decision.past
        return decision
