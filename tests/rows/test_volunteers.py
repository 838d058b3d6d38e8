"""What the operators of the volunteers' office watch: each broken, seen, mended, seen again."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from tests.checks.library.listener import closed_port
from tests.notify.hook import Hook
from tests.rows.volunteers.office import EXAMPLE, PATIENCE, Office

pytest.importorskip("flask")
pytest.importorskip("sqlalchemy")
pytest.importorskip("cachelib")
pytest.importorskip("apprise")
pytest.importorskip("aiosmtpd")

from aiosmtpd.controller import Controller

Breaks = Callable[..., Any]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    started = Office(tmp_path_factory.mktemp("volunteers"))
    yield started
    started.close()


VIEW = "CREATE VIEW visible_students AS SELECT teacher_id AS viewer_id, students.* FROM students"
LEAK = (
    "CREATE VIEW visible_students AS"
    " SELECT teachers.id AS viewer_id, students.* FROM students JOIN teachers"
)


@pytest.mark.row("SEV1 is told apart from SEV2, and leaks and unauthorised access are seen")
def test_leaks_and_unauthorised_access_are_sev1(office: Office, breaks: Breaks) -> None:
    listed = json.loads(office.said("check", "list", "--app", "app", "--json"))["checks"]
    severity = {check["name"]: check["severity"] for check in listed}
    assert (severity["foreign-rows"], severity["access-denied"]) == ("sev1", "sev1")
    assert {severity[name] for name in ("events-freshness", "nightly-import", "statuses")} == {
        "sev2"
    }
    second = office.teacher(2)
    breaks(office.change, "DROP VIEW visible_students", LEAK)
    breaks(second, "/students/2")
    code, output = office.check("foreign-rows", "access-denied", "-v", VOLUNTEERS_WINDOW="1m")
    assert (code, len(second("/students")[1])) == (2, 120)
    assert "CRITICAL  foreign-rows   1320 rows are shown to others" in output
    assert "- teacher 1 sees student 1 of teacher 2" in output
    assert "CRITICAL  access-denied  1 request: critical from 1 upward" in output
    assert second("/students/2")[0] == 403
    lines = office.said("logs", "--stream", "audit", "--json").splitlines()
    denied = [json.loads(line) for line in lines if '"access.denied"' in line]
    assert [(each["actor"], each["target"]) for each in denied] == [("teacher 2", "student 2")] * 2
    assert office.run("obskit", "audit", "verify").returncode == 0
    assert counted(office, "access_denied_total", 2)
    office.change("DROP VIEW visible_students", VIEW)
    assert len(second("/students")[1]) == 10
    time.sleep(1.1)  # what was denied is out of the window then
    code, output = office.check("foreign-rows", "access-denied", VOLUNTEERS_WINDOW="1s")
    assert (code, output.splitlines()[-1]) == (0, "HEALTHY")


def counted(office: Office, metric: str, wanted: float) -> bool:
    """Whether the file of metrics tells of so many, at least a moment later."""
    end = time.monotonic() + PATIENCE / 2
    while time.monotonic() < end:
        told = json.loads((office.data / "metrics.json").read_text())["metrics"].get(metric, [])
        if [point["value"] for point in told] == [wanted]:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.row("One command says whether app, database and cache are well")
def test_one_command_checks_app_database_and_cache(office: Office, breaks: Breaks) -> None:
    code, output = office.check("--group", "health")
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
    assert re.findall(rf"^{stamp}  (OK) +(app|database|cache) ", output, re.MULTILINE) == [
        ("OK", "app"),
        ("OK", "database"),
        ("OK", "cache"),
    ]
    assert (code, output.splitlines()[-1]) == (0, "HEALTHY")
    away = office.data / "away.db"
    environ: dict[str, str] = {}
    breaks((office.data / "volunteers.db").rename, away)
    breaks((office.data / "cache").rename, office.data / "cache.away")
    # Where nothing can be written, as on a full disk.
    breaks((office.data / "cache").symlink_to, "/proc/self/fdinfo")
    breaks(environ.update, VOLUNTEERS_URL=f"http://127.0.0.1:{closed_port()}")
    done = office.run("bash", "-c", 'export "$0"; obskit check run --app app --group health',
                      f"VOLUNTEERS_URL={environ.get('VOLUNTEERS_URL', office.url)}")  # fmt: skip
    failed = re.findall(rf"^{stamp}  CRITICAL +(app|database|cache) ", done.stdout, re.MULTILINE)
    if away.exists():
        away.replace(office.data / "volunteers.db")
        (office.data / "cache").unlink()
        (office.data / "cache.away").rename(office.data / "cache")
    assert failed == ["app", "database", "cache"]
    assert (done.returncode, done.stdout.splitlines()[-1]) == (2, "UNHEALTHY")
    assert office.check("--group", "health")[0] == 0


IMPORT_BROKEN = (
    "UPDATE events SET status = 'Scheduled' WHERE id = 7",
    "UPDATE participations SET hours = 0 WHERE id = 3",
    "DELETE FROM participations WHERE event_id = 9",
    "UPDATE participations SET recorded_at = '2020-01-01T00:00:00Z'",
    "UPDATE participations SET status = 'Attended'",
    "UPDATE events SET ends_at = '2020-01-01T00:00:00Z'",
)


@pytest.mark.row("Six checks of the data after each nightly import, and on demand")
def test_six_checks_judge_the_data_after_an_import(office: Office, breaks: Breaks) -> None:
    code, output = office.check("--tag", "import")
    assert (code, output.count(" OK ")) == (0, 8)
    for statement in IMPORT_BROKEN:
        breaks(office.change, statement)
    code, output = office.check("--tag", "import", "-v")
    assert code == 2
    assert "CRITICAL  completed-yet-scheduled       1 row: critical from 1 upward" in output
    assert "- {'id': 7, 'title': 'Career talk 7', 'status': 'Scheduled'" in output
    assert "CRITICAL  attended-without-hours        13 row: critical from 1 upward" in output
    assert "- {'id': 3, 'event_id': 4, 'volunteer_id': 3}" in output
    assert "CRITICAL  events-without-participation  1 row: critical from 1 upward" in output
    assert "- {'id': 9, 'title': 'Career talk 9'}" in output
    assert "WARNING   recent-activity               0: warning from 10 downward" in output
    assert "WARNING   statuses                      100 %: warning from 98 upward" in output
    assert "Attended: 118" in output
    assert "WARNING   recently-completed            0: warning from 0 downward" in output
    # After the import of cron the process that serves asks the same, and tells it.
    assert office.run("python", "imports.py", "sessions").returncode == 0
    assert office.awaits("import", completed_yet_scheduled="critical", statuses="warning") == {
        "completed_yet_scheduled": "critical",
        "statuses": "warning",
    }
    office.change("DELETE FROM participations", "DELETE FROM events")
    assert office.run("python", "imports.py", "events", "sessions").returncode == 0
    assert office.check("--tag", "import")[0] == 0
    assert office.awaits("import", statuses="ok") == {"statuses": "ok"}


@pytest.mark.row("The cache: its refresh, its totals, and its targets")
def test_the_cache_is_refreshed_and_meets_its_targets(office: Office, breaks: Breaks) -> None:
    well = {"cache_hit_rate": "ok", "dashboard_errors": "ok", "cache_refresh": "ok"}
    assert office.awaits("cache", "/dashboard", **well) == well
    breaks(office.change, "ALTER TABLE participations RENAME TO mislaid")
    breaks(cleared, office)
    code = office.run("python", "imports.py", "dashboard").returncode
    ill = {"cache_hit_rate": "critical", "dashboard_errors": "critical"}
    found = office.awaits("cache", "/dashboard", **ill)
    shown = office.check("--group", "cache", "-v", VOLUNTEERS_REFRESH_IN="0.000001")[1]
    stopped = office.check("cache-refresh", "-v", VOLUNTEERS_HOUR="1s")[1]
    with sqlite3.connect(office.data / "volunteers.db") as database:
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'mislaid'").fetchall():
            office.change("ALTER TABLE mislaid RENAME TO participations")
    assert code == 1
    assert found == ill
    assert re.search(r"CRITICAL  cache-refresh +failed: OperationalError", shown)
    assert re.search(r"every: 1h\n +last_success: \d{4}-", shown)
    assert re.search(r"runs: 2\n +successes: 1\n +failures: 1", shown)
    assert re.search(r"CRITICAL  cache-success +50 %: critical from 95 downward", shown)
    assert re.search(r"CRITICAL  cache-duration .*: critical from 1e-06 upward", shown)
    assert "state: late" in stopped
    assert office.run("python", "imports.py", *["dashboard"] * 40).returncode == 0
    assert office.awaits("cache", "/dashboard", **well) == well
    assert office.check("cache-success", "cache-duration")[0] == 0


def cleared(office: Office) -> None:
    """Somebody empties the cache."""
    for file in (office.data / "cache").iterdir():
        file.unlink()


QUEUED = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
    " INSERT INTO emails (recipient, state) SELECT 'person' || i || '@example.org', 'queued' FROM n"
)
FAILED = (
    "INSERT INTO emails (recipient, state, changed_at)"
    " VALUES ('lost@example.org', 'failed', datetime('now', '-3 hours')),"
    " ('old@example.org', 'failed', datetime('now', '-30 hours'))"
)


@pytest.mark.row("E-mail: switched on, allow-list, queue and failures, with links")
def test_mail_is_watched_with_links_to_its_pages(office: Office, breaks: Breaks) -> None:
    assert office.check("--group", "email")[0] == 0
    switches: dict[str, str] = {}
    breaks(switches.update, EMAIL_DELIVERY="off", EMAIL_ALLOW_LIST="off")
    breaks(office.change, QUEUED, FAILED)
    code, output = office.check("--group", "email", "-v", **switches)
    assert code == 1
    for told in (
        "WARNING   email-delivery    off",
        "WARNING   email-allow-list  off",
        "WARNING   email-queue       60 mail: warning from 50 upward",
        "WARNING   email-failures    1 mail: warning from 1 upward",
        f"page: {office.url}/admin/email/settings",
        f"page: {office.url}/admin/email/queued",
        f"page: {office.url}/admin/email/failed",
    ):
        assert told in output
    staff = office.teacher(1)
    assert len(staff("/admin/email/queued")[1]) == 60
    assert [each["recipient"] for each in staff("/admin/email/failed")[1]] == [
        "lost@example.org",
        "old@example.org",
    ]
    assert staff("/admin/email/settings") == (
        200,
        {"EMAIL_ALLOW_LIST": "on", "EMAIL_DELIVERY": "on"},
    )
    office.change("DELETE FROM emails WHERE state <> 'sent'")
    assert office.check("--group", "email")[0] == 0


QUALITY_BROKEN = (
    "UPDATE volunteers SET name = '' WHERE id <= 30",
    "UPDATE volunteers SET email = 'nobody' WHERE id <= 60",
    "UPDATE volunteers SET organization_id = 99 WHERE id <= 150",
    "UPDATE participations SET hours = 13 WHERE id <= 3",
    "UPDATE organizations SET name = '' WHERE id = 1",
    "UPDATE organizations SET email = 'nobody' WHERE id <= 2",
    "INSERT INTO organizations VALUES (9, 'Nobody''s', 'business', 'nine@example.org')",
    "UPDATE organizations SET kind = 'circus' WHERE id <= 3",
    "UPDATE events SET title = NULL WHERE id <= 6",
    "UPDATE events SET ends_at = 'soon' WHERE id <= 12",
    "UPDATE events SET organization_id = NULL WHERE id <= 30",
    "UPDATE events SET status = 'Scheduled' WHERE id BETWEEN 13 AND 21",
    "UPDATE students SET name = '' WHERE id <= 12",
    "UPDATE students SET grade = 'nine' WHERE id <= 24",
    "UPDATE students SET teacher_id = 99 WHERE id <= 60",
    "UPDATE teachers SET school = '' WHERE id = 1",
    "UPDATE teachers SET email = 'nobody' WHERE id <= 2",
    "INSERT INTO teachers VALUES (13, 'Teacher 13', 'teacher13@example.org', '1', 'School 1', 0)",
)
QUALITY_MENDED = (
    (
        "UPDATE volunteers SET name = 'Volunteer ' || id, email = 'volunteer' || id || '@example.org',"
        " organization_id = id % 8 + 1"
    ),
    "DELETE FROM organizations WHERE id = 9",
    (
        "UPDATE organizations SET name = 'Organization ' || id, kind = 'business',"
        " email = 'org' || id || '@example.org'"
    ),
    "DELETE FROM teachers WHERE id = 13",
    "UPDATE teachers SET school = 'School 1', email = 'teacher' || id || '@example.org'",
    *(f"DELETE FROM {table}" for table in ("participations", "events", "students")),
)
SCORES = """
volunteers     99.0 % Excellent  90.0 % Good        80.0 % Warning  50.0 % Error      79.8 % Warning
organizations  66.7 % Error      88.9 % Good        77.8 % Warning  88.9 % Good       80.6 % Warning
events         85.0 % Good       90.0 % Good        80.0 % Warning  50.0 % Error      76.2 % Warning
students       80.0 % Warning    90.0 % Good        80.0 % Warning  50.0 % Error      75.0 % Warning
teachers       84.6 % Warning    92.3 % Good        84.6 % Warning  92.3 % Good       88.5 % Good
overall        -                 -                  -               -                 80.0 % Warning
"""


def mend_quality(office: Office) -> None:
    """Put right what the office keeps, and import the rest anew."""
    office.change(*QUALITY_MENDED)
    done = office.run("python", "imports.py", "roster", "events", "sessions")
    assert done.returncode == 0, done.stderr


def table(output: str) -> dict[str, list[str]]:
    """The scores of a run, by entity."""
    rows = [re.split(r" {2,}", line) for line in output.splitlines()]
    return {row[0]: row[1:] for row in rows if len(row) == 6}


@pytest.mark.row("Data quality: a score for each entity and dimension, and one of all")
def test_quality_is_scored_by_entity_and_dimension(office: Office, breaks: Breaks) -> None:
    code, output = office.check("--tag", "quality")
    assert (code, table(output)["overall"]) == (0, ["-", "-", "-", "-", "100.0 % Excellent"])
    breaks(office.change, *QUALITY_BROKEN)
    code, output = office.check("--tag", "quality")
    mend_quality(office)
    assert table(output)[""] == [
        *("business-rules", "completeness", "types", "relationships", "overall"),
    ]
    assert {name: row for name, row in table(output).items() if name} == table(SCORES)
    assert code == 2
    assert office.check("--tag", "quality")[0] == 0


class Mailbox:
    """What the mail server has taken: to whom, with which subject and text."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], str, str]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.original_content, policy=policy.default)
        body = mail.get_body(("plain", "html"))
        assert body is not None
        self.taken.append((envelope.rcpt_tos, str(mail["Subject"]), body.get_content()))
        return "250 OK"


