"""Who was told what, as text."""

from __future__ import annotations

import pytest

from obskit.notify.past import Known, Past, read, recall, write


def test_it_is_read_as_it_was_written() -> None:
    known = Known("critical", 1.0, 2.0, 3.0, "warning", 4.0, "sev1", 5.0, 6, "unknown", 7)
    past = Past({"check:db": known}, 8.0, {"team/email": 9})
    assert read(write(past)) == past


def test_what_nothing_is_known_of_was_well_and_nobody_was_told() -> None:
    assert Known() == Known("ok", 0.0, 0.0, 0.0, "ok", 0.0, "sev3", 0.0, 0, "ok", 0)
    assert Past() == Past({}, 0.0, {})


def test_no_text_is_no_past() -> None:
    assert read("") == Past()


@pytest.mark.parametrize("text", ["{", "[]", '{"known":{"a":3},"digest":0,"lost":{}}'])
def test_what_is_no_past_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="what is kept of notifications cannot be read"):
        read(text)


def test_what_a_later_version_knows_is_left_out() -> None:
    text = '{"known":{"check:db":{"told":"critical","mood":3}},"digest":0,"lost":{},"more":1}'
    assert read(text).known["check:db"].told == "critical"


def test_what_cannot_be_read_is_forgotten_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    assert recall("[]") == Past()
    (said,) = caplog.messages
    assert said.startswith("what is kept of notifications cannot be read: ")
    assert said.endswith(": everything is told anew")
    assert recall(write(Past(digest=7.0))) == Past(digest=7.0)
