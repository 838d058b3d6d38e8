"""The status page: which path is answered how, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from obskit.console import answers, csrf, door, pages, rooms
from obskit.console.access import Access, ByHost, ByToken, Viewer
from obskit.console.actions import ACTIONS, NotDone
from obskit.console.live import Live
from obskit.console.look import Looking
from obskit.console.message import Request, Response
from obskit.console.service import Service, in_process
from obskit.console.visit import Visit
from obskit.exceptions import ObskitError
from obskit.registry import Registry, default_registry
from obskit.telemetry.loggers import get_logger

_log = get_logger("obskit.console")

Room = Callable[[Visit, str], Response]
_ROOMS: Mapping[str, Room] = {
    "check": rooms.check,
    "job": rooms.job,
    "request": rooms.request,
}


class Console:
    """The status page of one app. It knows no framework: each mount hands it requests.

    Args:
        registry: What the app has declared.
        access: Who may see it: a function of the host's request that gives a `Viewer` or None, or a
            token. Without it the page is there only where `OBSKIT_CONSOLE` says so, for whoever
            brings `OBSKIT_HEALTH_TOKEN`, and shows without letting anybody act.
        service: Gives the service; that of this process by default.

    Raises:
        MissingExtra: Jinja is not installed.
        ValueError: The token is empty.
    """

    def __init__(
        self,
        registry: Registry = default_registry,
        *,
        access: Callable[[Any], Viewer | None] | str | ByToken | None = None,
        service: Callable[[], Service | None] | None = None,
    ) -> None:
        pages.require()
        if access == "":
            raise ValueError("the token of the console is empty: give one, or a function")
        self._service = service or in_process(registry)
        self._given = access
        self._known: tuple[Service, Access | None, Looking, Live] | None = None
        self._mains: dict[tuple[str, ...], str] = {}

    def answer(self, request: Request) -> Response:
        """The answer to a request. Never raises.

        Args:
            request: It.
        """
        try:
            found = self._answer(request)
        except Exception as error:
            status, title, message = _failed(request, error)
            found = answers.bare(status, title, message, base=request.base)
        if request.method == "HEAD":
            return replace(found, body=b"", rest=None)
        return replace(found, rest=partial(_rest, request, found.rest)) if found.rest else found

    @property
    def live(self) -> Live | None:
        """Who watches; None while there is nothing to see."""
        known = self._current()
        return None if known is None else known[3]

    def _current(self) -> tuple[Service, Access | None, Looking, Live] | None:
        service = self._service()
        if service is None:
            return None
        if self._known is None or self._known[0] is not service:
            looking = Looking(service.look)
            live = Live(lambda: looking.seen().digest)
            self._known = service, _access(self._given, service), looking, live
        return self._known

    def _answer(self, request: Request) -> Response:
        known = self._current()
        access = None if known is None else known[1]
        if known is None or access is None:
            return answers.nothing(404)
        service, _, looking, _ = known
        first, _, rest = request.path.lstrip("/").partition("/")
        if request.method not in {"GET", "HEAD", "POST"}:
            return answers.nothing(405)
        if first == "static":
            return answers.static(rest) or answers.nothing(404)
        if first == "login" and request.method == "POST":
            return door.sign_in(access, request)
        if first == "enter":
            return door.enter(access, request)
        viewer = access.viewer(request)
        if viewer is None:
            return door.shut(access, request)
        if first == "events":
            return answers.events(looking.seen().digest)
        visit = Visit(request, viewer, access, service, looking)
        if request.method == "POST":
            return _act(visit, first, rest)
        return self._page(visit, first, rest)

    def _page(self, visit: Visit, first: str, rest: str) -> Response:
        if not visit.request.path:
            return answers.redirect(f"{visit.request.base}/")
        if not first:
            return rooms.front(visit, self._mains)
        room = _ROOMS.get(first)
        if room is None:
            return rooms.unknown(visit, "There is no such page.")
        return room(visit, rest)


def _rest(request: Request, made: Callable[[], bytes]) -> bytes:
    try:
        return made()
    except Exception as error:
        _, title, message = _failed(request, error)
        return answers.encoded(pages.render("broken", title=title, message=message))


def _failed(request: Request, error: Exception) -> tuple[int, str, str]:
    """The status of HTTP, a title and a message for what keeps a page from being made."""
    if isinstance(error, ObskitError):  # a store that cannot be read, a package that is not there
        return 503, "Not now", str(error)
    _log.warning("console.failed", path=request.path[:200], exc_info=error)
    return 500, "It failed", "The log says why."


def _access(
    given: Callable[[Any], Viewer | None] | str | ByToken | None, service: Service
) -> Access | None:
    if given is None:
        if not service.config.console:
            _log.info("console.off", why="no access is given, and OBSKIT_CONSOLE is not true")
            return None
        token = service.config.health_token or ""
        if not token:
            why = "no access is given, and OBSKIT_HEALTH_TOKEN is not set: nobody can sign in"
            _log.warning("console.closed", why=why)
        return ByToken(token, Viewer("token"), clock=service.clock)
    if isinstance(given, str):
        return ByToken(given, Viewer("token", may_act=True), clock=service.clock)
    return given if isinstance(given, ByToken) else ByHost(given)


def _act(visit: Visit, first: str, rest: str) -> Response:
    """What a form wants done."""
    request, viewer, service = visit.request, visit.viewer, visit.service
    wrong = csrf.refusal(request, viewer)
    if wrong:
        return rooms.notice(visit, 403, "Not done", wrong)
    if first == "logout":
        return door.sign_out(request)
    name, _, wanted = rest.partition("/")
    action, check = ACTIONS.get(wanted), service.check(name)
    if first != "check" or action is None or check is None:
        return rooms.unknown(visit, "There is no such thing to do.")
    if not viewer.may_act:
        return rooms.notice(visit, 403, "Not done", "You may look, and nothing else.")
    try:
        done = action(service, check, viewer, request)
    except NotDone as why:
        return rooms.check(visit, name, wrong=str(why))
    visit.looking.forget()
    return answers.redirect(f"{request.base}/check/{quote(name)}?done={done}")
