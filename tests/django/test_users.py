"""Whose request it is: told when the host has looked, never looked for by us."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient, Client
from tests.django.test_middleware import asgi

from obskit.capture import Capture


@pytest.fixture
def ann(client: Client) -> User:
    """A user who has logged in."""
    user: User = User.objects.create_user("ann", password="hunter2", id=7)
    client.force_login(user)
    return user


def test_the_user_is_told_from_when_the_host_looks(
    ann: User, client: Client, obskit_capture: Capture
) -> None:
    client.get("/who/")
    assert [(line["event"], line.get("user_id")) for line in obskit_capture.lines] == [
        ("before", None),
        ("after", 7),
        ("GET /who/ 200", 7),
    ]
    assert (obskit_capture.spans[-1].attributes or {})["user.id"] == 7


def test_a_user_whom_nobody_asks_for_costs_no_query(
    ann: User, client: Client, obskit_capture: Capture
) -> None:
    client.get("/nobody-asks/")
    assert [span.name for span in obskit_capture.spans] == ["GET /nobody-asks/"]
    assert all("user_id" not in line for line in obskit_capture.lines)


def test_a_user_who_is_nobody_is_not_told(client: Client, obskit_capture: Capture) -> None:
    client.get("/who/")
    assert all("user_id" not in line for line in obskit_capture.lines)


def test_the_user_of_an_error_is_told(ann: User, client: Client, obskit_capture: Capture) -> None:
    client.get("/who-fails/")
    (event,) = obskit_capture.errors
    assert event["user"]["id"] == "7"


def test_the_user_of_an_asynchronous_view_is_told(
    ann: User, client: Client, obskit_capture: Capture
) -> None:
    asked = AsyncClient(raise_request_exception=False)
    asked.cookies = client.cookies
    asgi("/who-waits/", client=asked)
    assert obskit_capture.lines[-1]["user_id"] == 7
