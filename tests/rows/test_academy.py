"""What the operators of the example academy watch, row by row."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests import browser
from tests.e2e.services import LOOPBACK
from tests.e2e.waiting import wait_until
from tests.rows.academy_outside import naming, secure_page
from tests.rows.academy_service import FOLDER, PROBE, Academy
from tests.rows.academy_stack import Watched, text_of, watching
from tests.rows.generated import kept, made_anew

for needed in ("flask", "flask_limiter", "flask_login", "flask_wtf", "sqlalchemy", "sentry_sdk"):
    pytest.importorskip(needed)
pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Prometheus")

Breaks = Callable[..., Any]
#: Seconds that anything may take to show.
SOON = 40.0


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, postgresql: str) -> Iterator[Watched]:
    """An academy that serves, and all that watches it."""
    with watching(tmp_path_factory.mktemp("academy"), postgresql) as made:
        yield made


@pytest.fixture
def academy(watched: Watched) -> Academy:
    """The academy, alone."""
    return watched.academy


@pytest.fixture(autouse=True)
def well(request: pytest.FixtureRequest) -> None:
    """Whatever was broken before, it is well as a row begins."""
    if request.node.get_closest_marker("row"):
        academy = request.getfixturevalue("watched").academy
        soon("all is well", lambda: academy.health()["status"] == "healthy")


def soon(what: str, probe: Callable[[], Any]) -> Any:
    """Wait until it is so; to look costs the machine something, too."""

    def look() -> Any:
        seen = probe()
        time.sleep(0 if seen else 0.1)
        return seen

    return wait_until(what, look, seconds=SOON)


def given(name: str) -> str:
    """What `start` sets a variable to."""
    found = re.search(rf'{name}="?(?:\${{{name}:-)?([^"}}\s]*)', (FOLDER / "start").read_text())
    assert found is not None
    return found[1]


@pytest.mark.row("Errors by class in one JSON format, with the request's id and who met them")
def test_errors(academy: Academy, breaks: Breaks) -> None:
    member = academy.member()
    assert member.send("/api/courses/1").json["minutes_a_lesson"] == 60
    invalid = breaks(member.post, "/api/subscription", plan="weekly")
    assert (invalid.status, invalid.headers["content-type"]) == (422, "application/problem+json")
    assert {**invalid.json, "request_id": ""} == {
        "title": "Unprocessable Entity",
        "status": 422,
        "code": "invalid",
        "detail": "plan is weekly: use month or year",
        "request_id": "",
    }
    assert invalid.json["request_id"] == invalid.headers["x-request-id"]
    (line,) = academy.logged(invalid.json["request_id"], "--level", "warning")
    assert line["level"] == "warning"
    assert line["url.path"] == "/api/subscription"
    assert line["user_id"] is not None
    assert line["client.address"] == LOOPBACK

    stranger = academy.client()
    assert stranger.post("/api/courses/1/complete").json["code"] == "unauthorized"
    wrong = stranger.post("/api/login", email=PROBE["email"], password="guessed")
    assert (wrong.status, wrong.json["code"]) == (401, "wrong_password")
    missing = stranger.send("/api/courses/99")
    assert (missing.status, missing.json["code"]) == (404, "not_found")

    breaks(academy.ask, "UPDATE courses SET lessons = 0 WHERE id = 1")
    failed = member.send("/api/courses/1")
    assert (failed.status, failed.json["code"]) == (500, "internal_server_error")
    assert "ZeroDivision" not in failed.text
    assert "lessons" not in failed.text
    found = academy.logged(failed.json["request_id"], "--level", "error")
    assert {one["level"] for one in found} == {"error"}
    assert {one["user_id"] for one in found} == {line["user_id"]}
    assert any("ZeroDivisionError" in json.dumps(one) for one in found)
    academy.ask("UPDATE courses SET lessons = 10 WHERE id = 1")
    assert member.send("/api/courses/1").json["minutes_a_lesson"] == 60


@pytest.mark.row(
    "Health: status, version, each check with its time, slow ones on demand, the frontend"
)
def test_health(academy: Academy, breaks: Breaks) -> None:
    found = academy.health()
    about = {name: found[name] for name in ("status", "version", "environment", "code")}
    assert about == {
        "status": "healthy",
        "version": "1.0.0",
        "environment": "production",
        "code": 200,
    }
    age = datetime.now(timezone.utc) - datetime.fromisoformat(
        found["timestamp"].replace("Z", "+00:00")
    )
    assert abs(age) < timedelta(minutes=1)
    database = found["checks"]["database"]
    assert database["status"] == "ok"
    assert database["response_time_seconds"] > 0
    assert "payment-provider" not in found["checks"]
    assert academy.health(full=True)["checks"]["payment-provider"]["status"] == "ok"
    assert academy.health(token="guessed") == {"status": "healthy", "code": 200}

    breaks(academy.fault.write_text, "down")
    soon("the provider is down", lambda: academy.state("payment-provider") == "critical")
    assert academy.health(full=True)["status"] == "healthy"
    academy.fault.unlink()
    breaks(academy.ask, "ALTER TABLE courses RENAME TO courses_away")
    try:
        soon("the frontend is ill", lambda: academy.state("frontend") == "critical")
        assert academy.state("database") == "ok"
        ill = academy.health()
        assert (ill["status"], ill["code"]) == ("unhealthy", 503)
    finally:
        academy.ask("ALTER TABLE IF EXISTS courses_away RENAME TO courses")
    soon("all is well", lambda: academy.health()["status"] == "healthy")
    soon("the provider too", lambda: academy.state("payment-provider") == "ok")


def exceptions(watched: Watched) -> list[dict[str, Any]]:
    """The events in Sentry that are of a division."""
    events = watched.sentry.envelope_items("event")
    return [one for one in events if "ZeroDivisionError" in json.dumps(one.get("exception"))]


@pytest.mark.row(
    "Sentry: errors with stack, user, release; a tenth of traces and profiles; logs kept a week"
)
def test_sentry_and_logs(watched: Watched, breaks: Breaks) -> None:
    academy, member = watched.academy, watched.academy.member()
    before = len(exceptions(watched))
    breaks(academy.ask, "UPDATE courses SET lessons = 0 WHERE id = 3")
    failed = member.send("/api/courses/3")
    soon("Sentry has it", lambda: len(exceptions(watched)) == before + 1)
    event = exceptions(watched)[-1]
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "course"
    assert str(event["user"]["id"]) == str(academy.logged("user_id")[-1]["user_id"])
    assert (event["release"], event["environment"]) == ("1.0.0", "production")
    assert event["tags"]["request_id"] == failed.json["request_id"]
    academy.ask("UPDATE courses SET lessons = 10 WHERE id = 3")
    assert member.send("/api/courses/3").status == 200
    assert len(exceptions(watched)) == before + 1

    rates = [given(f"SENTRY_{kind}_SAMPLE_RATE") for kind in ("TRACES", "PROFILES")]
    assert rates == ["0.1", "0.1"]
    sampled = len(watched.sentry.envelope_items("transaction"))
    academy.visit("/api/courses/2", 300)

    def more() -> int:
        return len(watched.sentry.envelope_items("transaction")) - sampled

    soon("a tenth is sent", lambda: more() >= 10)
    assert more() <= 80

    def profiled() -> bool:
        academy.visit("/api/courses/2", 60)
        return bool(watched.sentry.envelope_items("profile"))

    soon("one in ten of them with a profile", profiled)
    kept_a_week(academy, breaks)


def kept_a_week(academy: Academy, breaks: Breaks) -> None:
    """Lines of six days ago are there after files were looked over, those of forty are not."""
    for days in (6, 40):
        breaks(academy.write_of, days)
    breaks(academy.run, "obskit", "check", "worker", "--once", "--app", "watch")

    def old() -> set[str]:
        return {one["event"] for one in academy.logged("of [0-9]+ days", since="90d")}

    soon("too old ones are gone", lambda: old() == {"of 6 days, debug", "of 6 days, info"})


@pytest.mark.row("Uptime from outside: HTTP, ping, certificate, name, and the platform's own probe")
def test_outside(watched: Watched, tmp_path: Path, breaks: Breaks) -> None:
    academy = watched.academy
    with ExitStack() as stack:
        names = stack.enter_context(naming())
        port, certify = stack.enter_context(secure_page(trustme.CA(), tmp_path, days=90))
        outside = {
            "ACADEMY_URL": f"https://localhost:{port}",
            "ACADEMY_NAMESERVER": f"{LOOPBACK}:{names.port}",
            "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
            "OBSKIT_STATE_URL": f"sqlite:///{tmp_path}/state.db",
            "OTEL_SERVICE_NAME": "academy-outside",
        }

        def look(*more: str, **given: str) -> tuple[int, dict[str, str]]:
            command = ("check", "run", "--json", "--app", "outside:registry", *more)
            done = academy.run("obskit", *command, **{**outside, **given})
            found = json.loads(done.stdout)["checks"]
            return done.returncode, {one["name"]: one["status"] for one in found}

        well = {"up": "ok", "ping": "ok", "certificate": "ok", "name": "ok"}
        assert look() == (0, well)
        listed = academy.run("obskit", "check", "list", "--app", "outside:registry").stdout
        assert re.search(r"^up .*5m", listed, re.MULTILINE)

        breaks(certify, 20)
        breaks(names.lose)
        assert look("certificate", "name")[1] == {"certificate": "warning", "name": "critical"}
        down = {"ACADEMY_URL": "https://localhost:1"}
        tell = ("--notify", "--alerts", str(watched.told))

        def mailed() -> list[str]:
            found = list(watched.box.mails)
            return [text_of(one) for one in found if "academy-outside" in str(one["Subject"])]

        heard = [len(mailed())]
        for _ in range(3):
            assert breaks(look, "up", "ping", *tell, **down)[1] == {
                "up": "critical",
                "ping": "critical",
            }
            heard.append(len(mailed()))
        assert heard == [0, 0, 0, 1]  # twice is a lost packet
        assert "up is critical" in mailed()[0]
        names.lost = False
        certify(90)
        assert look(*tell) == (0, well)
        history = academy.run(
            "obskit", "check", "history", "up", "--service", "academy-outside", **outside
        )
        assert "up in 1 of 4 runs, 25 %" in history.stdout
    platform(academy, breaks)


def platform(academy: Academy, breaks: Breaks) -> None:
    """The platform asks as it is told to, and sends nobody to whom is not ready."""
    text = (FOLDER / "fly.toml").read_text().partition("[[http_service.checks]]")[2]
    told = dict(re.findall(r'(\w+) = "([^"]+)"', text))
    assert told == {"path": "/readyz", "interval": "60s", "timeout": "10s"}

    def probe() -> int:
        return academy.get(told["path"]).status

    assert probe() == 200
    breaks(academy.shut)
    try:
        soon("it is sent nobody", lambda: probe() == 503)
    finally:
        academy.open()
    soon("it is sent people again", lambda: probe() == 200)


@pytest.mark.row(
    "The database: slow queries, quantiles and their past, the pool, storage, the backup"
)
def test_database(watched: Watched, breaks: Breaks) -> None:
    academy = watched.academy
    regressed = ("QueriesAboveLastWeek", "warning")
    panel = ("service", "Durations of all queries")
    soon("they are as quick as a week before", lambda: regressed not in watched.firing())
    soon("the pool is free", lambda: academy.state("pool") == "ok")
    told = len(academy.logged("db.query.slow"))
    with ThreadPoolExecutor(24) as people, ExitStack() as lock:
        breaks(lock.enter_context, academy.locked("courses"))
        asked = [people.submit(academy.get, "/api/courses/2") for _ in range(20)]
        soon("the pool is used up", lambda: academy.state("pool") == "critical")
        assert academy.health()["checks"]["pool"]["message"].endswith("12 of 12")
        time.sleep(1.1)  # what is slow is what is watched
    assert {one.result().status for one in asked} <= {200, 500}
    lines = academy.logged("db.query.slow")
    assert len(lines) > told
    assert "SELECT title, lessons FROM courses" in lines[-1]["db.query.text"]
    assert lines[-1]["db.client.operation.duration"] > 1
    breaks(academy.keep_waiting)
    soon("p95 is shown", lambda: watched.shown(*panel, "B") > 1)
    soon("p99 is shown", lambda: watched.shown(*panel, "C") > 1)
    assert 0 < watched.shown(*panel, "A") < watched.shown(*panel, "C")
    soon("they take longer than a week before", lambda: regressed in watched.firing())
    soon("the pool is free", lambda: academy.state("pool") == "ok")

    ballast = "CREATE TABLE ballast AS SELECT repeat('x', 900) FROM generate_series(1, 9000)"
    breaks(academy.ask, ballast)
    try:
        soon("80 % of the storage are taken", lambda: academy.state("storage") == "warning")
    finally:
        academy.ask("DROP TABLE IF EXISTS ballast")
    restored(academy, breaks)
    soon("there is storage", lambda: academy.state("storage") == "ok")
    soon("they are quick again", lambda: regressed not in watched.firing())


def restored(academy: Academy, breaks: Breaks) -> None:
    """The backup of the crontab is one, until its end is missing."""
    (backup,) = academy.backups.iterdir()
    whole = backup.read_bytes()
    found = academy.check("backup-restores")["backup-restores"]
    assert (found["status"], found["value"] >= 41) == ("ok", True)
    breaks(backup.write_bytes, whole[: len(whole) // 2])
    broken = academy.check("backup-restores")["backup-restores"]
    assert (broken["status"], "cannot be restored" in broken["message"]) == ("critical", True)
    backup.write_bytes(whole)
    assert academy.check("backup-restores")["backup-restores"]["status"] == "ok"


@pytest.mark.row("Alerts: what is critical, what is a warning, what is only to be known")
def test_alerts(watched: Watched, tmp_path: Path, breaks: Breaks) -> None:
    academy, member = watched.academy, watched.academy.member()
    down = ("ServiceDown", "critical")
    database = ("CheckCritical", "critical", "database")
    sign_in = ("CheckCritical", "critical", "authentication")
    payments = ("OperationErrors", "critical", "payment")
    grave, some = ("ServiceErrors", "critical"), ("ServiceErrors", "warning")
    slow, queries = ("OperationSlow", "warning", "lesson"), ("QueriesSlow", "warning")
    logins, storage = (
        ("OperationErrors", "warning", "login"),
        ("CheckWarning", "warning", "storage"),
    )
    expected = {down, database, sign_in, payments, grave, some, slow, queries, logins, storage}
    soon("nothing of it fires", lambda: not expected & watched.firing())

    def fires(what: tuple[str, ...]) -> Callable[[], bool]:
        return lambda: what in watched.firing()

    breaks(academy.ask, "UPDATE courses SET lessons = 0 WHERE id = 4")
    soon("more than 1 % fail", lambda: academy.fail(3, 100) and some in watched.firing())
    assert grave not in watched.firing()
    soon("more than 5 % fail", lambda: academy.fail(20, 100) and grave in watched.firing())
    breaks(academy.fault.write_text, "declined")
    for _ in range(12):
        member.post("/api/subscription", plan="month")
    soon("payments fail", fires(payments))
    soon("logins fail", lambda: breaks(academy.guess, 25) and logins in watched.firing())
    breaks(academy.ask, "UPDATE users SET password = '!' || password WHERE email LIKE 'probe%'")
    breaks(
        academy.ask, "CREATE TABLE ballast AS SELECT repeat('x', 900) FROM generate_series(1, 9000)"
    )
    soon("nobody can log in", fires(sign_in))
    soon("more than 80 % of the storage is taken", fires(storage))
    academy.ask("UPDATE users SET password = ltrim(password, '!') WHERE email LIKE 'probe%'")
    academy.ask("DROP TABLE ballast")

    def slowed(what: tuple[str, ...]) -> Callable[[], Any]:
        return lambda: what in watched.firing() or breaks(academy.keep_waiting)

    soon("one lesson in twenty takes longer than 2 s", slowed(slow))
    soon("one query in twenty takes longer than 1 s", slowed(queries))
    breaks(academy.shut)
    try:
        soon("the database is down", fires(database))
    finally:
        academy.open()
    academy.fault.unlink()
    academy.ask("UPDATE courses SET lessons = 10 WHERE id = 4")
    soon("it is up", lambda: academy.health()["checks"]["database"]["status"] == "ok")
    breaks(academy.end)
    soon("nothing is heard of the academy", fires(down))
    academy.serve(
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=production,service.version=1.1.0"
    )
    informed(academy, tmp_path)
    wait_until("all is well", lambda: not expected & watched.firing(), seconds=60)


def informed(academy: Academy, folder: Path) -> None:
    """What nobody is woken for."""
    member = academy.member()
    assert (
        member.post("/api/register", email="new@example.org", password="some words").status == 201
    )
    assert academy.metric("registrations_total") == 1
    assert academy.logged("user.registered")[-1]["level"] == "info"
    assert member.post("/api/subscription", plan="year").json == {"plan": "year"}
    assert academy.metric("subscription_changes_total", plan="year") == 1
    assert academy.logged("subscription.changed")[-1]["level"] == "info"
    (release,) = {
        one["obskit.deploy.release"] for one in academy.logged("release 1.1.0 is deployed")
    }
    assert release == "1.1.0"
    with secure_page(trustme.CA(), folder, days=20) as (port, _):
        outside = {
            "ACADEMY_URL": f"https://localhost:{port}",
            "SSL_CERT_FILE": str(folder / "ca.pem"),
        }
        ends = academy.check("certificate", app="outside:registry", **outside)["certificate"]
    assert ends["status"] == "warning"


@pytest.mark.row("Security: failed logins, unusual activity by kind and user, rate limits, CSRF")
def test_security(academy: Academy, breaks: Breaks) -> None:
    def counted(what: str, **labels: str) -> float:
        return academy.metric(f"obskit_security_{what}_total", **labels)

    failed, hits, forged = (
        counted(one) for one in ("failed_logins", "rate_limit_hits", "csrf_failures")
    )
    stranger = academy.client()
    breaks(stranger.post, "/api/login", email="ann@example.org", password="guessed")
    assert counted("failed_logins") == failed + 1
    refused = breaks(stranger.send, "/api/login", PROBE)  # without the token
    assert (refused.status, refused.json["detail"]) == (400, "The CSRF token is missing.")
    assert counted("csrf_failures", http_route="/api/login") == forged + 1
    assert sorted({*breaks(academy.visit, "/api/search?word=chess", 60)}) == [200, 429]
    assert counted("rate_limit_hits", http_route="/api/search") > hits
    lines = academy.logged("(login|csrf).failed|rate_limit.exceeded", "--level", "warning")
    assert {"login.failed", "csrf.failed", "rate_limit.exceeded"} <= {one["event"] for one in lines}
    assert "ann@example.org" not in json.dumps(lines)
    soon("it is asked again", lambda: academy.get("/api/search").status == 200)
    assert stranger.post("/api/login", **PROBE).status == 200

    assert academy.state("unusual-activity") == "ok"
    for _ in range(25):
        breaks(stranger.send, "/api/courses/2")
    unusual = academy.check("unusual-activity")["unusual-activity"]
    assert unusual["status"] == "warning"
    said = "\n".join(unusual["evidence"])
    assert re.search(
        r"^lesson: \d\d in the last hour, .* the same hour of the week", said, re.MULTILINE
    )
    assert re.search(r"^user \d+: \d\d in the last hour, inf × 0", said, re.MULTILINE)
    academy.ask(
        "UPDATE activity SET at = at - interval '2 hours' WHERE user_id ="
        " (SELECT id FROM users WHERE email LIKE 'probe%')"
    )  # time goes by
    soon("nothing is unusual", lambda: academy.state("unusual-activity") == "ok")


@pytest.mark.row("Numbers of the trade, and active users against what is usual")
def test_business(watched: Watched, breaks: Breaks) -> None:
    academy, client = watched.academy, watched.academy.client()

    def measured() -> dict[str, float]:
        found = academy.check("--group", "business")
        return {name: one["value"] for name, one in found.items() if name != "database"}

    before = measured()
    assert before["monthly-active-users"] >= before["daily-active-users"] >= 40
    assert academy.state("churn") == "ok"
    breaks(client.post, "/api/register", email="zoe@example.org", password="some words")
    breaks(client.post, "/api/login", email="zoe@example.org", password="some words")
    breaks(client.post, "/api/courses/2/complete")
    breaks(academy.fault.write_text, "declined")
    declined = client.post("/api/subscription", plan="month")
    assert (declined.status, declined.json["code"]) == (402, "card_declined")
    academy.fault.unlink()
    assert client.post("/api/subscription", plan="month").json == {"plan": "month"}
    breaks(academy.ask, "UPDATE subscriptions SET ended_at = now() WHERE user_id IN (1, 2, 4, 5)")
    after = measured()
    grown = {name: after[name] - before[name] for name in after}
    assert {name: grown[name] for name in ("daily-active-users", "monthly-active-users")} == {
        "daily-active-users": 1,
        "monthly-active-users": 1,
    }
    assert (grown["registrations"], grown["completions"]) == (1, 1)
    assert (grown["active-subscriptions"], grown["recurring-revenue"]) == (1 - 4, 12 * (1 - 4))
    assert grown["failed-payments"] == 1
    assert after["conversion"] == pytest.approx(before["conversion"], abs=0.05)
    assert after["conversion"] != before["conversion"]
    assert after["churn"] == pytest.approx(5 / 31, abs=0.01)
    soon("too many have left", lambda: academy.state("churn") == "warning")
    review = academy.run("obskit", "review", "daily", "--app", "watch").stdout
    assert "recurring-revenue" in review
    soon(
        "it stands on the dashboard",
        lambda: (
            watched.shown("business", "$measured", measured="failed-payments")
            == after["failed-payments"]
        ),
    )

    assert academy.state("active-users-drop") == "ok"
    breaks(
        academy.ask,
        "CREATE TABLE kept AS SELECT * FROM activity WHERE at > now() - interval '1 hour'",
    )
    breaks(academy.ask, "DELETE FROM activity WHERE at > now() - interval '1 hour'")
    soon("they have dropped", lambda: academy.state("active-users-drop") == "warning")
    dropped = academy.health()["checks"]["active-users-drop"]
    assert "active users: 0 in the last hour" in dropped["message"]
    academy.ask("INSERT INTO activity SELECT user_id, kind, now() FROM kept")
    academy.ask("UPDATE subscriptions SET ended_at = NULL WHERE user_id IN (1, 2, 4, 5)")
    soon("they are there again", lambda: academy.state("active-users-drop") == "ok")
    soon("they have come back", lambda: academy.state("churn") == "ok")


@pytest.mark.row("CPU, memory, requests; the objectives of 99.9 % up and fewer than 0.1 % errors")
def test_objectives(watched: Watched, breaks: Breaks) -> None:
    academy, burns = watched.academy, ("ErrorBudgetBurnsFast", "critical")
    left = ("service", "Error budget left")
    soon("nothing burns", lambda: burns not in watched.firing())

    def rate() -> float:
        found = watched.panel("service", "Requests by route")
        route = "/api/courses/<int:number>"
        return sum(float(value) for one, value in found if one.get("http_route") == route)

    slow = rate()
    breaks(academy.visit, "/api/courses/2", 200)
    soon("the rate of requests has grown", lambda: rate() > slow + 1)
    breaks(academy.ask, "UPDATE courses SET lessons = 0 WHERE id = 5")

    def burning() -> bool:
        academy.visit("/api/courses/5", 60)
        return burns in watched.firing()

    soon("the budget burns", burning)
    budgets = {one["promise"]: v for one, v in watched.panel(*left)}
    assert budgets["availability"] < 0
    academy.ask("UPDATE courses SET lessons = 10 WHERE id = 5")
    breaks(academy.limit_memory, 85)
    breaks(academy.throttle, 900, 1_000)
    soon("memory is short", lambda: academy.state("memory") == "warning")
    soon("the processor too", lambda: academy.state("cpu") in {"warning", "critical"})
    academy.limit_memory(30)
    academy.throttle(900, 100_000)
    soon("memory is free", lambda: academy.state("memory") == "ok")
    soon("the processor too", lambda: academy.state("cpu") == "ok")
    soon("it burns no more", lambda: burns not in watched.firing())


@pytest.mark.row("What users see: pages loaded in 2 s, usable in 3")
@pytest.mark.skipif(not browser.is_there(), reason="needs Chromium: make tools installs it")
def test_pages(watched: Watched, tmp_path: Path, breaks: Breaks) -> None:
    academy = watched.academy
    late = {("PageLoadSlow", "warning"), ("PageInteractiveLate", "warning")}
    soon("pages are quick", lambda: not late & watched.firing())

    def views(seconds: str) -> float:
        name, moment = "obskit_page_timing_seconds_bucket", {"obskit_page_moment": "load"}
        return academy.metric(name, http_route="/", le=seconds, **moment)

    with browser.browsing(tmp_path) as window:

        def look() -> bool:
            window.open(academy.url)
            window.open("about:blank")
            return True

        look()
        soon("a page view was told", lambda: views("+Inf") >= 1)
        quick = views("+Inf") - views("2.5")
        breaks(academy.slowly, look)
        soon("it took long", lambda: views("+Inf") - views("2.5") >= quick + 1)
        soon("both are told", lambda: late <= watched.firing())
        shown = ("service", "Moments of a page, p75")
        assert watched.shown(*shown) > 2
        soon("they are quick again", lambda: look() and not late & watched.firing())


@pytest.mark.row(
    "On call: who is woken and how often, runbooks, a drill of the way, deploys announced"
)
def test_on_call(watched: Watched, breaks: Breaks) -> None:
    academy = watched.academy
    routed = (FOLDER / "generated" / "alertmanager" / "alertmanager.yml").read_text()
    assert "repeat_interval: 30m" in routed  # until somebody has mended it
    grave = "database of academy is critical"
    pages = len(watched.pages("trigger"))
    soon("nothing is told", lambda: not [one for one in watched.firing() if "critical" in one])
    breaks(academy.shut)
    try:
        soon(
            "somebody is woken", lambda: [o for o in watched.pages("trigger")[pages:] if grave in o]
        )
        soon("the team hears in Slack", lambda: grave in watched.slack())
        soon("and by mail", lambda: [one for one in watched.box.subjects if grave in one])
        woken = watched.vendors.messages("/pagerduty")[-1]
        assert "https://wiki.example.org/academy/database" in json.dumps(woken)
        soon("sign-in is skipped", lambda: academy.state("authentication") == "skipped")
        assert "authentication of academy" not in "".join(watched.pages("trigger")[pages:])
    finally:
        academy.open()
    soon("the page is taken back", lambda: [o for o in watched.pages("resolve") if grave in o])
    drill(watched, breaks)


def drill(watched: Watched, breaks: Breaks) -> None:
    """The way of an alert is tried from end to end, and a broken one is named."""
    where = ["--prometheus", watched.stack.url("prometheus_http")]
    alertmanager = watched.stack.url("alertmanager_http")

    def tried(url: str, *more: str) -> Any:
        command = ["obskit", "alerts", "simulate", "database", "--app", "watch", "--timeout", "20s"]
        return watched.academy.run(*command, *where, "--alertmanager", url, *more)

    soon("nobody else is woken", lambda: not [o for o in watched.firing() if "critical" in o])
    done = breaks(tried, alertmanager)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ +delivery .*notifications were taken", done.stdout, re.MULTILINE)
    soon("people see that it is a drill", lambda: "[DRILL" in watched.slack())
    with ThreadPoolExecutor(1) as other:
        nowhere = other.submit(breaks, tried, f"http://{LOOPBACK}:1", "--timeout", "5s")
        announced(watched, breaks)  # which goes another way
    assert nowhere.result().returncode != 0
    assert f"http://{LOOPBACK}:1 gave no answer" in nowhere.result().stdout


def announced(watched: Watched, breaks: Breaks) -> None:
    """A deploy is marked on the charts, and told by mail and in Slack."""
    command = ("deploy", "--release", "2.0.0", "--notify", "--alerts", str(watched.told))
    assert "2.0.0" not in watched.slack()
    done = breaks(watched.academy.run, "obskit", *command)
    assert done.returncode == 0, done.stderr
    soon("by mail", lambda: [one for one in watched.box.subjects if "2.0.0" in one])
    soon("in Slack", lambda: "2.0.0" in watched.slack())
    mark = 'obskit_deploy_timestamp_seconds{obskit_deploy_release="2.0.0"}'
    soon("on every chart", lambda: watched.asked(mark))
    assert watched.academy.logged("release 2.0.0 is deployed")


def test_what_is_generated_is_what_is_declared(tmp_path: Path) -> None:
    made = made_anew(FOLDER, tmp_path, "--app", "watch", "--environment", "production")
    assert made == kept(FOLDER / "generated")


def test_the_example_has_at_most_400_lines_of_python() -> None:
    files = [file for file in FOLDER.rglob("*.py") if "data" not in file.parts]
    assert sum(len(file.read_text().splitlines()) for file in files) <= 400