@pytest.fixture
def people(office: Office, tmp_path: Path) -> Iterator[tuple[Mailbox, Hook, Callable[[], str]]]:
    """A mail server and a webhook; and the command of cron that tells people of issues."""
    mailbox = Mailbox()
    server = Controller(mailbox, hostname="127.0.0.1", port=closed_port())
    server.start()
    alerts = (EXAMPLE / "alerts.toml").read_text().replace(":1025", f":{server.port}")
    (tmp_path / "alerts.toml").write_text(alerts)
    with Hook() as hook:
        told = {
            "ALERT_EMAILS": "ann@example.org,bob@example.org",
            "SLACK_WEBHOOK_URL": hook.url.replace("http:", "json:"),
        }
        more = ("data-issues", "--notify", "--alerts", str(tmp_path / "alerts.toml"))
        yield mailbox, hook, lambda: office.check(*more, **told)[1]
    server.stop()


@pytest.mark.row("People are told of issues by e-mail and Slack")
def test_people_hear_of_issues_above_the_limits(
    office: Office, breaks: Breaks, people: tuple[Mailbox, Hook, Callable[[], str]]
) -> None:
    mailbox, hook, tell = people
    breaks(office.change, "UPDATE students SET grade = 13 WHERE id > 70")
    breaks(office.change, "UPDATE volunteers SET name = '' WHERE id <= 20")
    breaks(office.change, "UPDATE students SET teacher_id = 99 WHERE id <= 5")
    few = tell()
    heard_of_few = len(mailbox.taken) + len(hook.messages)
    breaks(office.change, "UPDATE volunteers SET name = '' WHERE id = 21")
    tell()
    breaks(office.change, "UPDATE students SET teacher_id = 99 WHERE id = 6")
    tell()
    mend_quality(office)
    assert "5 critical, 20 error, 50 warning" in few
    assert heard_of_few == 0
    subjects = [
        "[SEV2] volunteers (production): data-issues is warning",
        "[SEV1] volunteers (production): data-issues is critical (was warning)",
    ]
    assert hook.titles == subjects
    assert sorted({subject for _, subject, _ in mailbox.taken}) == sorted(subjects)
    assert {to for everybody, _, _ in mailbox.taken for to in everybody} == {
        *("ann@example.org", "bob@example.org"),
    }
    for text in (hook.messages[1]["message"], mailbox.taken[-1][2]):
        assert "6 critical, 21 error, 50 warning" in text
        assert "critical: students 6: relationships" in text
    assert "no issues" in tell()
    assert office.check("data-issues")[0] == 0


