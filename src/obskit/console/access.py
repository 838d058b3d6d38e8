"""Who may see the status page, and who may act on it: the host's own login, or a token."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from obskit import security
from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.console.message import Request
from obskit.console.tries import Tries

#: Holds what a browser signed in with; without a token, what its forms are known by.
COOKIE = "obskit_console"
#: A login lasts so long, seconds.
LASTS = 12 * 3_600
_BEARER = "bearer "
_MOST_NAME = 100


@dataclass(frozen=True)
class Viewer:
    """Somebody who may look.

    Attributes:
        name: Who it is: what is done is recorded under it.
        may_act: Whether they may run checks and silence them.
    """

    name: str
    may_act: bool = False


class Access(Protocol):
    """Says who asks."""

    @property
    def signs_in(self) -> bool:
        """Whether the page has a form to sign in; else the host has one."""

    def viewer(self, request: Request) -> Viewer | None:
        """Who asks, or None where they may see nothing. Never raises."""


class ByHost:
    """The host's own login.

    Args:
        ask: Says of a request, as the host's server gives it, who asks; None for nobody.
    """

    signs_in = False

    def __init__(self, ask: Callable[[Any], Viewer | None]) -> None:
        self._ask = ask

    def viewer(self, request: Request) -> Viewer | None:
        """Who asks, or None where they may see nothing. Never raises."""
        try:
            found = self._ask(request.host)
        except Exception:  # the host's own code
            return None
        if not isinstance(found, Viewer):
            return None
        return Viewer(str(found.name)[:_MOST_NAME], found.may_act is True)


class ByToken:
    """A token, as a bearer token or typed into the page's form.

    What a browser keeps is signed with the token: every process that knows it knows the login.

    Args:
        token: The token; empty where nobody may sign in.
        viewer: Whom it stands for.
        once: A key that signs in once, for a link.
        clock: The time.
    """

    signs_in = True

    def __init__(
        self, token: str, viewer: Viewer, *, once: str = "", clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._token = token
        self._viewer = viewer
        self._once = [once] if once else []
        self._clock = clock
        self._tries = Tries(clock)
        self._key = sha256(b"obskit console\0" + token.encode()).digest()

    def viewer(self, request: Request) -> Viewer | None:
        """Who asks, or None where they may see nothing. Never raises."""
        given = request.headers.get("authorization", "")
        if has_bearer(request):
            return self._viewer if self.takes(given[len(_BEARER) :].strip(), request) else None
        return self._viewer if self._is_signed(request.cookies.get(COOKIE, "")) else None

    def takes(self, token: str, request: Request) -> bool:
        """Whether this is the token; not even looked at where too many were wrong.

        Args:
            token: What was given.
            request: The request that brings it.
        """
        if self.wait(request):
            return False
        same = hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())
        if not (same and self._token):
            self._tries.failed(request.peer)
            security.login_failed()
            return False
        return True

    def wait(self, request: Request) -> float:
        """How many seconds no token is taken from where a request came from; 0 where one is.

        Args:
            request: The request.
        """
        return self._tries.wait(request.peer)

    def takes_once(self, key: str) -> bool:
        """Whether this is the key of the link, which then opens nothing any more."""
        for one in self._once:
            if hmac.compare_digest(key.encode("utf-8", "replace"), one.encode()):
                self._once.clear()
                return True
        return False

    def session(self) -> str:
        """What a browser that has signed in shows from now on."""
        until = f"{int(self._clock.now()) + LASTS}.{secrets.token_hex(8)}"
        return f"{until}.{self._signature(until)}"

    def _is_signed(self, session: str) -> bool:
        until, _, signature = session.rpartition(".")
        seconds = until.partition(".")[0]
        if not self._token or not seconds.isascii() or not seconds.isdigit():
            return False
        known = hmac.compare_digest(signature.encode(), self._signature(until).encode())
        return known and self._clock.now() < int(seconds[:12])

    def _signature(self, until: str) -> str:
        return hmac.new(self._key, until.encode(), sha256).hexdigest()


def has_bearer(request: Request) -> bool:
    """Whether a request brings a bearer token.

    Args:
        request: The request.
    """
    return request.headers.get("authorization", "")[: len(_BEARER)].lower() == _BEARER


def cookie(value: str, request: Request) -> tuple[str, str]:
    """The header that has a browser keep a value: for this page alone, out of reach of scripts.

    Args:
        value: The value; empty to forget it.
        request: The request that is answered.
    """
    lasts = LASTS if value else 0
    secure = "; Secure" if request.scheme == "https" else ""
    path = f"{request.base}/"
    told = f"{COOKIE}={value}; Path={path}; Max-Age={lasts}; HttpOnly; SameSite=Strict{secure}"
    return "Set-Cookie", told
