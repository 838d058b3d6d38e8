"""What goes to no receiver is kept, or refused and so counted."""

from __future__ import annotations

from pathlib import Path

from obskit.export.answer import Answer
from obskit.export.keeping import Keeping
from obskit.export.ring import Ring, bodies


def test_what_is_kept_is_accepted(tmp_path: Path) -> None:
    ring = Ring()
    ring.begin(lambda: tmp_path / "i-1")
    carrier = Keeping(ring, "logs")
    assert carrier.post(b"lines", 1.0) == Answer("accepted")
    carrier.abort()
    carrier.close()
    assert list(bodies(tmp_path)) == [("logs", b"lines")]


def test_what_cannot_be_kept_is_refused_and_it_is_said_why() -> None:
    answer = Keeping(Ring(most_bytes=10), "traces").post(b"spans", 1.0)
    assert (answer.kind, answer.reason) == ("refused", "not_kept")
    assert answer.message == "a batch of 5 bytes is larger than a file may be"