AGES = {"events": 121, "communications": 1441, "dashboard": 121, "sessions": 1441, "roster": 20161}


@pytest.mark.row("Freshness of each source")
def test_each_source_that_is_stale_is_told(office: Office, breaks: Breaks) -> None:
    assert office.check("--tag", "hourly")[0] == 0
    for source, minutes in AGES.items():
        aged = f"strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now', '-{minutes} minutes')"
        breaks(office.change, f"UPDATE syncs SET finished_at = {aged} WHERE source = '{source}'")
    code, output = office.check("--tag", "hourly")
    stale = re.findall(r"CRITICAL  (\w+)-freshness +(.*)  \(", output)
    assert [(name, told.partition(": ")[2]) for name, told in stale] == [
        ("events", "critical from 2h on"),
        ("communications", "critical from 1d on"),
        ("dashboard", "critical from 2h on"),
        ("sessions", "critical from 1d on"),
        ("roster", "critical from 14d on"),
    ]
    assert code == 2
    listed = json.loads(office.said("check", "list", "--app", "app", "--json"))["checks"]
    assert {each["severity"] for each in listed if each["name"].endswith("freshness")} == {"sev2"}
    everything = ("events", "communications", "dashboard", "sessions", "roster")
    assert office.run("python", "imports.py", *everything).returncode == 0
    assert office.check("--tag", "hourly")[0] == 0


