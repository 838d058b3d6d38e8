"""The page of the admin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from obskit import default_runtime
from obskit.capture import Capture
from obskit.checks.model import CheckResult
from obskit.registry import default_registry

PAGE = "/admin/obskit/check/"
LEFT = CheckResult.ok("<3> left", value=3)


@pytest.fixture(autouse=True)
def stock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One check, declared by the project."""
    monkeypatch.setattr(default_registry._checks, "held", {})
    default_registry.add("stock", lambda: LEFT, every="1h", unit="{item}", owner="sales")
    yield


@pytest.fixture
def staff(client: Client) -> User:
    """Somebody who may come in, and see nothing yet."""
    user: User = User.objects.create_user("ann", is_staff=True)
    client.force_login(user)
    return user


def test_who_may_sees_how_each_check_stands(
    staff: User, client: Client, obskit_capture: Capture
) -> None:
    staff.user_permissions.add(Permission.objects.get(codename="view_check"))
    runtime = default_runtime.current()
    assert runtime is not None
    results = runtime.watch(default_registry).results
    results.record(default_registry.checks["stock"], LEFT)
    page = client.get(PAGE).content.decode()
    print(page[page.index("content-main") :])
    assert '<th scope="row">stock</th>' in page
    assert "<td>ok</td>" in page
    assert "<td>&lt;3&gt; left</td>" in page
    assert "<td>sales</td>" in page
    assert "Checks" in client.get("/admin/").content.decode()


def test_who_may_not_is_refused(staff: User, client: Client, obskit_capture: Capture) -> None:
    assert client.get(PAGE).status_code == 403
    assert PAGE not in client.get("/admin/").content.decode()


def test_nobody_adds_or_changes_a_check_there(client: Client, obskit_capture: Capture) -> None:
    client.force_login(User.objects.create_superuser("root"))
    assert client.get(f"{PAGE}add/").status_code == 403
    assert f"{PAGE}add/" not in client.get("/admin/obskit/").content.decode()


def test_before_init_it_says_so(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    assert "not started" in client.get(PAGE).content.decode()
