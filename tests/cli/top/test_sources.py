"""Who is asked how a service is."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("click", reason="Click is not installed")

from tests.checks.given import eventually
from tests.cli.host import kept
from tests.cli.top.given import DEAD, TOKEN, shop

from obskit.cli.top import sources
from obskit.cli.top.sources import Watched, of_store, of_url
from obskit.cli.top.view import Look
from obskit.config import Config
from obskit.registry import Registry
from obskit.state.opening import open_store


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        service="shop", state_url=f"sqlite:///{tmp_path}/state.sqlite3", run_dir=str(tmp_path)
    )


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("flask", reason="Flask is not installed")
    with shop(tmp_path_factory.mktemp("shop")) as found:
        yield found


class Answering:
    """A server that answers with what it is told to, and says who asked, and how many at once."""

    def __init__(self) -> None:
        self.body = b"{}"
        self.status = 200
        self.asked = self.most = 0
        self.logins: list[str | None] = []
        self.waits = threading.Event()
        self.waits.set()
        self._now = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._count(1)
                outer.logins.append(self.headers["Authorization"])
                outer.waits.wait()
                outer._count(-1)
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: object) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/health"

    def measured(self, value: float, age: float) -> None:
        """Answer from now on that a check measured this so many seconds ago."""
        facts = {"status": "ok", "value": value, "age_seconds": age}
        self.body = json.dumps({"status": "healthy", "checks": {"rows": facts}}).encode()

    def _count(self, by: int) -> None:
        self._now += by
        self.asked += by > 0
        self.most = max(self.most, self._now)


@pytest.fixture
def answering() -> Iterator[Answering]:
    found = Answering()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.01,))
    thread.start()
    yield found
    found.waits.set()
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def test_a_store_tells_what_is_kept_with_trends(config: Config) -> None:
    registry = Registry()
    registry.add("rows", lambda: 3, every="1m")
    registry.add("quiet", lambda: None, every="1m")
    now = time.time()
    store = open_store(config.state_url or "", "shop")
    for ago, status, value in ((3_600.0, "ok", 1.0), (600.0, "critical", 90.0), (10.0, "ok", 3.0)):
        store.keep(kept("rows", now - ago, status=status, value=value))
    store.keep(kept("quiet", now - 10.0))
    store.close()
    look = of_store(registry, config, 86_400.0)(None)
    assert (look.source, look.health, look.trouble) == ("shop", "healthy", "")
    trends = {name: [value for _, value in each] for name, each in look.trends.items()}
    assert trends == {"rows": [1.0, 90.0, 3.0]}
    assert look.overview and {each.name for each in look.overview.checks} == {"rows", "quiet"}
    of_late = of_store(registry, config, 2_400.0)(None)
    assert [value for _, value in of_late.trends["rows"]] == [90.0, 3.0]


def test_a_store_that_cannot_be_read_is_said(config: Config, tmp_path: Path) -> None:
    (tmp_path / "state.sqlite3").mkdir()
    look = of_store(Registry(), config, 60.0)(None)
    assert look.overview is not None
    assert "unable to open database file" in look.overview.problems[0]


def test_a_store_that_is_none_is_said_beside_how_it_was(tmp_path: Path) -> None:
    before = Look("shop", trends={"rows": [(1.0, 2.0)]})
    config = Config(service="shop", state_url="oracle://db", run_dir=str(tmp_path))
    look = of_store(Registry(), config, 60.0)(before)
    assert (look.health, look.trends) == ("no answer", before.trends)
    assert "oracle" in look.trouble


def test_health_tells_whoever_brings_the_token_what_its_checks_say(url: str) -> None:
    source = of_url(f"{url}/health", TOKEN, 60.0)
    eventually(lambda: source(None).trends.get("rows"))
    look = source(None)
    assert look.overview is not None
    assert (look.overview.service, look.overview.environment) == ("shop", "test")
    (rows,) = look.overview.checks
    assert (rows.name, rows.unit, rows.owner) == ("rows", "{row}", "data")


@pytest.mark.parametrize("token", [None, "wrong"])
def test_health_tells_strangers_its_status_alone(url: str, token: str | None) -> None:
    look = of_url(f"{url}/health", token, 60.0)(None)
    assert look.overview is not None
    assert (look.overview.checks, look.trouble) == ([], "")
    assert "its token is missing or wrong" in look.overview.problems[0]


def test_what_health_told_is_remembered_as_a_trend(url: str) -> None:
    source = of_url(f"{url}/health", TOKEN, 600.0)
    looks: list[Look | None] = [None]

    def told(value: float) -> bool:
        looks.append(source(looks[-1]))
        seen = looks[-1].trends.get("rows", ()) if looks[-1] else ()
        return value in [each for _, each in seen]

    for value in (3.0, 77.0):
        urllib.request.urlopen(urllib.request.Request(f"{url}/rows/{value}", method="POST")).close()
        eventually(lambda: told(value))  # noqa: B023 - called at once
    last = looks[-1]
    assert last is not None
    assert last.health == "unhealthy"
    assert [value for _, value in last.trends["rows"]][-2:] == [3.0, 77.0]


def test_what_was_measured_once_is_remembered_once(answering: Answering) -> None:
    source, looks = of_url(answering.url, TOKEN, 600.0), [Look(answering.url)]
    for value, age in ((3.0, 9.0), (3.0, 8.9), (4.0, 1.0)):
        answering.measured(value, age)
        looks.append(source(looks[-1]))
    assert [value for _, value in looks[-1].trends["rows"]] == [3.0, 4.0]


def test_a_trend_forgets_what_is_older_than_it_goes_back(answering: Answering) -> None:
    source = of_url(answering.url, TOKEN, 600.0)
    answering.measured(3.0, 3_600.0)
    before = source(None)
    answering.measured(4.0, 1.0)
    assert [value for _, value in before.trends["rows"]] == [3.0]
    assert [value for _, value in source(before).trends["rows"]] == [4.0]


def test_a_trend_holds_no_more_than_so_many_values(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_MOST", 2)
    look = Look(answering.url)
    for number in range(5):
        answering.measured(float(number), 10.0 - number)
        look = of_url(answering.url, TOKEN, 600.0)(look)
    assert [value for _, value in look.trends["rows"]] == [2.0, 3.0, 4.0]


@pytest.mark.parametrize(("token", "login"), [(TOKEN, "Bearer s3cret"), (None, None)])
def test_a_token_is_brought_where_there_is_one(
    answering: Answering, token: str | None, login: str | None
) -> None:
    of_url(answering.url, token, 60.0)(None)
    assert answering.logins == [login]


def test_a_password_in_a_url_is_brought_and_not_shown(answering: Answering) -> None:
    look = of_url(answering.url.replace("//", "//ada:hunter2@"), None, 60.0)(None)
    assert answering.logins == ["Basic YWRhOmh1bnRlcjI="]
    assert look.source == answering.url


def test_another_page_of_a_service_is_said_to_be_none_of_health(url: str) -> None:
    look = of_url(f"{url}/nowhere", TOKEN, 60.0)(None)
    assert look.trouble == (
        "it answered 404: it is no answer of /health: is a path missing, or of another server?"
    )


@pytest.mark.parametrize("status", [401, 403])
def test_who_wants_a_login_is_told_how_to_give_it(answering: Answering, status: int) -> None:
    answering.status = status
    assert of_url(answering.url, None, 60.0)(None).trouble == (
        f"it answered {status}: it, or a proxy before it, wants a login: --token-file FILE, or user and"
        " password in the URL"
    )


def test_a_host_that_is_dead_says_so_beside_how_it_was() -> None:
    before = Look("shop", trends={"rows": [(1.0, 2.0)]})
    look = of_url(DEAD, None, 60.0)(before)
    assert look == Look("shop", None, before.trends, "tcp failed: Connection refused")
    assert of_url(DEAD, None, 60.0)(None).source == DEAD


def test_a_certificate_that_nobody_trusts_ends_the_asking(answering: Answering) -> None:
    trustme = pytest.importorskip("trustme", reason="trustme is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    answering.server.socket = context.wrap_socket(answering.server.socket, server_side=True)
    look = of_url(answering.url.replace("http:", "https:"), TOKEN, 60.0)(None)
    assert look.trouble.startswith("tls failed: its certificate is not trusted: ")
    assert answering.asked == 0


def test_an_answer_that_cannot_be_read_does_not_end_the_looking(answering: Answering) -> None:
    answering.body = b"[" * 100_000
    look = sources.look(of_url(answering.url, None, 60.0))
    assert look.overview is None
    assert look.trouble


def test_nobody_is_asked_again_before_it_has_answered(answering: Answering) -> None:
    answering.body = b'{"status": "healthy"}'
    answering.waits.clear()
    watched = Watched([of_url(answering.url, None, 60.0), of_url(DEAD, None, 60.0)], 0.001)
    watched.start()
    eventually(lambda: answering.asked == 1)
    # The other one is asked meanwhile, again and again.
    for _ in range(3):
        before = watched.looks[1]
        eventually(lambda: watched.looks[1] is not before)  # noqa: B023 - called at once
    assert watched.looks[0] is None
    answering.waits.set()
    eventually(lambda: watched.looks[0] is not None and answering.asked > 3)
    watched.end()
    assert answering.most == 1


def test_a_source_that_fails_is_asked_again_with_what_was_known() -> None:
    known: list[Look | None] = []
    good = Look("shop", trends={"rows": [(1.0, 2.0)]})

    def source(before: Look | None) -> Look:
        known.append(before)
        if len(known) == 2:
            raise ZeroDivisionError("a strange answer")
        return good

    watched = Watched([source], 0.001)
    watched.start()
    eventually(lambda: len(known) > 2)
    watched.end()
    trouble = "it cannot be told: ZeroDivisionError: a strange answer"
    assert known[:3] == [None, good, replace(good, trouble=trouble)]


def test_nobody_is_asked_before_its_time_nor_after_the_end() -> None:
    often, once = list[object](), list[object]()

    def asking(asked: list[object]) -> sources.Source:
        def source(before: Look | None) -> Look:
            asked.append(before)
            return Look("shop")

        return source

    seldom, quick = Watched([asking(once)], 600.0), Watched([asking(often)], 0.001)
    seldom.start()
    quick.start()
    eventually(lambda: len(often) > 50 and once)
    assert len(once) == 1
    seldom.end()
    quick.end()
    eventually(lambda: "obskit-top-0" not in {each.name for each in threading.enumerate()})