@pytest.mark.row("Nothing to sync is told from a sync that failed")
def test_nothing_to_sync_is_no_failure(office: Office, breaks: Breaks) -> None:
    assert office.run("python", "imports.py", "events").returncode == 0
    code, output = office.check("event-sync", "-v")
    assert code == 0
    assert re.search(r"OK +event-sync +nothing to do: nothing new among 60 events, ", output)
    assert "state: nothing_to_do" in output
    breaks((office.data / "crm.db").rename, office.data / "crm.away")
    failed = office.run("python", "imports.py", "events").returncode
    code, output = office.check("event-sync", "-v")
    if failed:
        (office.data / "crm.away").rename(office.data / "crm.db")
    assert (failed, code) == (1, 2)
    assert re.search(r"CRITICAL +event-sync +failed: OperationalError: .*unable to open", output)
    assert office.run("python", "imports.py", "events").returncode == 0
    assert office.check("event-sync")[0] == 0


@pytest.mark.row("Log files: a stream each, and a search across them")
def test_each_stream_has_its_file_and_all_are_searched(office: Office, breaks: Breaks) -> None:
    before, imported = failures(office), len(office.said(*COMPLETED).splitlines())
    breaks(office.change, "ALTER TABLE participations RENAME TO mislaid")
    failed = office.run("python", "imports.py", "dashboard").returncode
    failed += office.run("python", "imports.py", "sessions").returncode
    if failed:
        office.change("ALTER TABLE mislaid RENAME TO participations")
    after = failures(office)
    assert failed == 2
    assert {stream: after[stream] - before[stream] for stream in after} == {
        "error": 2,
        "cache_manager": 1,
        "daily_imports": 1,
        "app": 0,
    }
    assert office.ask("/dashboard")[0] == 200
    assert "GET /dashboard 200" in office.said("logs", "--stream", "app")
    assert len(office.said(*COMPLETED).splitlines()) == imported
    assert office.run("python", "imports.py", "dashboard", "sessions").returncode == 0
    assert len(office.said(*COMPLETED).splitlines()) == imported + 1


