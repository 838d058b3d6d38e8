"""What each page shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from markupsafe import Markup

from obskit.dev.archive import Archive
from obskit.dev.entry import Entry, entry_of
from obskit.dev.error_text import worth_showing
from obskit.dev.packed import kind_of
from obskit.dev.page.query import Query
from obskit.dev.page.rendering import fitting, macro, render
from obskit.dev.page.waterfall import WIDTH, waterfall
from obskit.dev.search import STATUS
from obskit.dev.statements import statements
from obskit.dev.stories import Stories
from obskit.stories.signals import Error, Frame, Raised

# Bytes of each part of a page, so that all of it stays below 100 kB.
_LIST = 70_000
_WATERFALL = 30_000
_ERRORS = 25_000
_STACK = 10_000
_STATEMENTS = 10_000
_SERVICES = 8_000
_REQUESTS = 50
_HEADS = 5
_FRAMES = 6


class Views:
    """Writes the pages.

    Args:
        root: The path that all addresses begin with.
        archive: The stories.
        stories: Where the newest numbers and what was lost are read.
    """

    def __init__(self, root: str, archive: Archive, stories: Stories) -> None:
        self._root = root
        self._archive = archive
        self._stories = stories

    def row(self, number: int, entry: Entry) -> Markup:
        """A story in the list."""
        return macro("parts.html", "row")(self._root, number, entry)

    def kept(self) -> Markup:
        """How much is kept, and what was lost."""
        return macro("parts.html", "kept")(*self._archive.size(), self._losses())

    def requests(self, query: Query) -> str:
        """The newest stories, and those that are looked for."""
        change, before = self._archive.change, query.number("before")
        wanted = query.wanted()
        found = self._archive.find(wanted, before=before or None, most=_REQUESTS + 1)
        option = partial(macro("parts.html", "option"), chosen=wanted.service)
        rows, shown = fitting(found[:_REQUESTS], lambda pair: self.row(*pair), _LIST)
        return self._render(
            "requests.html",
            wanted=wanted,
            no_status=wanted.status and not STATUS.fullmatch(wanted.status),
            services=fitting(self._archive.services(), option, _SERVICES)[0],
            rows=rows,
            kept=self.kept(),
            stories=self._archive.size()[0],
            older=query.changed(before=found[shown - 1][0]) if shown < len(found) else "",
            newest=query.changed(before="") if before else None,
            events="" if before else query.changed(after=change),
        )

    def story(self, query: Query) -> str | None:
        """The story of one request: its errors, its statements and its waterfall."""
        number, start = query.number("number"), query.number("from")
        story = self._archive.story(number)
        if story is None:
            return None
        heads, marks = story.heads(), waterfall(story)
        row = macro("parts.html", "mark")
        rows, shown = fitting(marks[start:], partial(row, width=WIDTH), _WATERFALL)
        errors, told = self._errors(number, story.errors())
        made = statements(story.spans)
        written, listed = fitting(made, macro("parts.html", "statement"), _STATEMENTS)
        return self._render(
            "story.html",
            number=number,
            story=story,
            heads=heads[:_HEADS],
            others=len(heads[_HEADS:]),
            services=entry_of(story).services,
            errors=errors,
            unshown=len(story.errors()) - told,
            statements=written,
            unlisted=len(made) - listed,
            rows=rows,
            start=start,
            total=len(marks),
            next=query.changed(**{"from": start + shown}) if start + shown < len(marks) else "",
        )

    def error(self, query: Query) -> str | None:
        """One error with its whole stack."""
        number, index, start = query.number("number"), query.number("error"), query.number("from")
        story = self._archive.story(number)
        errors = story.errors() if story else []
        if index >= len(errors):
            return None
        found = list(_stacks(errors[index]))
        rows, shown = fitting(found[start:], macro("parts.html", "of_stack"), _LIST)
        end = start + shown
        following = query.changed(**{"from": end}) if end < len(found) else ""
        return self._render(
            "error.html",
            number=number,
            error=errors[index],
            rows=rows,
            start=start,
            total=len(found),
            next=following,
        )

    def checks(self, query: Query) -> str:
        """The newest result of each check."""
        return self._list("checks.html", self._archive.results(), "check", query)

    def metrics(self, query: Query) -> str:
        """The newest number of each series."""
        name = query.text("name")
        found = self._stories.series.newest(name)
        left_out = self._stories.series.left_out
        return self._list("metrics.html", found, "point", query, name=name, left_out=left_out)

    def loose(self, query: Query) -> str:
        """What belongs to no story, the newest first."""
        found = [(kind_of(signal), signal) for signal in self._archive.loose()]
        return self._list("loose.html", found, "loose", query)

    def _list(
        self, template: str, found: Sequence[Any], item: str, query: Query, **values: Any
    ) -> str:
        start = query.number("from")
        rows, shown = fitting(found[start:], macro("parts.html", item), _LIST)
        end = start + shown
        following = query.changed(**{"from": end}) if end < len(found) else ""
        return self._render(
            template, rows=rows, start=start, total=len(found), next=following, **values
        )

    def _errors(self, number: int, errors: Sequence[Error]) -> tuple[list[Markup], int]:
        write = macro("parts.html", "error")

        def part(numbered: tuple[int, Error]) -> Markup:
            index, error = numbered
            frames, _ = fitting(_frames(error), macro("parts.html", "frame"), _STACK)
            return write(self._root, number, index, error, frames)

        return fitting(enumerate(errors), part, _ERRORS)

    def _losses(self) -> dict[str, int]:
        losses = Counter(self._archive.counts)
        losses["refused"] = self._stories.counts["refused"]
        losses["points of too many series"] = self._stories.series.left_out
        return {what: times for what, times in losses.items() if times}

    def _render(self, template: str, **values: Any) -> str:
        return render(template, root=self._root, **values)


def _frames(error: Error) -> list[Frame]:
    """Return the frames of an error that are worth reading first, the innermost first."""
    if not error.exceptions or not error.exceptions[-1].frames:
        return []
    return worth_showing(error.exceptions[-1].frames, _FRAMES)[::-1]


def _stacks(error: Error) -> Iterator[tuple[str, Raised | Frame | str]]:
    for raised in reversed(error.exceptions):
        yield "raised", raised
        for frame in reversed(raised.frames):
            yield "frame", frame
        if not raised.frames:
            for line in raised.stacktrace.splitlines():
                yield "text", line
