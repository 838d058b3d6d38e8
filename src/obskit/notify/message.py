"""News as a message that people read: a title, text, and the same as HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Literal

from obskit.clock import to_rfc3339
from obskit.duration import format_duration
from obskit.notify.news import OVER, Item, News

#: What Apprise gives a message its colour by.
Tone = Literal["failure", "warning", "info", "success"]

#: The colour of each tone, in mail and in channels that show one.
COLOURS: dict[Tone, str] = {
    "failure": "#ff0000",
    "warning": "#ff9900",
    "info": "#0099ff",
    "success": "#27ae60",
}
_TONES: dict[str, Tone] = {"sev1": "failure", "sev2": "warning", "sev3": "info"}
_MOST_EVIDENCE, _MOST_TEXT, _MOST_NAMES, _MOST_ITEMS = 10, 300, 20, 20


@dataclass(frozen=True)
class Message:
    """What is sent.

    Attributes:
        title: One line.
        text: The whole as plain text.
        html: The whole as HTML.
        tone: How grave it is.
    """

    title: str
    text: str
    html: str
    tone: Tone

    def write(self) -> str:
        """The message as one line of text, which `read` reads."""
        return json.dumps(asdict(self))


def read(written: str) -> Message:
    """A message as it was written.

    Raises:
        ValueError: It is none.
    """
    try:
        return Message(**json.loads(written))
    except TypeError as error:
        raise ValueError(f"what is kept is no message: {error}") from error


def render(news: News, service: str, environment: str, now: float) -> Message:
    """News as a message.

    Args:
        news: What is told.
        service: Whose it is.
        environment: Where it runs; empty where nobody said.
        now: Seconds since the Unix epoch.
    """
    place = _place(service, environment)
    shown, left = news.items[:_MOST_ITEMS], news.items[_MOST_ITEMS:]
    title = _title(news, place, now)
    blocks = [(item, _headline(item, now), list(_lines(item))) for item in shown]
    rest = [f"and {len(left)} more: {_names([item.problem.name for item in left])}"] if left else []
    text = [_as_text(headline, lines) for _, headline, lines in blocks]
    html = [_as_html(item, headline, lines) for item, headline, lines in blocks]
    decided = f"{place}, {_at(now)}"
    return Message(
        title,
        "\n\n".join([*text, *rest, decided]),
        "\n".join([*html, *(f"<p>{escape(each)}</p>" for each in [*rest, decided])]),
        _tone(news.items[0]),
    )


def trial(channel: str, service: str, environment: str, now: float) -> Message:
    """A message that tells of nothing: whoever reads it knows that the channel works.

    Args:
        channel: The channel's name.
        service: Who sends it.
        environment: Where it runs; empty where nobody said.
        now: Seconds since the Unix epoch.
    """
    place = _place(service, environment)
    said = f"This is a test of {channel}. Nobody has to do anything."
    # Of success, so that no incident is opened by it.
    return Message(
        f"[TEST] {place}: {channel} works",
        f"{said}\n\n{place}, {_at(now)}",
        f"<p>{escape(said)}</p>\n<p>{escape(place)}, {_at(now)}</p>",
        "success",
    )


def deployed(release: str, service: str, environment: str, began: float) -> Message:
    """A message that a release is deployed.

    Args:
        release: Which.
        service: Whose.
        environment: Where it runs; empty where nobody said.
        began: When, seconds since the Unix epoch.
    """
    place = _place(service, environment)
    said = f"Release {release} is deployed."
    return Message(
        f"[DEPLOY] {place}: {release}",
        f"{said}\n\n{place}, {_at(began)}",
        f"<p>{escape(said)}</p>\n<p>{escape(place)}, {_at(began)}</p>",
        "info",
    )


def _place(service: str, environment: str) -> str:
    return f"{service} ({environment})" if environment else service


def _tone(item: Item) -> Tone:
    return "success" if item.change in OVER else _TONES[item.severity]


def _title(news: News, place: str, now: float) -> str:
    if len(news.items) == 1 and not news.is_digest:
        return f"{_mark(news.items[0])} {place}: {_headline(news.items[0], now)}"
    failing = sum(item.change not in OVER for item in news.items)
    over = len(news.items) - failing
    counts = [f"{failing} failing"] * bool(failing) + [f"{over} well again"] * bool(over)
    start = "Daily digest" if news.is_digest else _mark(news.items[0])
    return f"{start} {place}: {', '.join(counts)}"


def _mark(item: Item) -> str:
    return "[OK]" if item.change in OVER else f"[{item.severity.upper()}]"


def _headline(item: Item, now: float) -> str:
    problem = item.problem
    name = problem.name if problem.kind == "check" else f"{problem.kind} {problem.name}"
    lasted = format_duration(max(0.0, problem.since - item.began))
    if item.change == "recovered":
        return f"{name} is ok again, after {lasted}"
    if item.change == "passed":
        times = f" {item.times} times" if item.times > 1 else ""
        return f"{name} was {item.was}{times}, and is ok again"
    if item.change == "still":
        return (
            f"{name} is still {problem.status}, for {format_duration(max(0.0, now - item.began))}"
        )
    was = f" (was {item.was})" if item.change in {"worse", "better"} else ""
    return f"{name} is {problem.status}{was}"


def _lines(item: Item) -> Iterator[tuple[str, str]]:
    """What is told beside the headline: what it is, and the text."""
    problem = item.problem
    if problem.message:
        yield "", problem.message
    if item.change not in OVER:
        for row in problem.evidence[:_MOST_EVIDENCE]:
            yield "evidence", _cut(row)
        more = len(problem.evidence) - _MOST_EVIDENCE
        if more > 0:
            yield "evidence", f"and {more} more"
        if item.dependents:
            yield f"not judged meanwhile: {len(item.dependents)}", _names(item.dependents)
    yield "since", _at(item.began)
    if problem.owner:
        yield "owner", problem.owner
    if problem.runbook:
        yield "runbook", problem.runbook
    yield from sorted(problem.links.items())
    if problem.trace_id:
        yield "trace", problem.trace_id


def _as_text(headline: str, lines: Sequence[tuple[str, str]]) -> str:
    return "\n".join(
        [headline, *(f"  {name}: {told}" if name else f"  {told}" for name, told in lines)]
    )


def _as_html(item: Item, headline: str, lines: Sequence[tuple[str, str]]) -> str:
    colour = COLOURS[_tone(item)]
    told = "<br>\n".join(
        f"{escape(name)}: {_linked(each)}" if name else _linked(each) for name, each in lines
    )
    return (
        f'<div style="border-left: 6px solid {colour}; padding-left: 10px; margin-bottom: 14px">'
        f"<b>{escape(headline)}</b><br>\n{told}</div>"
    )


def _linked(told: str) -> str:
    safe = escape(told)
    is_link = told.startswith(("http://", "https://")) and not any(map(str.isspace, told))
    return f'<a href="{safe}">{safe}</a>' if is_link else safe


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _cut(told: str) -> str:
    return told if len(told) <= _MOST_TEXT else f"{told[: _MOST_TEXT - 1]}…"


def _at(moment: float) -> str:
    return f"{to_rfc3339(moment)[:19]}Z"
