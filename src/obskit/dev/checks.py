"""Check results, of which only changes are news."""

from __future__ import annotations

from dataclasses import dataclass

from obskit import names
from obskit.stories.signals import Line

#: The most checks that are remembered.
MOST = 1000


@dataclass(frozen=True)
class CheckChange:
    """A check that was judged for the first time, or otherwise than before.

    Attributes:
        name: The check.
        state: The state that it is in now.
        before: The state that it was in, empty the first time.
        message: What the check says.
        time: Seconds since the Unix epoch.
    """

    name: str
    state: str
    before: str
    message: str
    time: float


class CheckBoard:
    """Remembers the state of each check.

    >>> board = CheckBoard()
    >>> ok = Line(0.0, "info", "", attributes={"obskit.check.name": "db", "obskit.check.state": "ok"})
    >>> board.take(ok), board.take(ok)
    (CheckChange(name='db', state='ok', before='', message='', time=0.0), None)
    """

    def __init__(self) -> None:
        self.states: dict[str, str] = {}

    def take(self, line: Line) -> CheckChange | None:
        """Take a result.

        Args:
            line: A log record whose event name is `obskit.check.result`.

        Returns:
            The change, None when the state is the same as before.
        """
        name = str(line.attributes.get(names.CHECK_NAME) or "?")
        state = str(line.attributes.get(names.CHECK_STATE) or "unknown")
        before = self.states.get(name, "")
        if state == before or (not before and len(self.states) >= MOST):
            return None
        self.states[name] = state
        message = str(line.attributes.get(names.CHECK_RESULT_MESSAGE) or "")
        return CheckChange(name, state, before, message, line.time)
