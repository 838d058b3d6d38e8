"""How a page looks and feels, to anybody: what must hold of each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

DESK = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=360, height=740)
_MOST_BYTES = 100_000
_PICTURES = Path(os.environ.get("PAGE_PICTURES", "build/pictures"))

# What Tab must come to: what can be seen of what takes the focus.
_REACHABLE = """() => [...document.querySelectorAll(
  'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
  .filter(each => each.getClientRects().length && !each.disabled)
  .filter(each => !each.wasFocused).map(each => each.outerHTML.slice(0, 120))"""
_FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one)
  if (one === document.body || one.wasFocused) return null
  one.wasFocused = true
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
  const box = one.getBoundingClientRect()
  const within = box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight
  return {html: one.outerHTML.slice(0, 120), isSeen: outlined && within}
}"""
_WIDTH = "() => [document.documentElement.scrollWidth, document.body.scrollWidth]"
_STUCK = """() => [...document.querySelectorAll('body *')]
  .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
  .map(each => each.outerHTML.slice(0, 120)).slice(0, 5)"""


def examine(page: Page, url: str, name: str, *, skips: bool = True) -> None:
    """Hold a page against what everybody needs, and keep pictures of it.

    Args:
        page: A window.
        url: Where the page is.
        name: What its pictures are called.
        skips: Whether its first link skips to the content.
    """
    page.set_viewport_size(DESK)
    answer = page.goto(url)
    assert answer is not None
    assert len(answer.body()) < _MOST_BYTES
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        _picture(page, f"{name}-{scheme}")
        assert not grave(page), f"{name} in {scheme}: {grave(page)}"
    page.emulate_media(color_scheme="light")
    if skips:
        _skip(page)
        page.goto(url)
    _keyboard(page)
    page.goto(url)
    page.set_viewport_size(PHONE)
    _picture(page, f"{name}-phone")
    assert max(page.evaluate(_WIDTH)) <= PHONE["width"], page.evaluate(_STUCK)
    assert not grave(page), f"{name} on a phone: {grave(page)}"


def grave(page: Page) -> list[tuple[str, list[Any]]]:
    """What axe finds that is serious or critical, each with where."""
    return [
        (each["help"], [node["html"][:200] for node in each["nodes"][:3]])
        for each in Axe().run(page).response["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


def _skip(page: Page) -> None:
    """The first stop of Tab skips to the content."""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def _keyboard(page: Page) -> None:
    """Tab comes to everything, and shows where it is."""
    while True:
        page.keyboard.press("Tab")
        found = page.evaluate(_FOCUSED)
        if found is None:
            break
        assert found["isSeen"], f"the focus is not seen: {found['html']}"
    assert page.evaluate(_REACHABLE) == []


def _picture(page: Page, name: str) -> None:
    _PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=_PICTURES / f"{name}.png", full_page=True)
