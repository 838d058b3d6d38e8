"""Looks on a whole terminal, redrawn in place: the one leaf that knows Textual and Rich."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input, Static

from obskit.cli.top import view
from obskit.cli.top.rows import Row
from obskit.cli.top.view import PANES, Look

# Seconds between two glances at what the threads have found.
_GLANCE = 0.25
# A name takes no more than so large a part of the width.
_NAME = 0.3
_KEYS = "q quit / filter p pause"
_NOTHING = (
    "nothing is told of this: errors, operations, quotas and processes are told where the service has"
    " OBSKIT_CONSOLE=true"
)


class _Body(ScrollView, can_focus=True):
    """What scrolls: lines, of which no more is drawn than is seen. Says when it has another size."""

    def __init__(self, resized: Callable[[], None]) -> None:
        super().__init__(id="body")
        self._resized = resized
        self._lines: Sequence[Text] = ()

    def show(self, lines: Sequence[Text]) -> None:
        """Show these lines from now on."""
        self._lines = lines
        self.virtual_size = Size(self.size.width, len(lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of what is seen."""
        number, width = y + self.scroll_offset.y, self.size.width
        line = self._lines[number] if number < len(self._lines) else Text()
        drawn = Strip(line.render(self.app.console)).adjust_cell_length(width)
        return drawn.apply_style(self.rich_style)

    def on_resize(self, _: Resize) -> None:
        """It has another size."""
        self._resized()