COMPLETED = ("logs", "--grep", "Import completed.*sessions")


def failures(office: Office) -> dict[str, int]:
    """How many lines of each stream tell of a run that failed."""
    searched = ("logs", "--grep", "(cache-refresh|nightly-import) has failed after")
    streams = ("error", "cache_manager", "daily_imports", "app")
    return {
        stream: len(office.said(*searched, "--stream", stream).splitlines()) for stream in streams
    }


HEAPED = (
    "DROP INDEX hours_of_volunteers",
    (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)"
        " INSERT INTO participations (id, volunteer_id, status, recorded_at)"
        " SELECT i + 1000, i % 300 + 1, printf('%0100d', i), '2020' FROM n"
    ),
)


@pytest.mark.row("SQLite: integrity, size, growth, vacuum, slow queries")
def test_the_database_is_watched_as_a_file(office: Office, breaks: Breaks) -> None:
    file = office.data / "volunteers.db"
    code, output = office.check("integrity", "size", "vacuum", "-v")
    size = int(re.search(r"value: (\d+) By", output)[1])  # type: ignore[index]
    assert (code, size) == (0, file.stat().st_size)
    breaks(office.change, *HEAPED)
    office.ask("/volunteers")
    growing = office.awaits("sqlite", growth="warning", slow_queries="warning")
    code, output = office.check("size", "slow-queries", "-v", VOLUNTEERS_WINDOW="1m")
    assert re.search(r"size .*; [3-9][\d.]* MiB", output)
    assert growing == {"growth": "warning", "slow_queries": "warning"}
    assert "db.query.slow" in office.said("logs", "--grep", "SELECT sum.hours. FROM participations")
    office.change("DELETE FROM participations WHERE id > 1000")
    code, output = office.check("vacuum")
    assert (code, "VACUUM would free " in output) == (1, True)
    index = "CREATE INDEX hours_of_volunteers ON participations (volunteer_id, hours)"
    office.change("VACUUM", index)
    whole = file.read_bytes()
    middle = len(whole) // 8192 * 4096
    breaks(file.write_bytes, whole[:middle] + bytes(4096) + whole[middle + 4096 :])
    code, output = office.check("integrity")
    file.write_bytes(whole)
    assert code == 2
    assert "volunteers.db is damaged: restore it from a backup" in output
    assert office.check("integrity", "size", "vacuum")[0] == 0
    assert office.awaits("sqlite", growth="ok", slow_queries="ok") == {
        "growth": "ok",
        "slow_queries": "ok",
    }


