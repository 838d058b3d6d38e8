"""The pictures in docs/pictures, of a shop with made data: `make pictures`.

They show no stack: paths in it are those of the machine.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, expect, sync_playwright
from scripts import terminal
from tests.config.receiver import Receiver
from tests.pages.chromium import launched
from tests.pages.shop.developed import developed
from tests.pages.shop.served import busy, shop_by_flask

_FOLDER = Path("docs/pictures")
_WIDTH, _HEIGHT = 1000, 640
# Columns and lines.
_TERMINAL = 100, 30
_MOST_BYTES = 150_000


def main() -> None:
    """Make all of them."""
    _FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        browser = launched(playwright)
        _status(browser, Path(name) / "status")
        _dev(browser, Path(name) / "dev")
        browser.close()


def _status(browser: Browser, folder: Path) -> None:
    folder.mkdir()
    with Receiver() as receiver, shop_by_flask(receiver, folder) as shop:
        busy(shop)
        with urlopen(f"{shop.url}/products/4", timeout=60) as answer:
            wanted = answer.headers["X-Request-ID"]
        page = _window(browser, {"X-User": "ann"})
        page.goto(f"{shop.status}check/orphaned-orders")
        page.get_by_role("button", name="Run now").click()
        page.goto(shop.status)
        for told in ("order 17", "declined", "ZeroDivisionError", "1h40m old"):
            expect(page.get_by_text(told).first).to_be_visible(timeout=60_000)
        _picture(page, "status")
        page.goto(f"{shop.status}check/orphaned-orders")
        _picture(page, "status-check")
        page.goto(f"{shop.status}request/{wanted}")
        expect(page.get_by_text("SELECT").first).to_be_visible()
        _picture(page, "status-request")
        _top(folder)


def _top(folder: Path) -> None:
    environ = {
        "OBSKIT_STATE_URL": f"sqlite:///{folder}/state.db",
        "OBSKIT_RUN_DIR": f"{folder}/run",
    }
    look = terminal.look_at("tests.pages.shop.flask_shop:app", environ)
    path = _FOLDER / "top.svg"
    path.write_text(terminal.picture(look, "obskit top --app shop:app", _TERMINAL))
    _measure(path)


def _dev(browser: Browser, folder: Path) -> None:
    folder.mkdir()
    with developed(folder) as shop:
        page = _window(browser, {})
        page.goto(shop.url)
        expect(page.get_by_text("Live.")).to_be_visible()
        for path, status in (
            ("/pay/gold", 200),
            ("/products/2", 200),
            ("/nothing", 404),
            ("/boom/SPRING", 500),
            ("/pay/empty", 200),
            ("/orders/5", 200),
        ):
            shop.ask(path, status)
        row = page.get_by_role("row", name="GET /orders/5")
        expect(row).to_contain_text("9 spans, 5 queries N+1: ×5, 2 lines")
        expect(page.get_by_role("row", name="GET /boom/SPRING")).to_contain_text("1 error")
        _picture(page, "dev")
        row.get_by_role("link").click()
        _picture(page, "dev-story")


def _window(browser: Browser, headers: dict[str, str]) -> Page:
    page = browser.new_page(color_scheme="light", extra_http_headers=headers)
    page.set_viewport_size({"width": _WIDTH, "height": _HEIGHT})
    return page


def _picture(page: Page, name: str) -> None:
    """Take what the window shows; all of it where that is less than the window."""
    page.evaluate("document.activeElement.blur()")
    bottom = "Math.ceil(document.querySelector('main').getBoundingClientRect().bottom)"
    height = min(_HEIGHT, page.evaluate(bottom))
    path = _FOLDER / f"{name}.png"
    page.screenshot(path=path, clip={"x": 0, "y": 0, "width": _WIDTH, "height": height})
    _measure(path)


def _measure(path: Path) -> None:
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise SystemExit(f"{path} has {size} bytes, more than {_MOST_BYTES}: show less of it")
    print(f"{path}: {size} B")


if __name__ == "__main__":
    main()
