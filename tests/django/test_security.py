"""Who tries to get in is counted and told of, and named nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from obskit import security
from obskit.capture import Capture

WRONG = {"username": "ann@shop.example", "password": "hunter2"}


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other test has written a line."""
    monkeypatch.setattr(security, "_lines", {})


def test_a_failed_login_is_counted_and_told_without_its_name(
    client: Client, obskit_capture: Capture
) -> None:
    User.objects.create_user("ann@shop.example", password="other")
    response = client.post("/admin/login/", WRONG)
    assert response.status_code == 200
    (point,) = obskit_capture.metrics()["obskit.security.failed_logins"]
    assert point == {"attributes": {}, "value": 1}
    (line,) = [line for line in obskit_capture.lines if line["event"] == "login.failed"]
    assert line["level"] == "warning"
    assert line["request_id"] == response.headers["X-Request-ID"]
    told = str(
        [obskit_capture.lines, [dict(span.attributes or {}) for span in obskit_capture.spans]]
    )
    assert "ann@" not in told
    assert "hunter2" not in told


def test_a_login_that_succeeds_is_not_told(client: Client, obskit_capture: Capture) -> None:
    User.objects.create_superuser("ann@shop.example", password="hunter2")
    assert client.post("/admin/login/", WRONG).status_code == 302
    assert "obskit.security.failed_logins" not in obskit_capture.metrics()
    assert "login.failed" not in [line["event"] for line in obskit_capture.lines]


def test_of_many_failed_logins_few_are_lines_and_all_are_counted(
    client: Client, obskit_capture: Capture
) -> None:
    for _ in range(12):
        client.post("/admin/login/", WRONG)
    assert obskit_capture.metrics()["obskit.security.failed_logins"][0]["value"] == 12
    assert [line["event"] for line in obskit_capture.lines].count("login.failed") == 10


def test_a_request_without_its_token_is_counted_and_told_once(obskit_capture: Capture) -> None:
    response: Any = Client(enforce_csrf_checks=True).post("/form/")
    assert response.status_code == 403
    (point,) = obskit_capture.metrics()["obskit.security.csrf_failures"]
    assert point == {"attributes": {}, "value": 1}
    assert [line["event"] for line in obskit_capture.lines] == [
        "Forbidden (CSRF cookie not set.): /form/",
        "POST /form/ 403",
    ]
    assert obskit_capture.lines[0]["request_id"] == response.headers["X-Request-ID"]
