"""A story, and what belongs to none, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from rich.text import Text

from obskit import names
from obskit.dev.checks import CheckChange
from obskit.dev.error_text import error_text
from obskit.dev.plain import duration, plain, time_of_day
from obskit.dev.stories import News
from obskit.stories.signals import Error, Line, Refused, Value
from obskit.stories.story import Head, Story, called
from obskit.stories.tree import Row, rows, statement

_LEVEL_STYLES = {"debug": "dim", "warning": "yellow", "error": "red", "critical": "bold red"}
_STATE_STYLES = {"ok": "green", "warning": "yellow", "critical": "bold red", "unknown": "magenta"}
#: What the sender adds to every line, and what the error below the lines shows better.
HIDDEN = ("code.", "thread.", "process.", "exception.", "log.", names.REQUEST_ID)


def news_text(news: News, width: int) -> list[Text]:
    """Write one piece of news.

    Args:
        news: What `Stories.due` returned.
        width: The width of the terminal in cells. Statements, source and locals are cut to it; log
            lines are not.
    """
    if isinstance(news, Story):
        return _story(news, width)
    if isinstance(news, Line):
        errors = Story("", lines=(news,)).errors()
        return [*_loose_line(news), *(text for e in errors for text in error_text(e, width))]
    if isinstance(news, Error):
        return [Text(time_of_day(news.time), "dim"), *error_text(news, width)]
    if isinstance(news, CheckChange):
        return [_check(news)]
    return [_refused(news)]


def _story(story: Story, width: int) -> list[Text]:
    heads = story.heads()
    lines: list[Text] = []
    # The head says what the access line does, and the error below what the exception does.
    told = (names.EVENT_ACCESS, names.EVENT_EXCEPTION)
    for line in story.lines:
        if line.event_name not in told:
            lines += _line(line, heads[0].start)
    lines += _tree(story, width)
    for error in story.errors():
        lines += error_text(error, width)
    if story.cut:
        lines.append(Text(f"  … {story.cut} more spans, lines and errors were not kept", "yellow"))
    if story.late and not (lines or story.spans):
        return []  # what came says no more than what was told
    return [*(text for head in heads for text in _head(head, story, width)), *lines]


def _head(head: Head, story: Story, width: int) -> Iterator[Text]:
    text = Text(f"{time_of_day(head.start)} ", "dim")
    if story.late:
        text.append("late ", "yellow not dim")
    text.append(
        plain(head.title) or ("addition" if story.late else "no span received"), _bold(head)
    )
    if head.status is not None:
        text.append(f" {head.status}", _status_style(head.status))
    if head.duration is not None:
        text.append(f"  {duration(head.duration)}", "not dim")
    request_id = Text(f"  {plain(head.request_id)}", "cyan")
    if text.cell_len + request_id.cell_len <= width:
        yield text + request_id
    else:
        yield text
        yield Text(" " * 7) + request_id


def _bold(head: Head) -> str:
    return "bold red not dim" if head.failed else "bold not dim"


def _status_style(status: int) -> str:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "bold red not dim"
    return "yellow not dim" if status >= HTTPStatus.BAD_REQUEST else "green not dim"


def _line(line: Line, start: float) -> Iterator[Text]:
    offset = f"+{duration(max(0.0, line.time - start))}"
    return _after(Text(f"  {offset:>9}  ", "dim"), line)


def _loose_line(line: Line) -> Iterator[Text]:
    text = Text(f"{time_of_day(line.time)} ", "dim")
    if line.service:
        text.append(f"{plain(line.service)} ", "not dim")
    return _after(text, line)


def _after(text: Text, line: Line) -> Iterator[Text]:
    level = _LEVEL_STYLES.get(line.level, "not dim")
    text.append(f"{plain(line.level):<7} ", level)
    indent = " " * text.cell_len
    first, *more = line.body.splitlines() or [line.event_name]
    text.append(plain(first), "bold not dim")
    for key, value in line.attributes.items():
        if not key.startswith(HIDDEN):
            text.append(f"  {plain(key)}=")
            text.append(_value(value), "not dim")
    yield text
    for continued in more:
        yield Text(f"{indent}{plain(continued)}")


def _value(value: Value) -> str:
    # Quotes only where the end of the value would not be seen otherwise.
    if isinstance(value, str) and value and " " not in value:
        return plain(value)
    return plain(repr(value))


def _tree(story: Story, width: int) -> Iterator[Text]:
    laid = rows(story.spans)
    head = story.heads()[0]
    if len(laid) == 1 and laid[0].span.name in (head.title, head.title.partition(" ")[0]):
        return  # the head says all of it
    told = {error.exceptions[-1].message for error in story.errors() if error.exceptions}
    services = [head.service]
    for row in laid:
        del services[row.depth + 1 :]
        above = services[-1]
        services.append(row.span.service)
        text = Text(f"  {duration(row.duration):>9}  ")
        text.append("  " * min(row.depth, 20))
        text.append_text(_span(row, above))
        if row.span.failed and row.span.status_message not in told:
            text.append(f"  {plain(row.span.status_message)}", "red")
        text.truncate(width, overflow="ellipsis")
        yield text


def _span(row: Row, service_above: str) -> Text:
    span = row.span
    text = Text()
    if span.service != service_above:
        text.append(f"{plain(span.service)}: ", "cyan")
    if row.times > 1:
        text.append(f"×{row.times} ", "bold yellow")
    sql = statement(span.attributes)
    text.append(plain(sql or span.name), "red" if span.failed else "bright_blue" if sql else "")
    if url := called(span.attributes):
        text.append(f" {plain(url)}")
    return text


def _check(change: CheckChange) -> Text:
    text = Text(f"{time_of_day(change.time)} ", "dim")
    text.append(f"check {plain(change.name)} ", "bold not dim")
    text.append(plain(change.state), f"{_STATE_STYLES.get(change.state, '')} not dim")
    if change.before:
        text.append(f", was {plain(change.before)}")
    if change.message:
        text.append(f": {plain(change.message)}", "not dim")
    return text


def _refused(refused: Refused) -> Text:
    return Text(
        f"refused {plain(refused.path)} with {refused.status}: {plain(refused.reason)}", "yellow"
    )
