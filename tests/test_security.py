"""Who tries to get in: every try is counted, few are lines, and none names anybody."""

from __future__ import annotations

import pytest

from obskit import security
from obskit.capture import Capture


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other test has written a line."""
    monkeypatch.setattr(security, "_lines", {})


def told(capture: Capture) -> list[tuple[str, str, object]]:
    return [(line["level"], line["event"], line.get("http.route")) for line in capture.lines]


def test_a_failed_login_is_counted_and_told(obskit_capture: Capture) -> None:
    security.login_failed()
    points = obskit_capture.metrics()["obskit.security.failed_logins"]
    assert points == [{"attributes": {}, "value": 1}]
    assert told(obskit_capture) == [("warning", "login.failed", None)]


def test_what_is_refused_on_a_route_is_counted_by_it(obskit_capture: Capture) -> None:
    security.csrf_failed("/orders")
    security.rate_limited("/orders")
    security.rate_limited(None)
    found = obskit_capture.metrics()
    assert found["obskit.security.csrf_failures"] == [
        {"attributes": {"http.route": "/orders"}, "value": 1}
    ]
    assert found["obskit.security.rate_limit_hits"] == [
        {"attributes": {"http.route": "/orders"}, "value": 1},
        {"attributes": {}, "value": 1},
    ]
    assert told(obskit_capture) == [
        ("warning", "csrf.failed", "/orders"),
        ("warning", "rate_limit.exceeded", "/orders"),
        ("warning", "rate_limit.exceeded", None),
    ]


def test_of_many_on_one_route_few_are_lines_and_another_route_is_told_all_the_same(
    obskit_capture: Capture,
) -> None:
    for _ in range(30):
        security.rate_limited("/login")
    security.rate_limited("/orders")
    assert [route for _, _, route in told(obskit_capture)] == ["/login"] * 10 + ["/orders"]
    points = obskit_capture.metrics()["obskit.security.rate_limit_hits"]
    assert [point["value"] for point in points] == [30, 1]


def test_routes_without_end_are_kept_up_to_a_thousand(obskit_capture: Capture) -> None:
    for number in range(1_200):
        security.csrf_failed(f"/{number}")
    assert len(security._lines) == 1_001
    assert len(obskit_capture.lines) == 1_010


def test_the_next_minute_tells_how_many_lines_were_held_back() -> None:
    lines = security.Bounded()
    assert [lines.takes(0.0) for _ in range(12)] == [0] * 10 + [None, None]
    assert lines.takes(59.9) is None
    assert lines.takes(60.0) == 3
    assert lines.takes(60.0) == 0