class Screen(App[None]):
    """The terminal.

    Args:
        looks: Gives the latest look at each service; None where there is none yet.
    """

    CSS = """
    Screen { background: ansi_default; color: ansi_default; }
    #head, #keys { height: auto; background: ansi_default; color: ansi_default; }
    #keys { height: 1; }
    #body { background: ansi_default; color: ansi_default; scrollbar-size: 0 0; }
    #filter { display: none; height: 1; border: none; padding: 0;
              background: ansi_default; color: ansi_default; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", priority=True),
        Binding("q", "quit"),
        Binding("p", "pause"),
        Binding("slash", "filter"),
        Binding("escape", "unfilter", priority=True),
        Binding("tab", "next(1)", priority=True),
        Binding("shift+tab", "next(-1)", priority=True),
        *(Binding(str(n), f"show('{pane}')") for n, pane in enumerate(PANES, start=1)),
        Binding("j", "scroll(1)"),
        Binding("k", "scroll(-1)"),
    ]

    def __init__(self, looks: Callable[[], Sequence[Look | None]]) -> None:
        super().__init__(ansi_color=True)
        self._looks = looks
        self._shown: list[Look | None] = []
        self._pane = next(iter(PANES))
        self._wanted = ""
        self._is_paused = False
        self._columns = 0

    def compose(self) -> ComposeResult:
        """The head, what scrolls, the filter, the keys."""
        yield Static(id="head", markup=False)
        yield _Body(self._tell_keys_later)
        yield Input(id="filter", placeholder="show what holds …")
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Begin to look."""
        self.query_one("#body").focus()
        with suppress(NotImplementedError, ValueError):  # not on Windows, nor in another thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)
        self.set_interval(_GLANCE, self._glance)
        body = self.query_one("#body")
        for fact in ("scroll_y", "virtual_size"):
            self.watch(body, fact, self._tell_keys_later, init=False)
        self._glance()

    def on_resize(self, resized: Resize) -> None:
        """Draw for the new size, which is not the app's own yet."""
        self._columns = resized.size.width
        self._draw()

    def action_pause(self) -> None:
        """Leave what is shown as it is, or go on."""
        self._is_paused = not self._is_paused
        self._glance()
        self._draw()

    def action_filter(self) -> None:
        """Ask what is wanted."""
        self.query_one(Input).display = True
        self.query_one(Input).focus()

    def action_unfilter(self) -> None:
        """Show everything again."""
        self.query_one(Input).value = ""
        self._leave_filter()

    def action_next(self, step: int) -> None:
        """Show the next pane, or the one before."""
        panes = list(PANES)
        self.action_show(panes[(panes.index(self._pane) + step) % len(panes)])

    def action_show(self, pane: str) -> None:
        """Show a pane from its beginning."""
        self._pane = pane
        self.query_one("#body").scroll_home(animate=False)
        self._draw()

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one("#body").scroll_relative(y=lines, animate=False)

    def on_input_changed(self, changed: Input.Changed) -> None:
        """Show what holds what was typed so far."""
        self._wanted = changed.value
        self._draw()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Keep the filter, and give the keys back."""
        self._leave_filter()

    def _leave_filter(self) -> None:
        self.query_one(Input).display = False
        self.query_one("#body").focus()

    def _glance(self) -> None:
        latest = list(self._looks())
        known = [id(each) for each in self._shown]
        if not self._is_paused and [id(each) for each in latest] != known:
            self._shown = latest
            self._draw()

    def _draw(self) -> None:
        looks = view.worst_first(look for look in self._shown if look is not None)
        alone = len(self._shown) == 1 and len(looks) == 1
        head = _lines(view.head(looks[0])) if alone else Text(view.counted(self._shown))
        lines = [line for look in looks for line in self._of(look, alone=alone)]
        self.query_one("#head", Static).update(head)
        self.query_one(_Body).show(lines)
        self._tell_keys_later()

    def _of(self, look: Look, *, alone: bool) -> Iterator[Text]:
        if not alone:
            yield from self._wrapped(_lines(view.head(look)), self._columns)
        sections = view.sections(look, self._pane, self._wanted)
        for title, rows in sections:
            yield Text(title, style="bold")
            yield from self._table(rows)
        if self._wanted and not sections:
            yield from self._wrapped(Text(f"no row holds {self._wanted!r}"), self._columns)
        elif look.overview is not None and self._pane in {"usage", "processes"} and not sections:
            yield from self._wrapped(Text(_NOTHING), self._columns)

    def _table(self, rows: Sequence[Row]) -> Iterator[Text]:
        """Rows under each other: a state, a name and what there is to say, each in its column."""
        states = max(cell_len(row.state) for row in rows)
        longest = max(cell_len(row.name) for row in rows)
        names = min(longest, max(12, int(self._columns * _NAME)))
        rest = max(1, self._columns - states - names - 2)
        for row in rows:
            state = Text(row.state, style=view.colour(row.state) or "")
            name, told = self._wrapped(Text(row.name), names), self._wrapped(Text(row.told), rest)
            for first, second, third in zip_longest([state], name, told, fillvalue=Text()):
                yield Text(" ").join((_padded(first, states), _padded(second, names), third))

    def _wrapped(self, text: Text, width: int) -> Sequence[Text]:
        if cell_len(text.plain) <= width and "\n" not in text.plain:
            return [text]
        return list(text.wrap(self.console, max(1, width), overflow="fold"))

    def _tell_keys_later(self) -> None:
        """When it is laid out, it is known how much is below."""
        self.call_after_refresh(self._tell_keys)

    def _tell_keys(self) -> None:
        panes = " ".join(
            f"[{n} {pane}]" if pane == self._pane else f"{n} {pane}"
            for n, pane in enumerate(PANES, start=1)
        )
        body = self.query_one("#body")
        below = int(body.max_scroll_y - body.scroll_y)
        told = (
            panes,
            f"↓ {below}" if below > 0 else "",
            "PAUSED" if self._is_paused else "",
            f"only {self._wanted!r}" if self._wanted else "",
            _KEYS,
        )
        line = Text("  ".join(filter(None, told)), style="reverse", no_wrap=True, overflow="crop")
        self.query_one("#keys", Static).update(line)


def _padded(text: Text, width: int) -> Text:
    padded = text.copy()
    padded.pad_right(width - cell_len(text.plain))
    return padded


def _lines(rows: Iterable[Row]) -> Text:
    """Rows that stand alone, as lines of the whole width."""
    told = Text()
    for row in rows:
        told.append("\n" if told else "")
        told.append(row.state, view.colour(row.state))
        told.append("  ".join(filter(None, ("  " * bool(row.state) + row.name, row.told))))
    return told
