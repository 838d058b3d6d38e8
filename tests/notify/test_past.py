"""Who was told what, as text."""

from __future__ import annotations

import pytest

from obskit.notify.past import Known, Past, read, write


def test_it_is_read_as_it_was_written() -> None:
    known = Known("critical", 1.0, 2.0, 3.0, "warning", 4.0, "sev1", 5.0, 6, "unknown", 7)
    past = Past({"check:db": known}, 8.0, {"team/email": 9})
    assert read(write(past)) == past


def test_no_text_is_no_past() -> None:
    assert read("") == Past()


@pytest.mark.parametrize("text", ["{", "[]", '{"known":{"a":3},"digest":0,"lost":{}}'])
def test_what_is_no_past_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="what is kept of notifications cannot be read"):
        read(text)


def test_what_a_later_version_knows_is_left_out() -> None:
    text = '{"known":{"check:db":{"told":"critical","mood":3}},"digest":0,"lost":{},"more":1}'
    assert read(text).known["check:db"].told == "critical"
