"""The rows of examples/quests: a Django service, as its operators watch it."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.e2e import waiting
from tests.rows.quests_faults import (
    aged,
    forge,
    heal,
    locked,
    log_in_wrongly,
    past,
    ruin,
    wound,
)
from tests.rows.quests_prometheus import Shown
from tests.rows.quests_service import HOME, TOKEN, Quests, Said, copied, generated, seeded
from tests.rows.quests_vendors import Vendors, vendors

pytest.importorskip("django", reason="Django is not installed")
pytest.importorskip("gunicorn", reason="Gunicorn is not installed")

Breaks = Callable[..., Any]
wait_until = partial(waiting.wait_until, seconds=60.0)

# An hour lasts so many seconds where a row waits for the schedule.
SHORT = {"QUESTS_HOUR": "4"}
#: An hour is over with the next second.
LATER = {"QUESTS_HOUR": "1"}


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded(tmp_path_factory.mktemp("seed"))


@pytest.fixture
def quests(seed: Path, tmp_path: Path) -> Iterator[Quests]:
    yield from copied(seed, tmp_path)


def is_well(quests: Quests, *names: str) -> bool:
    """Whether these checks are ok once the hour is over."""
    return set(quests.statuses(*names, **LATER).values()) == {"ok"}


@pytest.mark.row("Log files: two formats, four places, each check's result")
def test_log_files(quests: Quests, breaks: Breaks) -> None:
    quests.start(**SHORT)
    assert breaks(quests.approve, *quests.pending(5)[:2]) == [200, 409]
    file, errors, audit, console = (
        path.read_text()
        for path in (*(quests.logs / f"{name}.log" for name in ("quests", "errors", "audit")),
                     quests.folder / "console")
    )  # fmt: skip
    verbose = r"^INFO: 20\S+ \S+ applications \d+ \[[0-9a-f]{32}\] Application approved: app"
    assert len(re.findall(verbose, file, re.MULTILINE)) == 1
    assert re.search(r"^ERROR: .* Quest assignment failed: quest 5 is full$", errors, re.MULTILINE)
    assert "INFO:" not in errors
    assert "application.approved by ada" in audit
    assert "application.approved" not in file
    standard = r"^20[^\[]+ \[INFO\] applications: Application approved"
    assert len(re.findall(standard, console, re.MULTILINE)) == 1
    assert '"Application approved' not in console
    assert "django.request: Conflict: /applications/" in console
    monitoring = quests.lines / "monitoring.log"
    wait_until(
        "two passes of a check",
        lambda: monitoring.read_text().count('"event":"database is ok"') > 1,
    )
    quests.stop()

    size = (quests.logs / "quests.log").stat().st_size
    quests.start(QUESTS_LOGGING="obskit", **SHORT)
    assert quests.approve(quests.pending(4)[0]) == [200]
    assert (quests.logs / "quests.log").stat().st_size == size
    assert '"Application approved' in (quests.lines / "quests.log").read_text()
    assert '"Application approved' in (quests.folder / "console").read_text()


@pytest.mark.row("Words in the logs that must not stand there")
def test_words_in_logs(quests: Quests, breaks: Breaks) -> None:
    quests.start()
    names = ("critical-lines", "approvals-failed", "assignments-failed",
             "transactions-rolled-back", "status-reverted")  # fmt: skip
    assert set(quests.statuses(*names).values()) == {"ok"}
    waiting = quests.pending(5)
    breaks(quests.approve, *waiting[:4])
    breaks(wound, quests)
    assert quests.ask("/quests/5/").status == 200
    found = quests.checks(*names)
    assert {name: found[name]["status"] for name in names} == {
        "critical-lines": "critical",
        "approvals-failed": "ok",
        "assignments-failed": "critical",
        "transactions-rolled-back": "critical",
        "status-reverted": "critical",
    }
    assert found["approvals-failed"]["value"] == 3
    assert "quest 5 says that 5 take part: 0 do" in found["critical-lines"]["evidence"][0]
    assert quests.approve(waiting[4]) == [409]
    told = quests.obskit("check", "run", "approvals-failed", "-v")
    assert (told.code, told.out.count("Application approval failed: application")) == (2, 4)
    wait_until("the hour is over", partial(is_well, quests, *names))


@pytest.mark.row("The audit of applications against participants")
def test_audit(quests: Quests, seed: Path, breaks: Breaks) -> None:
    sound = quests.checks("audit")["audit"]
    assert (sound["status"], sound["value"], sound["details"]) == ("ok", 0, {"exit_code": 0})
    approved = (
        "INSERT INTO quests_application (quest_id, user_id, status) VALUES (1, 7, 'approved')"
    )
    breaks(quests.sql, approved)
    breaks(quests.sql, "INSERT INTO quests_participant (quest_id, user_id) VALUES (1, 9)")
    decided = "UPDATE quests_application SET decided = '2026-01-01' WHERE id = 20"
    breaks(quests.sql, decided)
    told = quests.obskit("check", "run", "audit", "-v")
    assert told.code == 2
    assert "CRITICAL  audit" in told.out
    assert "exit_code: 1" in told.out
    assert re.search(r"ISSUE application \d+ is approved, and nobody takes part", told.out)
    assert re.search(r"ISSUE participant \d+ is an orphan", told.out)
    assert "ISSUE quest 1 says 0 participants, and has 1" in told.out
    assert "ISSUE application 20 was decided, and is pending: half a transaction" in told.out
    assert "4 issues, 0 resolved since the last audit" in told.out
    heal(quests, seed)
    mended = quests.checks("audit")["audit"]
    assert (mended["status"], mended["value"]) == ("ok", 0)


@pytest.mark.row("Slow operations and database errors")
def test_slow_operations_and_database_errors(quests: Quests, breaks: Breaks) -> None:
    quests.start(QUESTS_SLOW="0.15s", QUESTS_DATABASE_WAIT="5")
    waiting = [quests.pending(number)[0:2] for number in range(1, 6)]

    def slowly(numbers: list[int]) -> None:
        threads = [threading.Thread(target=quests.approve, args=[number]) for number in numbers]
        with locked(quests):
            for thread in threads:
                thread.start()
            wait_until("all wait for the lock", lambda: quests.in_flight() == len(numbers))
            time.sleep(0.4)  # longer than an operation may take
        for thread in threads:
            thread.join()

    breaks(slowly, [first for first, _ in waiting])
    breaks(slowly, [second for _, second in waiting])
    first = quests.checks("slow-operations", "database-errors")
    assert (first["slow-operations"]["status"], first["slow-operations"]["value"]) == ("ok", 10)
    assert first["database-errors"]["status"] == "ok"
    with locked(quests):
        assert breaks(quests.approve, quests.pending(1)[0]) == [503]
    then = quests.checks("slow-operations", "database-errors")
    assert (then["slow-operations"]["status"], then["slow-operations"]["value"]) == ("critical", 11)
    assert then["database-errors"]["status"] == "critical"
    assert "database is locked" in then["database-errors"]["evidence"][0]
    assert quests.approve(quests.pending(1)[0]) == [200]
    wait_until("both are well", partial(is_well, quests, "slow-operations", "database-errors"))


@pytest.mark.row("Health for people and for load balancers")
def test_health(quests: Quests, seed: Path, breaks: Breaks) -> None:
    quests.start(**SHORT)
    wait_until("all is healthy", lambda: quests.ask("/health/").status == 200)
    assert quests.ask("/health/").json == {"status": "healthy"}
    told = quests.health().json["checks"]
    assert told["model-counts"]["message"] == "Quest: 5, Application: 110, Participant: 10"
    breaks(forge, quests)
    wait_until("it is degraded", lambda: quests.ask("/health/").json == {"status": "degraded"})
    assert quests.ask("/health/").status == 503
    assert quests.ask("/health/quick/").status == 200
    breaks(wound, quests)
    wait_until("the data are wrong", lambda: quests.seen("integrity") == "critical")
    assert (quests.ask("/health/").status, quests.ask("/health/").json) == (
        503,
        {"status": "unhealthy"},
    )
    breaks(ruin, quests)
    wait_until("nobody is sent here", lambda: quests.ask("/health/quick/").status == 503)
    assert quests.ask("/health/quick/").json == {"status": "not_ready"}
    assert "file is not a database" in quests.health().json["checks"]["database"]["message"]
    heal(quests, seed)
    wait_until("people are sent here", lambda: quests.ask("/health/quick/").status == 200)
    wait_until("the data are right", lambda: quests.seen("integrity") == "ok")


@pytest.fixture
def told(quests: Quests, tmp_path: Path) -> Iterator[Vendors]:
    with vendors(tmp_path / "vendors", HOME / "alerts.toml") as made:
        yield made


def tell(quests: Quests, told: Vendors, *names: str) -> Said:
    """Run checks, and tell people."""
    alerts = ("--notify", "--alerts", str(told.alerts))
    return quests.obskit("check", "run", *alerts, *names, **told.trust)


@pytest.mark.row("Alerts by e-mail, Slack, Discord, SMS and the dashboard")
def test_channels(quests: Quests, told: Vendors, seed: Path, breaks: Breaks) -> None:
    breaks(ruin, quests)
    assert tell(quests, told, "database").code == 2
    heal(quests, seed)
    title = "[SEV1] quests (production): database is critical"
    ((mail, by_tls),) = told.mail
    html = told.html()
    assert (mail["Subject"], by_tls) == (title, True)
    assert "border-left: 6px solid #ff0000" in html
    assert "file is not a database" in html
    assert re.search(r"<p>quests \(production\), 20\S+Z</p>", html)
    (slack,), (discord,) = told.of("hooks.slack.com"), told.of("discord.com")
    (sms,), (board,) = told.of("sms.example.org"), told.of("dashboard.example.org")
    (attachment,) = slack["attachments"]
    assert (attachment["color"], attachment["title"]) == ("#ff0000", title)
    assert "file is not a database" in attachment["text"]
    assert (attachment["footer"], slack["channel"]) == ("obskit", "#quests")
    assert attachment["ts"] > 1.7e9
    (embed,) = discord["embeds"]
    assert (embed["color"], embed["footer"]["text"]) == (0xFF0000, "obskit")
    assert "database is critical" in embed["title"]
    assert re.search(r"20\d\d\\-\d\d\\-\d\dT", embed["description"])
    assert sms["title"] == board["title"] == title
    assert {one.tls for one in told.taken} == {"TLSv1.3"}
    assert tell(quests, told, "database").code == 0


@pytest.mark.row("What is urgent, what can wait an hour, what a day")
def test_urgency(quests: Quests, told: Vendors, seed: Path, breaks: Breaks) -> None:
    quests.start()
    breaks(wound, quests)
    assert tell(quests, told, "audit", "activity").code == 2
    assert told.subjects() == ["Daily digest quests (production): 2 failing"]
    daily = told.html()
    assert "border-left: 6px solid #0099ff" in daily
    assert "<b>audit is critical</b>" in daily
    assert "<b>activity is warning</b>" in daily
    heal(quests, seed)

    past(quests, "error-share", 0.01)
    past(quests, "response-time", 0.1)
    places = [number for quest in range(1, 6) for number in quests.pending(quest)[: 6 - quest]]
    breaks(quests.approve, *places, *quests.pending(5)[1:6])
    with locked(quests):
        breaks(quests.approve, *quests.pending(4)[5:9])
    hourly = ("approval-failures", "assignment-failures", "error-share", "response-time")
    assert tell(quests, told, *hourly).code == 2
    assert told.subjects()[1:] == ["[SEV2] quests (production): 4 failing"]
    waits = told.html()
    assert "border-left: 6px solid #ff9900" in waits
    assert re.search(r"approval-failures is critical</b><br>\s+[\d.]+: critical from 0.05", waits)
    assert re.search(r"assignment-failures is critical</b><br>\s+[\d.]+: critical from 0.03", waits)
    assert re.search(r"error-share is critical</b><br>\s+.* critical from 1.5 × upward", waits)
    assert re.search(r"response-time is critical</b><br>\s+.* critical from 3 × upward", waits)
    assert told.of("sms.example.org") == []

    breaks(wound, quests)
    quests.ask("/quests/5/")
    breaks(quests.stop)
    assert tell(quests, told, "critical-lines", "integrity", "service").code == 2
    assert told.subjects()[2:] == ["[SEV1] quests (production): 3 failing"]
    at_once = told.html()
    assert "#ff0000" in at_once
    for name in ("critical-lines", "integrity", "service"):
        assert f"<b>{name} is critical</b>" in at_once
    assert [one["title"] for one in told.of("sms.example.org")] == told.subjects()[2:]
    breaks(ruin, quests)
    assert tell(quests, told, "database").code == 2
    assert told.subjects()[3:] == ["[SEV1] quests (production): database is critical"]

    heal(quests, seed)
    quests.start(**LATER)
    report = quests.obskit("review", "daily", **LATER).out
    assert re.match(r"daily review of quests, 20\S+Z: DEGRADED\n", report)
    assert re.search(r"^  OK +audit ", report, re.MULTILINE)
    for name in ("response-time", "error-share", "activity"):
        assert re.search(rf"^  \w+ +{name} ", report, re.MULTILINE)
    names = ("critical-lines", "integrity", "service", "database", *hourly)
    wait_until("all is well", partial(is_well, quests, *names))


@pytest.mark.row("Rotation and retention")
def test_rotation(quests: Quests, breaks: Breaks) -> None:
    uncompressed = [quests.lines / f"app.log-20260101T00000{n}.000000-7" for n in range(5)]
    for file in uncompressed if breaks(bool, [1]) else ():
        file.write_text('{"level":"info","event":"left"}\n')
    assert quests.statuses("rotation") == {"rotation": "warning"}
    aged(quests)
    yesterday = time.time() - 86_400
    app = quests.lines / "app.log"
    app.write_text('{"level":"info","event":"1 days"}\n')
    os.utime(app, (yesterday, yesterday))
    quests.start()
    assert quests.ask("/quests/").status == 200
    wait_until("yesterday's file is rotated", lambda: "1 days" not in app.read_text())
    wait_until("all is compressed", lambda: not list(quests.lines.glob("app.log-*[!z]")))
    assert list(quests.lines.glob("app.log-*.gz"))
    wait_until("what is old is gone", lambda: ("critical", "1000 days") in quests.logged("days"))
    assert quests.logged("days") == {
        ("info", "1 days"),
        *((level, "8 days") for level in ("info", "warning", "error", "critical")),
        *((level, "31 days") for level in ("warning", "error", "critical")),
        *((level, "91 days") for level in ("error", "critical")),
        ("critical", "366 days"),
        ("critical", "1000 days"),
    }
    wait_until("nothing is left", partial(is_well, quests, "rotation"))


@pytest.mark.row("Secrets, permissions, and logs that nobody alters unseen")
def test_security(quests: Quests, breaks: Breaks) -> None:
    quests.start()
    secret = "hunter2-and-more"
    assert breaks(log_in_wrongly, quests, secret) == 200
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(partial(log_in_wrongly, quests), [secret] * 9))
    assert (
        quests.ask("/search/?q=birds&token=" + secret, Authorization=f"Bearer {secret}").status
        == 200
    )
    assert forge(quests) == 403
    assert quests.approve(quests.pending(5)[0]) == [200]
    written = "".join(file.read_text() for file in quests.logs.rglob("*.log"))
    assert secret not in written + (quests.folder / "console").read_text()

    assert quests.ask("/health/").json.keys() == {"status"}
    assert quests.ask("/metrics").status in {401, 403, 404}
    assert (
        "obskit_security_failed_logins"
        in quests.ask("/metrics", Authorization=f"Bearer {TOKEN}").body
    )
    modes = {file.stat().st_mode & 0o777 for file in quests.logs.rglob("*") if file.is_file()}
    assert modes <= {0o640, 0o600}

    chain = quests.lines / "audit.log"
    sound = chain.read_text()
    breaks(chain.write_text, sound.replace("application.approved", "application.rejected"))
    breaks((quests.lines / "app.log").chmod, 0o644)
    report = quests.obskit("review", "security")
    assert report.code == 2
    for line in ("CRITICAL  audit-chain", "CRITICAL  permissions", "WARNING   failed-logins",
                 "WARNING   forged-requests", "OK        privileged-acts"):  # fmt: skip
        assert line in report.out
    assert "audit.log:2: record 2 was changed" in report.out
    assert "app.log: is open as 0644: chmod 0640" in report.out
    chain.write_text(sound)
    (quests.lines / "app.log").chmod(0o640)
    assert is_well(quests, "audit-chain", "permissions")


@pytest.mark.row("Everything looked at in its rhythm")
def test_rhythm(quests: Quests, breaks: Breaks) -> None:
    listed = quests.obskit("check", "list").out
    for rhythm, names in {
        "every 5m": ("database", "service", "critical-lines", "database-errors"),
        "every 15m": (
            "slow-operations",
            "approvals-failed",
            "transaction-success",
            "response-time",
        ),
        "every 1h": ("integrity", "model-counts"),
        "at 0 6 * * * UTC": ("audit",),
        "at 0 7 * * 1 UTC": ("permissions", "audit-chain", "rotation"),
    }.items():
        for name in names:
            assert re.search(rf"^{name} +sev\d +{re.escape(rhythm)}(?: |$)", listed, re.MULTILINE)
    crontab = (HOME / "crontab").read_text()
    for line in (
        r"^\*/5 \* \* \* \* .*check run --notify$",
        r"^0 6 \* \* \* .*review daily$",
        r"^0 7 \* \* 1 .*review weekly; .*review security; .*obskit doctor$",
        r"^0 8 1 \* \* .*check report --since 30d; .*review monthly$",
    ):
        assert re.search(line, crontab, re.MULTILINE)

    def fail() -> object:
        with locked(quests):
            return breaks(quests.approve, quests.pending(1)[0])

    quests.start(QUESTS_HOUR="8", QUESTS_DATABASE_WAIT="1")
    breaks(wound, quests)
    fail()
    breaks((quests.logs / "quests.log").chmod, 0o666)
    # Nobody runs anything: each is found in its time.
    wait_until("five minutes are over", lambda: quests.seen("database-errors") == "critical")
    wait_until("the hour is over", lambda: quests.seen("integrity") == "critical")
    wait_until("so it is", lambda: quests.seen("transactions-rolled-back") == "critical")
    monitoring = quests.lines / "monitoring.log"
    assert "transactions-rolled-back is critical" in monitoring.read_text()

    def is_in_rhythm() -> bool:
        told = monitoring.read_text()
        often, seldom, least = (
            len(re.findall(rf'"obskit.check.name":"{name}"', told))
            for name in ("database-errors", "slow-operations", "model-counts")
        )
        return often > seldom > least > 1

    wait_until("each has run in its time", is_in_rhythm)
    daily, weekly = (quests.obskit("review", tag).out for tag in ("daily", "weekly"))
    assert "CRITICAL  audit" in daily
    assert "CRITICAL  permissions" in weekly
    monthly = quests.obskit("review", "monthly").out
    for name in ("error-share", "response-time", "consistency"):
        assert re.search(rf"^  \w+ +{name}\b", monthly, re.MULTILINE)
    (quests.logs / "quests.log").chmod(0o640)
    assert quests.statuses("permissions") == {"permissions": "ok"}
    wait_until("the lock is gone", lambda: quests.seen("database-errors") == "ok")


@pytest.mark.row("The dashboard")
def test_dashboard(quests: Quests, tmp_path: Path, breaks: Breaks) -> None:
    assert shutil.which("prometheus"), "Prometheus is missing: make tools installs it"
    quests.start(**SHORT)

    def use() -> None:
        for path in ("/quests/1/", "/search/?q=birds", "/quests/99/"):
            quests.ask(path)
        quests.ask("/quests/", {"title": "Feed the ducks"}, X_User="ada")
        quests.approve(quests.pending(4)[0])

    use()
    with Shown(quests, tmp_path) as shown:
        (processes,) = shown.panel("service", "Processes")
        assert processes == ({}, 1.0)
        (up,) = shown.panel("service", "Youngest process")
        assert up[1] > 0
        wait_until("checks are scraped", lambda: shown.value("consistency") == 1.0)
        assert shown.value("audit-found") == 0
        assert shown.value("last-audit") > 0
        for _ in range(3):
            breaks(use)
        wait_until(
            "what people did is there",
            lambda: all(shown.risen(name) > 0 for name in
                        ("quests_created", "quests_viewed", "features_used")),
        )  # fmt: skip
        assert shown.panel("service", "p95")[0][1] > 0
        failed = shown.panel("operations", "Failed", letter="A")
        assert ({"obskit_operation_name": "application-approval"}, 1.0) not in failed
        wait_until("approvals are shown", lambda: shown.approvals() > 0)
        breaks(wound, quests)
        quests.manage("audit_participants")
        wait_until("issues are shown", lambda: shown.value("audit-found") == 5)
        wait_until("so is the score", lambda: shown.value("consistency") < 1)
        breaks(quests.sql, "UPDATE quests_application SET status = 'pending' WHERE quest_id = 5")
        breaks(quests.sql, "UPDATE quests_application SET decided = NULL")
        breaks(quests.sql, "UPDATE quests_quest SET taken = 0 WHERE id = 5")
        quests.manage("audit_participants")
        wait_until("they are resolved", lambda: shown.value("audit-resolved") == 5)
        wait_until("none is left", lambda: shown.value("audit-found") == 0)
        wait_until("all is consistent", lambda: shown.value("consistency") == 1)
        quests.approve(*quests.pending(5)[:6], 9_999, *[9_998] * 16)
        wait_until("failures are shown", lambda: shown.value("transaction-success") < 0.5)
        breaks(ruin, quests)
        wait_until("the database is red", lambda: shown.state("database") == 4)
        wait_until("errors are shown", lambda: failing(quests, shown) > 0)


def failing(quests: Quests, shown: Shown) -> float:
    """Which share of the requests fails, as the dashboard shows it, while somebody asks."""
    assert quests.ask("/quests/").status == 500
    return float(shown.panel("service", "Failed")[0][1])


@pytest.mark.row("The monitoring, measured")
def test_monitoring_measured(quests: Quests, seed: Path, breaks: Breaks) -> None:
    quests.start(**SHORT)
    wait_until("the checks have run", lambda: quests.ask("/health/").status == 200)
    good = wait_until("a run is kept", lambda: quests.report("service", **SHORT))
    assert (good["up"], good["failed"]) == (1.0, 0)
    breaks(ruin, quests)
    wait_until("it is known", lambda: quests.seen("service") == "critical")
    lasting = wait_until("it is kept", lambda: kept_as(quests, failing=True))
    assert (lasting["failed"], lasting["in_time"]) == (1, 0)
    quests.obskit("check", "silence", "service", "--for", "1h", "--reason", "we mend it")
    assert quests.report("service", **SHORT)["in_time"] == 1
    heal(quests, seed)
    wait_until("it is over", lambda: quests.seen("service") == "ok")
    measured = wait_until("that is kept", lambda: kept_as(quests, failing=False))
    assert measured["watched"] > 0.999
    assert measured["up"] < 0.995
    assert (measured["failed"], measured["mended"], measured["in_time"]) == (1, 1, 1)
    assert 0 < measured["detection_seconds"] < 300
    assert 0 < measured["longest_seconds"] < 3_600
    told = quests.obskit("check", "report", "service", **SHORT).out.splitlines()
    assert told[0].split() == ["CHECK", "WATCHED", "UP", "FAILED", "LONGEST", "MENDED", "FLAPPED",
                               "IN", "TIME", "DETECTED"]  # fmt: skip
    assert told[1].startswith("service ")

    quests.stop()
    for fault in (
        "INSERT INTO quests_application (quest_id, user_id, status) VALUES (1, 7, 'approved')",
        "INSERT INTO quests_participant (quest_id, user_id) VALUES (2, 9)",
        "UPDATE quests_quest SET taken = 1 WHERE id = 1",
        "UPDATE quests_application SET decided = '2026-01-01' WHERE id = 1",
    ):
        breaks(quests.sql, fault)
    found = quests.checks("integrity")["integrity"]
    assert (found["status"], found["value"]) == ("critical", 5)
    for kind in ("is approved, and nobody", "is an orphan", "quest 1 says 1", "half a transaction"):
        assert any(kind in line for line in found["evidence"])
    heal(quests, seed)
    assert quests.statuses("integrity") == {"integrity": "ok"}


def kept_as(quests: Quests, *, failing: bool) -> dict[str, Any] | None:
    """The report of the service, once it tells that it fails, or no longer does."""
    told = quests.report("service", **SHORT)
    return told if told["failing"] is failing else None


@pytest.mark.row("What is wrong with the monitoring itself")
def test_doctor(quests: Quests, told: Vendors, seed: Path, breaks: Breaks) -> None:
    def ask(*complaints: str, **given: str) -> Said:
        return quests.obskit("doctor", "--alerts", str(told.alerts), *complaints, **given)

    everything = ("logs", "alerts", "false-alarms", "overhead")
    quests.start(**SHORT)
    wait_until("nothing is wrong", lambda: ask(*everything).code == 0)

    aside = quests.logs / "aside"
    breaks(quests.lines.rename, aside)
    breaks((told.alerts.parent / "slack").unlink)
    breaks(quests.obskit, "check", "silence", "audit", "--for", "1h", "--reason", "we mend it")
    assert quests.ask("/quests/").status == 200
    ill = ask("logs", "alerts")
    assert ill.code == 1
    assert f"{quests.lines} is no folder: make it: mkdir -p" in ill.out
    assert "operators/slack cannot be used: " in ill.out
    assert "we mend it: obskit check silence --end audit" in ill.out
    assert "make the folder" in (quests.folder / "console").read_text()
    aside.rename(quests.lines)

    for _ in range(3):
        breaks(ruin, quests)
        wait_until("it fails", lambda: quests.seen("service") == "critical")
        heal(quests, seed)
        wait_until("it mends itself", lambda: quests.seen("service") == "ok")
    restless = wait_until("it is kept", lambda: for_nothing(ask("false-alarms")))
    assert "service failed 3 times in 30d, was well within minutes 3 times" in restless
    assert "try failures_before_alert=2, or another threshold" in restless
    busy = ask("logs", "overhead", OBSKIT_LOG_FOLDER_MAX_BYTES="1024", OBSKIT_LOG_LEVEL="ERROR")
    assert busy.code == 1
    assert "lines below ERROR are not written: set OBSKIT_LOG_LEVEL=INFO" in busy.out
    assert "is the largest: log less there, or raise OBSKIT_LOG_FOLDER_MAX_BYTES" in busy.out
    quests.obskit("check", "silence", "--end", "audit")
    (told.alerts.parent / "slack").write_text("https://hooks.slack.com/services/T1/A1/TI")
    mended = ask("logs", "alerts", "overhead")
    assert mended.code == 0, mended.out


def for_nothing(said: Said) -> str:
    """What the doctor said of alerts for nothing, once it knows of three, and how they ended."""
    return said.out if said.code == 1 and "well within minutes 3 times" in said.out else ""


def test_what_is_generated_is_what_is_declared(tmp_path: Path) -> None:
    quests, made = Quests(tmp_path / "data"), tmp_path / "generated"
    quests.lines.mkdir(parents=True)
    said = quests.obskit("generate", "all", "-o", str(made), "--retention", "90d")
    assert said.code == 0, said.all
    assert generated(HOME / "generated") == generated(made)


def test_it_is_the_same_with_postgresql(tmp_path: Path, postgresql: str) -> None:
    with psycopg.connect(postgresql, autocommit=True) as session:
        session.execute("CREATE DATABASE quests")
    try:
        url = f"{postgresql.rpartition('/')[0]}/quests"
        seeded(tmp_path / "data", DATABASE_URL=url)
        quests = Quests(tmp_path / "data", DATABASE_URL=url)
        quests.start(**SHORT)
        try:
            with psycopg.connect(url, autocommit=True) as session:
                assert quests.approve(101) == [200]
                session.execute("DELETE FROM quests_participant WHERE quest_id = 5")
            wait_until("it is found", lambda: quests.seen("integrity") == "critical")
        finally:
            quests.stop()
    finally:
        with psycopg.connect(postgresql, autocommit=True) as session:
            session.execute("DROP DATABASE quests WITH (FORCE)")
