"""One Chromium for all tests of the pages; the services that they show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.config.receiver import Receiver
from tests.pages.chromium import PROGRAM, Open, launched, opening
from tests.pages.shop.developed import Developed, developed
from tests.pages.shop.served import Shop, shop_by_flask

# Programs: they begin to be observed as they are imported.
collect_ignore_glob = ["shop/*_shop.py"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    if PROGRAM is None:
        pytest.skip("chromium is not installed: `make tools` does it")
    with sync_playwright() as playwright:
        found = launched(playwright)
        yield found
        found.close()


@pytest.fixture
def open_window(browser: Browser) -> Iterator[Open]:
    """Opens windows, in which nothing may go wrong."""
    with opening(browser) as opened:
        yield opened


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop by Flask under Gunicorn, with a day behind it."""
    with Receiver() as receiver, shop_by_flask(receiver, tmp_path_factory.mktemp("shop")) as found:
        yield found


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Developed]:
    """`obskit dev` with the shop and its depot; each test asks for something of its own."""
    with developed(tmp_path_factory.mktemp("dev")) as found:
        yield found
