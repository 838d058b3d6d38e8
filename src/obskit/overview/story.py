"""The story of a request, found by its id: its spans and log lines, as far as this host has kept them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

from obskit import names
from obskit.clock import SYSTEM_CLOCK, to_rfc3339
from obskit.config import Config
from obskit.exceptions import MissingExtra
from obskit.export import ring
from obskit.logfiles import lines as logfile
from obskit.logfiles.follow import Follower
from obskit.logfiles.search import Wanted, chosen, search
from obskit.overview import standing
from obskit.stories.logged import as_line, as_span, is_access
from obskit.stories.signals import Line, Span
from obskit.stories.story import Story

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
# A trace's id, alone or as the beginning of a request's.
_TRACE = re.compile(r"([0-9a-f]{32})(?:-[0-9a-f]{16})?")
_MOST_SPANS = 2_000
_MOST_LINES = 1_000
# Log files of so long ago are not searched, seconds.
_FAR = 86_400.0
# The clocks of who began a trace and of who logs differ, seconds.
_SKEW = 60.0
# One line, told over OTLP and in a file, is of one moment to the millisecond.
_ONE_MOMENT = 0.002


def find(config: Config, id: str) -> Story | None:
    """Everything that is known here of a request.

    Args:
        config: The service's configuration.
        id: The request's id, or its trace's.

    Returns:
        Its story, or None where nothing of it is kept any more.

    Raises:
        MissingExtra: Spans are kept, and what reads them is not installed.
    """
    if not _ID.fullmatch(id):
        return None
    folder = standing.folder(config)
    known = _TRACE.fullmatch(id)
    trace_id = known[1] if known else _trace_of(folder, id)
    spans, lines = _kept(folder, trace_id) if trace_id else ([], [])
    since = min((span.start for span in spans), default=SYSTEM_CLOCK.now() - _FAR)
    logged = _logged(config, trace_id or id, since - _SKEW)
    if not (spans or lines or logged):
        return None
    if not any(span.kind == "server" for span in spans):
        spans += [as_span(line, id) for line in logged if is_access(line)]
        logged = [line for line in logged if not is_access(line)]
    told = sorted([*lines, *_untold(logged, lines)], key=lambda line: line.time)
    return Story(
        trace_id or next((span.trace_id for span in spans), id),
        tuple(spans[:_MOST_SPANS]),
        tuple(told[:_MOST_LINES]),
        cut=max(0, len(spans) - _MOST_SPANS) + max(0, len(told) - _MOST_LINES),
    )


def _trace_of(folder: Path, request_id: str) -> str:
    """The trace of a request, by what its spans and lines say; the newest where a caller repeats an id."""
    found = ""
    for signal in _signals(folder, lambda body: request_id.encode() in body):
        if signal.attributes.get(names.REQUEST_ID) == request_id and signal.trace_id:
            found = signal.trace_id
    return found


def _kept(folder: Path, trace_id: str) -> tuple[list[Span], list[Line]]:
    spans: dict[str, Span] = {}
    lines: list[Line] = []
    number = bytes.fromhex(trace_id)
    for signal in _signals(folder, lambda body: number in body):
        if signal.trace_id != trace_id:
            continue
        if isinstance(signal, Span):
            spans.setdefault(signal.span_id, signal)
        else:
            lines.append(signal)
    return sorted(spans.values(), key=lambda span: span.start), lines


def _signals(folder: Path, is_wanted: Callable[[bytes], bool]) -> Iterator[Span | Line]:
    """What the rings hold, of the bodies that are wanted: most need not be decoded."""
    for signal, body in ring.bodies(folder):
        if is_wanted(body):
            try:
                from obskit.stories.otlp import PayloadError, decode
            except ModuleNotFoundError as error:
                raise MissingExtra("cli", "The story of a request") from error
            try:
                found = decode(f"/v1/{signal}", body, "protobuf").signals
            except PayloadError:  # whole, by its checksum, and of a release that wrote otherwise
                continue
            yield from (each for each in found if isinstance(each, (Span, Line)))


def _logged(config: Config, id: str, since: float) -> list[logfile.Line]:
    """The lines of log files; none where the files cannot be read."""
    if config.log_folder is None:
        return []
    folder = Path(config.log_folder)
    wanted = Wanted(request=id, since=to_rfc3339(max(0.0, since)))
    try:
        with ExitStack() as stack:
            followers = [
                stack.enter_context(closing(Follower(folder, stream)))
                for stream in chosen(folder, ())
            ]
            return list(islice(search(followers, wanted, since), _MOST_LINES))
    except OSError:
        return []


def _untold(logged: Sequence[logfile.Line], lines: Sequence[Line]) -> Iterator[Line]:
    """The lines of files that were not told over OTLP too."""
    for each in logged:
        line = as_line(each)
        if is_access(each):
            line = replace(line, event_name=names.EVENT_ACCESS)
        if not any(_are_one(line, other) for other in lines):
            yield line


def _are_one(line: Line, other: Line) -> bool:
    return (
        line.body == other.body
        and line.span_id == other.span_id
        and abs(line.time - other.time) < _ONE_MOMENT
    )