@pytest.mark.row("Imports are complete, and key actions on record")
def test_imports_are_complete_and_audited(office: Office, breaks: Breaks) -> None:
    assert office.run("python", "imports.py", "sessions").returncode == 0
    assert "100 %; 120 of 120" in office.check("import-completion")[1]
    breaks(office.change, "UPDATE sessions SET hours = NULL WHERE id <= 3", of="crm.db")
    code = office.run("python", "imports.py", "sessions").returncode
    _, output = office.check("nightly-import", "import-completion", "-v")
    office.change("UPDATE sessions SET hours = 1.5 WHERE id <= 3", of="crm.db")
    assert code == 1
    assert "97.5 %: critical from 99.99 downward; 117 of 120" in output
    assert "failed: 3 of 120 sessions lack something" in output
    assert "last_refused: 3" in output
    recorded = len(audited(office))
    assert office.run("python", "imports.py", "sessions").returncode == 0
    assert office.check("nightly-import", "import-completion")[0] == 0
    assert audited(office)[recorded:] == [("import.completed", "cron", "sessions")]
    file = office.data / "logs" / "audit.log"
    whole = file.read_bytes()
    breaks(file.write_bytes, whole.replace(b'"actor":"cron"', b'"actor":"eve!"', 1))
    verified = office.run("obskit", "audit", "verify")
    file.write_bytes(whole)
    assert (verified.returncode, "record 1 was changed" in verified.stdout) == (1, True)
    assert office.run("obskit", "audit", "verify").returncode == 0


