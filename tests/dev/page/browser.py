"""A page on a real socket, and a browser of few words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse

from obskit.dev.archive import Archive
from obskit.dev.page.site import Site
from obskit.dev.receiver import Receiver
from obskit.dev.stories import Stories
from obskit.stories.signals import Signal


class Browser:
    """Asks the page of a receiver.

    Args:
        receiver: What serves it.
        root: The path of the page.
        archive: What it shows.
        stories: Where it counts.
    """

    def __init__(self, receiver: Receiver, root: str, archive: Archive, stories: Stories) -> None:
        self.receiver = receiver
        self.root = root
        self.archive = archive
        self._stories = stories
        self._open: list[HTTPConnection] = []

    def received(self, *signals: Signal) -> None:
        """Take signals as the receiver's sink does."""
        self._stories.receive(signals)
        self.archive.take(signals)

    def ask(self, target: str, **headers: str) -> HTTPResponse:
        """GET a target, and return the answer before its body."""
        connection = HTTPConnection("127.0.0.1", self.receiver.port, timeout=60)
        self._open.append(connection)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", target, headers=named)
        return connection.getresponse()

    def get(self, page: str = "") -> str:
        """Return a page below the root, which must be there."""
        answer = self.ask(self.root + page)
        body = answer.read()
        assert answer.status == 200, body
        return body.decode()

    def close(self) -> None:
        """Close every connection."""
        for connection in self._open:
            connection.close()


@contextmanager
def browsing() -> Iterator[Browser]:
    """A receiver with its page, and nothing received yet."""
    archive, stories = Archive(), Stories()
    site = Site(archive, stories)

    def take(signals: Sequence[Signal]) -> None:
        stories.receive(signals)
        archive.take(signals)

    with Receiver(take, page=site.answer) as receiver:
        browser = Browser(receiver, site.path, archive, stories)
        try:
            yield browser
        finally:
            archive.close()
            browser.close()
