"""Who may see the status page: the host's login, or a token; strangers learn nothing."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from tests.console.browser import Browser, browser, header, parsed, unstyled
from tests.console.given import ANN, BOB, Clock, service

from obskit.capture import Capture
from obskit.config import Config
from obskit.console import Console, Viewer
from obskit.console.access import COOKIE, ByHost, ByToken
from obskit.console.message import Request

PATHS = ["/", "/check/rows", "/job/import", "/request/r-1", "/events", "/nowhere", "/request"]
# What a stranger must not learn.
TOLD = [b"shop", b"rows", b"import", b"live", b"unhealthy", b"unknown"]


def token_browser(given: str | None = "s3cret", **options: Any) -> Browser:
    shown = service(**options)
    return Browser(Console(access=given, service=lambda: shown))


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_is_told_nothing_where_the_host_has_a_login(path: str) -> None:
    found = browser(None).get(path)
    assert found.status == 403
    assert [each for each in TOLD if each in unstyled(found)] == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer s3cret\u00fc"},
        {"authorization": "Basic s3cret"},
        {"cookie": "obskit_console=99999999999.00.00"},
        {"cookie": "obskit_console="},
    ],
    ids=["nothing", "wrong", "empty", "no ascii", "basic", "forged", "empty cookie"],
)
def test_a_stranger_is_shown_a_form_to_sign_in_and_nothing_else(
    path: str, headers: dict[str, str]
) -> None:
    found = token_browser().get(path, **headers)
    assert found.status == 401
    # Where they wanted to go they know already.
    told = unstyled(found).replace(f'value="{path}"'.encode(), b"")
    assert [each for each in TOLD if each in told] == []
    assert path == "/events" or parsed(found).words == "Sign in Sign in Token Sign in"


def test_the_token_lets_in_as_a_bearer_token() -> None:
    assert token_browser().get(authorization="Bearer s3cret").status == 200
    assert token_browser().get(authorization="bearer  s3cret").status == 200


def test_the_form_signs_in_and_leads_to_what_was_asked_for() -> None:
    asked = token_browser()
    fields = parsed(asked.get("/request/r-1?x=1")).all("input")
    after = next(str(each["value"]) for each in fields if each["name"] == "next")
    found = asked.post("/login", {"token": "s3cret", "next": after})
    assert (found.status, header(found, "Location")) == (303, "/status/request/r-1?x=1")
    cookie = str(header(found, "Set-Cookie"))
    assert cookie.endswith("; Path=/status/; Max-Age=43200; HttpOnly; SameSite=Strict")
    assert "s3cret" not in cookie
    assert asked.get().status == 200


def test_over_https_the_cookie_never_travels_without() -> None:
    shown = service()
    page = Console(access="s3cret", service=lambda: shown)
    form = Request("POST", "/login", "/status", body=b"token=s3cret", scheme="https")
    assert str(header(page.answer(form), "Set-Cookie")).endswith("SameSite=Strict; Secure")


def test_a_wrong_token_is_refused_and_sets_nothing() -> None:
    asked = token_browser()
    found = asked.post("/login", {"token": "guess", "next": "/"})
    assert (found.status, header(found, "Set-Cookie")) == (401, None)
    assert "This is not the token." in parsed(found).words


@pytest.mark.parametrize(
    "after",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "evil",
        "",
        "/x\r\nSet-Cookie: a",
    ],
)
def test_signing_in_leads_nowhere_else(after: str) -> None:
    found = token_browser().post("/login", {"token": "s3cret", "next": after})
    assert (found.status, header(found, "Location")) == (303, "/status/")


@pytest.mark.parametrize("headers", [{"sec_fetch_site": "cross-site"}, {"origin": "https://evil"}])
def test_nobody_signs_in_from_another_site(headers: dict[str, str]) -> None:
    found = token_browser().post("/login", {"token": "s3cret"}, **headers)
    assert (found.status, header(found, "Set-Cookie")) == (403, None)


def test_a_login_ends_after_twelve_hours() -> None:
    clock = Clock()
    asked = token_browser(clock=clock)
    asked.post("/login", {"token": "s3cret"})
    clock.time += 12 * 3_600 - 1
    assert asked.get().status == 200
    clock.time += 1
    assert asked.get().status == 401


def test_a_login_is_known_to_every_process_with_the_token_and_to_no_other() -> None:
    asked = token_browser()
    asked.post("/login", {"token": "s3cret"})
    for token, status in (("s3cret", 200), ("another", 401)):
        other = token_browser(token)
        other.cookies = dict(asked.cookies)
        assert other.get().status == status


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_login_that_was_changed_is_none(part: int) -> None:
    asked = token_browser()
    asked.post("/login", {"token": "s3cret"})
    parts = asked.cookies[COOKIE].split(".")
    parts[part] = f"{int(parts[part], 16) + 1:0{len(parts[part])}x}"
    asked.cookies[COOKIE] = ".".join(parts)
    assert asked.get().status == 401


def test_signing_out_ends_the_login_of_the_browser() -> None:
    asked = token_browser()
    asked.post("/login", {"token": "s3cret"})
    found = asked.post("/logout", {"csrf": asked.csrf("/")})
    assert found.status == 303
    assert "; Max-Age=0;" in str(header(found, "Set-Cookie"))
    assert asked.cookies[COOKIE] == ""
    assert asked.get().status == 401


def test_a_link_signs_in_once() -> None:
    shown = service()
    access = ByToken("s3cret", ANN, once="k3y")
    page = Console(access=access, service=lambda: shown)
    first, second = Browser(page), Browser(page)
    assert first.get("/enter?key=wrong").status == 401
    assert header(first.get("/enter?key=k3y"), "Location") == "/status/"
    assert first.get().status == 200
    assert second.get("/enter?key=k3y").status == 401
    assert second.get().status == 401
    assert Browser(page).get("/enter?key=").status == 401


def test_nobody_is_let_in_by_a_link_where_there_is_none() -> None:
    assert token_browser().get("/enter?key=").status == 401
    assert browser(None).get("/enter?key=").status == 403


def test_the_page_is_off_unless_it_is_given_access_or_turned_on() -> None:
    asked = token_browser(None)
    assert [asked.get(path).status for path in (*PATHS, "/static/x", "/login")] == [404] * 9


def test_turned_on_the_token_of_health_lets_look_and_not_act() -> None:
    asked = token_browser(None, config=Config(service="shop", console=True, health_token="h3alth"))
    assert asked.get().status == 401
    asked.post("/login", {"token": "h3alth"})
    page = parsed(asked.get("/check/rows"))
    assert [each["action"] for each in page.all("form") if each["method"] == "post"] == [
        "/status/logout"
    ]
    found = asked.post("/check/rows/run", {"csrf": asked.csrf()})
    assert (found.status, "You may look, and nothing else." in parsed(found).words) == (403, True)


def test_turned_on_without_any_token_nobody_is_let_in() -> None:
    asked = token_browser(None, config=Config(service="shop", console=True))
    assert asked.get(authorization="Bearer ").status == 401
    assert asked.post("/login", {"token": ""}).status == 401
    # Anybody can sign with a token that is empty.
    asked.cookies[COOKIE] = ByToken("", ANN).session()
    assert asked.get().status == 401


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (
            Config(service="shop"),
            ("console.off", "no access is given, and OBSKIT_CONSOLE is not true"),
        ),
        (
            Config(service="shop", console=True),
            (
                "console.closed",
                "no access is given, and OBSKIT_HEALTH_TOKEN is not set: nobody can sign in",
            ),
        ),
    ],
    ids=["off", "closed"],
)
def test_why_nobody_is_let_in_is_a_line_at_the_first_request(
    config: Config, line: tuple[str, str], obskit_capture: Capture
) -> None:
    asked = token_browser(None, config=config)
    for _ in range(3):
        asked.get()
    told = [one for one in obskit_capture.lines if one["logger"] == "obskit.console"]
    assert [(one["event"], one["why"]) for one in told] == [line]


def test_an_empty_token_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="the token of the console is empty"):
        Console(access="")


@pytest.mark.parametrize("answer", [None, True, "ann", object()])
def test_what_is_no_viewer_is_nobody(answer: Any) -> None:
    shown = service()
    assert Browser(Console(access=lambda _: answer, service=lambda: shown)).get().status == 403


def test_a_viewer_of_the_host_acts_only_where_it_says_true_and_has_a_short_name() -> None:
    odd = Viewer("a" * 200, may_act="no")  # type: ignore[arg-type]
    found = ByHost(lambda _: odd).viewer(Request("GET", "/"))
    assert found == Viewer("a" * 100, may_act=False)


def test_a_login_of_the_host_that_fails_lets_nobody_in() -> None:
    def fail(_request: Any) -> Viewer:
        raise ZeroDivisionError

    shown = service()
    assert Browser(Console(access=fail, service=lambda: shown)).get().status == 403


def test_the_login_of_the_host_is_given_its_own_request() -> None:
    asked: list[Any] = []

    def look(request: Any) -> Viewer:
        asked.append(request)
        return BOB

    shown = service()
    Browser(Console(access=look, service=lambda: shown)).get()
    assert asked == [{"who": "x"}]


def test_files_tell_nothing_and_need_no_login() -> None:
    asked = browser(None)
    (script,) = parsed(browser().get()).all("script")
    assert asked.get(str(script["src"]).removeprefix("/status")).status == 200