def audited(office: Office) -> list[tuple[str, str, str]]:
    """What is on record: what was done, by whom, to what."""
    lines = office.said("logs", "--stream", "audit", "--json").splitlines()
    records = [json.loads(line) for line in lines]
    return [(each["event"], each["actor"], each["target"]) for each in records]


@pytest.mark.row("The daily and the weekly review, one command each")
def test_reviews_tell_what_changed(office: Office, breaks: Breaks) -> None:
    reviews = {
        "daily": ("health", "cache", "import", "email"),
        "weekly": ("import", "sqlite", "quality", "freshness", "students"),
    }
    for tag, groups in reviews.items():
        review = json.loads(office.said("review", tag, "--app", "app", "--json"))
        assert set(groups) <= set(review["groups"])
    breaks(office.change, QUEUED, "UPDATE students SET teacher_id = 99 WHERE id <= 6")
    changed = {
        "daily": "email-queue: ok → warning",
        "weekly": "data-issues: ok → critical",
    }
    for tag, change in changed.items():
        done = office.run("obskit", "review", tag, "--app", "app")
        assert f"{tag} review of volunteers" in done.stdout
        assert change in done.stdout
        assert done.returncode > 0
    office.change("DELETE FROM emails WHERE state <> 'sent'")
    mend_quality(office)
    for tag, change in changed.items():
        told = office.said("review", tag, "--app", "app")
        name, _, status = change.partition(": ok → ")
        assert f"{name}: {status} → ok" in told


def test_what_is_generated_is_up_to_date(office: Office, tmp_path: Path) -> None:
    given = ("VOLUNTEERS_", "OTEL_", "OBSKIT_")
    environ = {name: at for name, at in office.environ.items() if not name.startswith(given)}
    told = ("--app", "app", "--environment", "production", "--retention", "90d")
    done = subprocess.run(
        ["obskit", "generate", "all", "-o", str(tmp_path), *told],
        env={**environ, "VOLUNTEERS_DATA": str(office.data)},
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # The trials of the rules and the runbooks are not kept.
    shutil.rmtree(tmp_path / "prometheus" / "tests")
    (tmp_path / "runbooks.md").unlink()
    assert contents(EXAMPLE / "generated") == contents(tmp_path)


def contents(folder: Path) -> dict[str, str]:
    """The files of a folder."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_text() for file in files}
