"""What a store keeps of each host of a service, where several share it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from obskit.state.store import Run


class Hosts(Protocol):
    """The hosts of a service. Every method may raise `StoreError`."""

    def latest(self, since: float, host: str | None = None) -> list[Run]:
        """The latest run of each check of each host, or of one host, of those that began since then."""

    def tell(self, host: str, heard: float, told: str) -> None:
        """Keep what the processes of a host tell, in place of what they told before.

        Args:
            host: Its name.
            heard: When they told it, seconds since the Unix epoch.
            told: It, as text.
        """

    def told(self, since: float) -> dict[str, str]:
        """What the processes of each host told last, of those that told since then."""
