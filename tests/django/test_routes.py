"""Routes, as people read them."""

from __future__ import annotations

import pytest
from django.test import Client

from obskit.capture import Capture
from obskit.django.routes import is_route, template


@pytest.mark.parametrize(
    ("route", "told"),
    [
        ("", "/"),
        ("products/<int:number>/", "/products/<int:number>/"),
        (r"^archive/(?P<year>[0-9]{4})/$", "/archive/<year>/"),
        (r"^page-(\d+)/$", "/page-<var>/"),
        (r"shop/^orders/(?P<slug>[\w-]+)/$", "/shop/orders/<slug>/"),
        (r"^media/(?P<path>.*)$", "/media/<path>"),
        (r"^report\.pdf\Z", "/report.pdf"),
        (r"^(\d+)/(\d+)/(?:old-)?(?:\?a|b)/$", "/<var>/<var>/old-<var>/"),
        (r"^(?P<code>(\w{2,3})-[)(]+)/x{2}(?!y)/$", "/<code>/x/"),
    ],
)
def test_a_route_has_no_noise(route: str, told: str) -> None:
    assert template(route) == told


@pytest.mark.parametrize(
    ("path", "is_one"), [("/gone/", True), ("/nothing/", False), ("/products/7/", False)]
)
def test_only_a_route_of_just_this_path_is_the_hosts_own(path: str, is_one: bool) -> None:
    assert is_route(path) is is_one


def test_a_page_of_the_admin_has_its_route(client: Client, obskit_capture: Capture) -> None:
    client.get("/admin/login/")
    assert obskit_capture.lines[-1]["http.route"] == "/admin/login/"
