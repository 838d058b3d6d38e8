"""Shows news on a terminal, in colour where there is one and plain where there is none."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from obskit.dev.stories import News, Stories
from obskit.dev.story_text import news_text
from obskit.stories.story import Story

_SIGNALS = (("spans", "span"), ("points", "point"), ("lines", "line"), ("errors", "error"))
_LOSSES = ("refused", "stories lost", "lines lost")


class Printer:
    """Shows stories, and at the end what was received.

    Args:
        console: Where to; a console of its own on standard output without one.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False, emoji=False)
        self._after_story = False

    def say(self, message: str, style: str = "dim") -> None:
        """Show a line of our own."""
        self._console.print(Text(message, style), soft_wrap=True)

    def show(self, news: Sequence[News]) -> None:
        """Show what `Stories.due` returned, in that order."""
        lines: list[Text] = []
        for item in news:
            texts = news_text(item, self._console.width)
            if not texts:
                continue
            is_story = isinstance(item, Story)
            if is_story or self._after_story:
                lines.append(Text())
            self._after_story = is_story
            lines += texts
        if lines:
            # In one call, so that what the command prints does not come in between.
            self._console.print(Text("\n").join(lines), soft_wrap=True)

    def summary(self, stories: Stories) -> None:
        """Show in one line how much was received, and what was lost."""
        counts = [_count(stories.counts[key], noun) for key, noun in _SIGNALS]
        losses = [f"{key}: {stories.counts[key]}" for key in _LOSSES if stories.counts[key]]
        self.say("")
        self.say(f"received {', '.join([*counts, *losses])}", "yellow" if losses else "dim")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
