"""The hosts of a service in memory, gone with their process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from obskit.state.store import Run


@dataclass
class KeptHosts:
    """What is kept of hosts: the latest runs by host and check, what each told by host."""

    latest: dict[tuple[str, str], Run] = field(default_factory=dict)
    told: dict[str, tuple[float, str]] = field(default_factory=dict)

    def keep(self, run: Run) -> None:
        """Keep a run as the latest of its host."""
        if run.host:
            self.latest[run.host, run.check] = run

    def forget(self, before: float) -> None:
        """Forget hosts that were not heard of since then."""
        self.latest = {key: run for key, run in self.latest.items() if run.started >= before}
        self.told = {host: told for host, told in self.told.items() if told[0] >= before}


class MemoryHosts:
    """The `Hosts` of one process.

    Args:
        held: Gives what is kept, to one thread at a time.
    """

    def __init__(self, held: Callable[[], AbstractContextManager[KeptHosts]]) -> None:
        self._held = held

    def latest(self, since: float, host: str | None = None) -> list[Run]:
        """See `Hosts.latest`."""
        with self._held() as kept:
            found = [run for run in kept.latest.values() if run.started >= since]
        own = [run for run in found if host is None or run.host == host]
        return sorted(own, key=lambda run: (run.check, run.host))

    def tell(self, host: str, heard: float, told: str) -> None:
        """See `Hosts.tell`."""
        with self._held() as kept:
            kept.told[host] = heard, told

    def told(self, since: float) -> dict[str, str]:
        """See `Hosts.told`."""
        with self._held() as kept:
            return {
                host: text for host, (heard, text) in sorted(kept.told.items()) if heard >= since
            }
