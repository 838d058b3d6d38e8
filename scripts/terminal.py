"""`obskit top` as a picture: what its screen shows, as SVG that loads nothing from elsewhere."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from unittest.mock import patch

from obskit.cli import application, state
from obskit.cli.top import sources
from obskit.cli.top.screen import Screen
from obskit.cli.top.view import Look

_DAY = 86_400.0
_FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def look_at(app: str, environ: Mapping[str, str]) -> Look:
    """A look at a service.

    Args:
        app: Its app, as `--app` names it.
        environ: The variables that it runs with.
    """
    with patch.dict(os.environ, environ), application.inert():
        source = sources.of_store(application.load(app), state.configuration(), _DAY)
        return sources.look(source)


def picture(look: Look, title: str, size: tuple[int, int]) -> str:
    """What the screen shows of a look.

    Args:
        look: The look.
        title: What stands above it.
        size: Columns and lines.
    """
    svg = asyncio.run(_drawn(look, title, size))
    # Rich's font is loaded from a server: where it is not installed, another of one width does.
    return _FONT_FACES.sub("", svg).replace("Fira Code", "Fira Code, DejaVu Sans Mono")


async def _drawn(look: Look, title: str, size: tuple[int, int]) -> str:
    screen = Screen(lambda: [look])
    async with screen.run_test(size=size) as pilot:
        await pilot.pause()
        return screen.export_screenshot(title=title, simplify=True)
