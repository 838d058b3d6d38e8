"""The pages behind the front one: a check, a job, a request; and what is not there."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from urllib.parse import quote

from obskit.console import answers, frame, links, listing, pages
from obskit.console.actions import DONE
from obskit.console.explained import explained
from obskit.console.front import front as front_main
from obskit.console.look import Look
from obskit.console.message import Response
from obskit.console.service import Service
from obskit.console.telling import told
from obskit.console.visit import Visit
from obskit.overview.model import CheckView
from obskit.state.ending import took
from obskit.state.store import Run

_HISTORY, _RUNS = 50, 50
_MOST_ID, _MOST_NUMBER = 200, 20
_MOST_KEPT = 64


def front(visit: Visit, kept: dict[tuple[str, ...], str]) -> Response:
    """The first page. What it shows is made once for all who look.

    Args:
        visit: Who asks.
        kept: What was made, by what was asked for.
    """
    seen = visit.looking.latest()
    main = kept.get(_key(visit, seen)) if seen else None
    if seen is None or main is None:
        return frame.begun(visit, "Status", lambda: _made(visit, kept))
    return frame.page(visit, seen, "Status", lambda _: main)


def _made(visit: Visit, kept: dict[tuple[str, ...], str]) -> tuple[Look, str]:
    seen = visit.looking.seen()
    key = _key(visit, seen)
    main = kept.get(key)
    if main is None:
        main = front_main(seen.overview, visit.request, visit.service)
        if len(kept) >= _MOST_KEPT or any(each[0] != seen.digest for each in tuple(kept)):
            kept.clear()
        kept[key] = main
    return seen, main


def _key(visit: Visit, seen: Look) -> tuple[str, ...]:
    asked = (visit.request.asked(name)[:100] for name in listing.KEYS)
    return seen.digest, visit.request.base, *asked


def check(visit: Visit, name: str, wrong: str = "") -> Response:
    """The page of a check.

    Args:
        visit: Who asks.
        name: The check's name.
        wrong: Why what was wanted was not done.
    """
    seen, service, request = visit.looking.seen(), visit.service, visit.request
    named = [each for each in seen.overview.checks if each.name == name]
    host = request.asked("host")
    # Without a host that is known the one that is worst.
    found = next((each for each in named if each.host == host), next(iter(named), None))
    if found is None:
        return unknown(visit, "No check has this name.")
    declared = service.check(name)
    history, older = _history(service, found, request.asked("until"))
    posted = request.method == "POST"

    def main(token: str) -> str:
        return pages.render(
            "check",
            # More of it than the overview has.
            check=replace(found, history=history[::-1]),
            others=[each for each in named if each is not found][:_HISTORY],
            base=request.base,
            now=seen.overview.now,
            viewer=replace(visit.viewer, may_act=visit.viewer.may_act and declared is not None),
            csrf=token,
            runs_here=declared is not None and service.runs(declared),
            history=history,
            older=older,
            later=bool(request.asked("until")),
            done=DONE.get(request.asked("done"), ""),
            wrong=wrong,
            reason=request.filled("reason")[:300] if posted else "",
            length=request.filled("span")[:20] if posted else "2h",
            explained=explained(service.registry, service.config, name)
            if request.asked("explain")
            else None,
            trace_of=partial(links.trace, service.config),
        )

    return frame.page(visit, seen, name, main, 409 if wrong else 200)


def _history(service: Service, check: CheckView, until: str) -> tuple[list[Run], str]:
    """Runs that are kept, the newest first, and from when on the next page goes back."""
    try:
        end = float(until[:_MOST_NUMBER]) if until else None
    except ValueError:
        end = None
    runs = service.store.runs(check.name, until=end, limit=_HISTORY + 1, host=check.host)
    older = repr(runs[_HISTORY - 1].started) if len(runs) > _HISTORY else ""
    return runs[:_HISTORY], older


def job(visit: Visit, name: str) -> Response:
    """The page of a job.

    Args:
        visit: Who asks.
        name: The job's name.
    """
    seen, service = visit.looking.seen(), visit.service
    found = next((each for each in seen.overview.jobs if each.name == name), None)
    if found is None:
        return unknown(visit, "No job has this name.")
    kept = service.store.job_runs(name)
    durations = [seconds for seconds in map(took, kept[::-1]) if seconds is not None]
    runs = listing.paged(kept, visit.request, "jobs", _RUNS)
    main = pages.render(
        "job",
        job=replace(found, durations=durations),  # of more runs than the overview tells of
        runs=runs,
        now=seen.overview.now,
        base=visit.request.base,
        trace_of=partial(links.trace, service.config),
    )
    return frame.page(visit, seen, name, lambda _: main)


def request(visit: Visit, wanted: str) -> Response:
    """The page of a request.

    Args:
        visit: Who asks.
        wanted: The request's id; empty where the form asks for one.
    """
    given = visit.request.asked("id").strip()
    if not wanted and given:
        name = quote(given[:_MOST_ID], safe="", errors="replace")
        return answers.redirect(f"{visit.request.base}/request/{name}")
    if not wanted or len(wanted) > _MOST_ID:
        return unknown(visit, "Give the id of a request: it is in the header X-Request-ID.")
    story = visit.service.find(wanted)
    if story is None:
        return unknown(visit, "Nothing is kept here of a request with this id.")
    config = visit.service.config
    main = pages.render(
        "request",
        id=wanted,
        told=told(story),
        trace_of=partial(links.trace, config),
        sentry_of=partial(links.sentry, config),
    )
    # What has been does not change.
    seen = replace(visit.looking.seen(), digest="")
    return frame.page(visit, seen, f"Request {wanted[:40]}", lambda _: main)


def unknown(visit: Visit, message: str) -> Response:
    """What is asked for is not there.

    Args:
        visit: Who asks.
        message: What is not there.
    """
    return notice(visit, 404, "Not found", message)


def notice(visit: Visit, status: int, heading: str, message: str) -> Response:
    """A page that says one thing.

    Args:
        visit: Who asks.
        status: The status of HTTP.
        heading: What it is called.
        message: What it says.
    """
    main = pages.render("notice", heading=heading, message=message)
    seen = replace(visit.looking.seen(), digest="")
    return frame.page(visit, seen, heading, lambda _: main, status)
