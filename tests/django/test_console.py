"""The status page in a Django project, with Django's own login."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from django.test import override_settings
from django.urls import include, path
from tests.django.project import admin

from obskit.capture import Capture
from obskit.console.django import staff, urls
from obskit.registry import default_registry

FORM = "application/x-www-form-urlencoded"
urlpatterns = [
    path("admin/", admin()),
    path("token/", include(urls(access="s3cret"))),
    path("ops/status/", include(urls(access=staff))),
]


@pytest.fixture(autouse=True)
def mounted(obskit_capture: Capture) -> Iterator[None]:
    default_registry.add("rows", lambda: 3, on="job:import", scope="process")
    with override_settings(ROOT_URLCONF="tests.django.test_console"):
        yield


def signed_in(client: Any, **given: Any) -> Any:
    from django.contrib.auth.models import User

    client.force_login(User.objects.create_user("ann", **given))
    return client


def csrf_of(page: Any) -> str:
    return str(page.content.decode()).partition('name="csrf" value="')[2].partition('"')[0]


def test_nobody_but_staff_sees_it(client: Any) -> None:
    assert client.get("/ops/status/").status_code == 403
    assert signed_in(client).get("/ops/status/").status_code == 403


def test_the_admin_links_to_it(client: Any) -> None:
    admins = signed_in(client, is_staff=True, is_superuser=True)
    shown = admins.get("/admin/obskit/check/").content.decode()
    assert '<a href="/ops/status/">The status page</a>' in shown
    assert '<a href="/ops/status/check/rows">rows</a>' in shown
    assert admins.get("/ops/status/check/rows").status_code == 200


def test_staff_look_and_do_nothing(client: Any) -> None:
    page = signed_in(client, is_staff=True).get("/ops/status/check/rows")
    assert (page.status_code, csrf_of(page)) == (200, "")
    assert client.post("/ops/status/check/rows/run").status_code == 403


def test_superusers_act_past_djangos_own_protection(obskit_capture: Capture) -> None:
    from django.test import Client

    client = signed_in(Client(enforce_csrf_checks=True), is_staff=True, is_superuser=True)
    page = client.get("/ops/status/check/rows")
    form = {"csrf": csrf_of(page), "reason": "we move it", "span": "2h"}
    answer = client.post("/ops/status/check/rows/silence", urlencode(form), FORM)
    assert (answer.status_code, answer["Location"]) == (
        303,
        "/ops/status/check/rows?done=silenced",
    )
    (line,) = [each for each in obskit_capture.lines if each["event"] == "check.silenced"]
    assert (line["actor"], line["target"]) == ("ann", "rows")


def test_the_token_signs_in(client: Any) -> None:
    assert client.get("/token/").status_code == 401
    assert client.post("/token/login", "token=s3cret", FORM)["Location"] == "/token/"
    page = client.get("/token/")
    assert (page.status_code, b'href="/token/check/rows"' in page.content) == (200, True)


def test_requests_of_the_page_leave_no_telemetry_but_queries(
    client: Any, obskit_capture: Capture
) -> None:
    signed_in(client, is_staff=True)
    before = [each for each in obskit_capture.spans if "GET" in each.name]
    assert "X-Request-ID" in client.get("/ops/status/").headers
    client.get("/ops/status/nowhere")
    spans = [each.name for each in obskit_capture.spans if "GET" in each.name]
    assert (spans, before, list(obskit_capture.lines)) == ([], [], [])


def test_the_headers_are_those_of_the_page(client: Any) -> None:
    page = signed_in(client, is_staff=True).get("/ops/status/")
    assert page["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert page["Cache-Control"] == "no-store"


def test_the_page_comes_in_one_piece(client: Any) -> None:
    page = signed_in(client, is_staff=True).get("/ops/status/")
    assert (page.content.count(b"<header>"), page.content.endswith(b"</html>")) == (1, True)
