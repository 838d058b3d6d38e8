"""What the demo proves: for every request that was sent, one whole story was received."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from load import Sent

from obskit import names
from obskit.dev import Stories, Story
from obskit.stories.signals import Span
from obskit.stories.tree import statement

#: The check that the demo breaks.
BROKEN_CHECK = "payment-gateway"


def missing(sent: list[Sent], stories: Stories) -> list[str]:
    """Compare what was sent with what was received.

    Args:
        sent: Every request that was sent to the shop.
        stories: What was received from it.

    Returns:
        A sentence for everything that is missing, or there twice; nothing when all is well.
    """
    received = stories.all()
    found = [
        f"{each.visit.method} {each.visit.path} ({each.request_id or 'no id'}): {problem}"
        for each in sent
        for problem in _of_request(each, received)
    ]
    found += _of_metric(sent, stories)
    state = stories.checks.states.get(BROKEN_CHECK, "not received")
    if state != "critical":
        found.append(f"the check {BROKEN_CHECK} is broken, but its result is {state}")
    return found


def _of_request(sent: Sent, received: list[Story]) -> Iterator[str]:
    if sent.status != sent.visit.status:
        yield f"answered with {sent.status}, not {sent.visit.status}"
    told = [
        (story, span)
        for story in received
        for span in story.spans
        if span.kind == "server" and span.attributes.get(names.REQUEST_ID) == sent.request_id
    ]
    if len(told) != 1:
        yield f"{len(told)} server spans, not 1"
        return
    ((story, server),) = told
    if server.attributes.get(names.HTTP_RESPONSE_STATUS_CODE) != sent.status:
        yield "the server span has another status"
    yield from _of_lines(sent, story)
    queries = [span for span in story.spans if _is_query_of(span, server, story)]
    if bool(queries) != sent.visit.sql:
        yield f"{len(queries)} SQL spans below the server span"
    yield from _of_errors(sent, story)


def _of_lines(sent: Sent, story: Story) -> Iterator[str]:
    lines = [
        line for line in story.lines if line.attributes.get(names.REQUEST_ID) == sent.request_id
    ]
    access = [line for line in lines if line.event_name == names.EVENT_ACCESS]
    if len(access) != 1:
        yield f"{len(access)} access lines, not 1"
    if sent.visit.line and sent.visit.line not in [line.body for line in lines]:
        yield f"no log line {sent.visit.line!r}"


def _of_errors(sent: Sent, story: Story) -> Iterator[str]:
    wanted = 1 if sent.visit.error else 0
    if len(story.reported) != wanted:
        yield f"{len(story.reported)} error events, not {wanted}"
        return
    for error in story.reported:
        if error.tags.get("request_id") != sent.request_id:
            yield "the error event has another request id"
        if not error.exceptions or error.exceptions[-1].type != sent.visit.error:
            yield f"the error event is no {sent.visit.error}"
        elif not any(frame.file.endswith("shop.py") for frame in error.exceptions[-1].frames):
            yield "the error event has no stack"


def _is_query_of(span: Span, server: Span, story: Story) -> bool:
    if not statement(span.attributes):
        return False
    parents = {each.span_id: each.parent_id for each in story.spans}
    ancestor = span.parent_id
    for _ in story.spans:
        if ancestor == server.span_id:
            return True
        ancestor = parents.get(ancestor, "")
    return False


def _of_metric(sent: list[Sent], stories: Stories) -> Iterator[str]:
    metric = names.HTTP_SERVER_REQUEST_DURATION.name
    for (method, status), count in Counter((s.visit.method, s.status) for s in sent).items():
        counted = stories.series.total(
            metric, http_request_method=method, http_response_status_code=str(status)
        )
        if counted != count:
            yield f"{metric} counted {counted:.0f} of {count} {method} requests with {status}"
