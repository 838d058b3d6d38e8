"""What the operators of the example pipeline watch, row by row."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from tests.rows.conftest import EXAMPLES
from tests.rows.generated import kept, made_anew
from tests.servers.conftest import free_port
from tests.servers.install import PACKAGES

FOLDER = EXAMPLES / "pipeline"
GENERATE = [sys.executable, "-m", "obskit", "generate", "all"]
Breaks = Callable[..., Any]
#: Seconds that anything may take to show.
SOON = 20.0

pytestmark = pytest.mark.skipif(
    not all(PACKAGES[each]() for each in ("postgresql", "nginx-light")),
    reason="needs PostgreSQL and nginx: make examples installs them",
)


class Mail:
    """Takes every message."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:
        """Called by aiosmtpd."""
        assert isinstance(envelope.content, bytes)
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


class Pipeline:
    """The example as it runs, and its operator's shell."""

    def __init__(self, data: Path, mail: Mail) -> None:
        self.data = data
        self.mail = mail
        told = subprocess.check_output(["bash", "-c", f". {data}/env && env -0"], text=True)
        self.environ = dict(each.split("=", 1) for each in told.split("\0") if each)

    def sh(self, command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """A command of the shell."""
        return subprocess.run(
            ["bash", "-c", command],
            env={**self.environ, **environ},
            cwd=self.data,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def step(self, name: str, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """A step, as cron begins it, without pauses."""
        return subprocess.run(
            [FOLDER / "step", name, *command],
            env={**self.environ, "PIPELINE_PAUSE": "0", **environ},
            cwd=self.data,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def sql(self, statement: str) -> str:
        """What the database says."""
        done = self.sh(f'psql "$DATABASE_URL" -XAtqc "{statement}"')
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def obskit(self, command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """A command of obskit on the pipeline."""
        return self.sh(f"obskit {command} --app pipeline", **environ)

    def checks(self, *names: str, **environ: str) -> dict[str, str]:
        """Check → what its line says."""
        return spoken(self.obskit(f"check run {' '.join(names)}", **environ).stdout)

    def top(self) -> dict[str, str]:
        """Section and check, or job → its line in the terminal's dashboard."""
        shown: dict[str, str] = {}
        for section in self.obskit("top --once").stdout.split("\n\n")[1:]:
            title, *lines = section.splitlines()
            for words in map(str.split, lines):
                shown[f"{title} {words[1]}"] = " ".join(words)
        return shown

    def fault(self, word: str) -> None:
        """What the provider does wrong from now on; nothing, where the word is empty."""
        (self.data / "fault").write_text(word)

    def get(self, path: str) -> str:
        """What the pipeline gives out."""
        with urllib.request.urlopen(self.environ["PIPELINE_SITE"] + path, timeout=5) as answer:
            return str(answer.read().decode())


def spoken(output: str) -> dict[str, str]:
    """Check → what its line says."""
    found = re.findall(r"^\S+Z  (\w+) +(\S+) *(.*?) *\(\S+\)$", output, re.MULTILINE)
    return {name: f"{status} {told}".strip() for status, name, told in found}


def eventually(look: Callable[[], bool]) -> bool:
    """Look again and again until it is so, within some seconds."""
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        if look():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a mebibyte."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    data, mail = tmp_path_factory.mktemp("pipeline"), Mail()
    server = Controller(mail, hostname="127.0.0.1", port=free_port())
    server.start()
    environ = {
        **{name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PIPELINE_DATA": str(data),
        "PIPELINE_SMTP": str(server.port),
        "PIPELINE_MINUTE": "86400",  # nobody plays cron but the tests
    }
    with subprocess.Popen(
        [FOLDER / "start"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as begun:
        assert begun.stdout is not None
        try:
            said = []
            for line in begun.stdout:
                said.append(line)
                if line == "Ctrl-C ends it.\n":
                    break
            else:
                raise AssertionError("".join(said))
            yield Pipeline(data, mail)
        finally:
            os.killpg(begun.pid, signal.SIGINT)
            begun.stdout.read()
            begun.wait(20)
            server.stop()


@pytest.mark.row(
    "One status: PostgreSQL and nginx up, last sync, depth of the backlog, rows of each table, disk"
)
def test_one_status(pipeline: Pipeline, breaks: Breaks, small_disk: Path) -> None:
    nginx = 'nginx -p "$PIPELINE_DATA" -c "$PIPELINE_DATA/nginx.conf"'
    breaks(pipeline.sh, f"{nginx} -s quit")
    breaks(pipeline.sql, "UPDATE syncs SET finished = finished - interval '3 hours'")
    breaks(pipeline.sql, "INSERT INTO backlog (answer) SELECT '{}' FROM generate_series(1, 120)")
    breaks(pipeline.sql, "INSERT INTO customers VALUES (6, 'new@example.org')")
    breaks((small_disk / "full").write_bytes, bytes(1_000_000))
    whole = pipeline.obskit("check run -v", PIPELINE_DATA=str(small_disk))
    assert (whole.returncode, whole.stdout.splitlines()[-1]) == (2, "UNHEALTHY")
    found = spoken(whole.stdout)
    assert found["postgresql"] == "OK"
    assert found["nginx"].startswith("CRITICAL ")
    assert found["last-sync"].startswith("CRITICAL 3h")
    assert found["backlog-queued"].startswith("WARNING 120 order")
    assert re.findall(r"rows-([a-z-]+) .*\n +value: (\d+) \{row\}", whole.stdout) == [
        ("customers", "6"),
        ("orders", "20"),
        ("order-lines", "40"),
        ("daily-totals", "1"),
    ]
    assert found["disk"].startswith("CRITICAL ")

    server = 'cd / && setpriv --reuid postgres --clear-groups pg_ctl -D "$PIPELINE_CLUSTER"'
    breaks(pipeline.sh, f"{server} -m fast stop")
    found = pipeline.checks("postgresql", "rows-orders")
    assert found["postgresql"].startswith("CRITICAL ")
    assert found["rows-orders"].startswith("SKIPPED ")

    pipeline.sh(f'{server} -l "$PIPELINE_CLUSTER/log" -w start')
    pipeline.sh(nginx)
    pipeline.sql("DELETE FROM backlog WHERE state = 'queued'")
    pipeline.sql("DELETE FROM customers WHERE id = 6")
    assert pipeline.step("full-sync").returncode == 0
    assert pipeline.step("backlog-worker").returncode == 0
    pipeline.sql("UPDATE api_calls SET at = at - interval '1 minute'")
    whole = pipeline.obskit("check run")
    assert (whole.returncode, whole.stdout.splitlines()[-1]) == (0, "HEALTHY"), whole.stdout


@pytest.mark.row("Backlog: queued, failed with the error, share of successes, time of processing")
def test_backlog(pipeline: Pipeline, breaks: Breaks) -> None:
    pipeline.sql("DELETE FROM backlog")
    breaks(pipeline.fault, "broken")
    assert pipeline.step("full-sync").returncode == 0
    assert pipeline.checks("backlog-queued")["backlog-queued"] == "OK 20 order"
    assert pipeline.step("backlog-worker").returncode == 0
    breaks(pipeline.sql, "UPDATE backlog SET queued = queued - interval '20 minutes'")
    told = pipeline.obskit("check run --group backlog -v").stdout
    found = spoken(told)
    assert found["backlog-failed"].startswith("CRITICAL 2 order")
    assert "'error': 'invalid input syntax for type json'" in told
    assert found["backlog-success"] == "WARNING 0.9: warning from 0.95 downward"
    assert re.match(r"WARNING 12\d\d\.?\d* s: warning from 600 upward", found["backlog-seconds"])

    pipeline.fault("")
    pipeline.sql("DELETE FROM backlog")
    assert pipeline.step("full-sync").returncode == 0
    assert pipeline.step("backlog-worker").returncode == 0
    assert pipeline.obskit("check run --group backlog").stdout.splitlines()[-1] == "HEALTHY"


@pytest.mark.row(
    "Terminal dashboard: progress of syncs, trend of errors, gauge of API calls,"
    " change of row counts"
)
def test_terminal_dashboard(pipeline: Pipeline, breaks: Breaks) -> None:
    calls = "SELECT count(*) FROM api_calls WHERE at > now() - interval '1 hour'"
    before = int(pipeline.sql(calls))
    breaks((pipeline.data / "orders").write_text, "30")
    breaks(pipeline.fault, "broken")
    with subprocess.Popen(
        [FOLDER / "step", "full-sync"],
        env={**pipeline.environ, "PIPELINE_PAUSE": "6"},
        stdout=subprocess.DEVNULL,
    ) as sync:
        bar = r"running full-sync █+░+ (33%, 1|67%, 2) of 3, \S+/s, \S+ left, for \S+;"
        assert eventually(lambda: bool(re.match(bar, pipeline.top().get("Jobs full-sync", ""))))
    assert sync.returncode == 0
    pipeline.step("backlog-worker")
    pipeline.obskit("check worker --once")
    shown = pipeline.top()
    assert shown["Failing backlog-failed"].startswith("CRITICAL backlog-failed 3 order")
    assert re.match(
        r"CRITICAL backlog-failed 3 row [▁▂▃▄▅▆▇█]+ \+3 in ", shown["Counts backlog-failed"]
    )
    gauge = (
        rf"\w+ api-calls-hour [█░]{{20}} {before + 3} call of 120 call, {117 - before} call left"
    )
    assert re.match(gauge, shown["Budgets api-calls-hour"])
    assert re.match(r"OK rows-orders 29 row [▁▂▃▄▅▆▇█]+ \+9 in ", shown["Counts rows-orders"])

    pipeline.fault("")
    (pipeline.data / "orders").unlink()
    pipeline.sql("DELETE FROM backlog")
    pipeline.sql("DELETE FROM order_lines WHERE order_id > 20")
    pipeline.sql("DELETE FROM orders WHERE id > 20")
    pipeline.obskit("check worker --once")
    shown = pipeline.top()
    assert "Failing backlog-failed" not in shown
    assert re.match(r"OK backlog-failed 0 row [▁▂▃▄▅▆▇█]+ \+0 in ", shown["Counts backlog-failed"])
    assert re.match(r"OK rows-orders 20 row [▁▂▃▄▅▆▇█]+ \+0 in ", shown["Counts rows-orders"])
    assert shown["Jobs full-sync"].startswith("ok full-sync ok, ")


@pytest.mark.row(
    "A step of the shell wrapped in one word: log, exit code, duration, heartbeat, output on failure"
)
def test_step(pipeline: Pipeline, breaks: Breaks) -> None:
    slow = "echo it begins; until [ -e go ]; do sleep 0.1; done"
    with subprocess.Popen(
        [FOLDER / "step", "trial", "sh", "-c", slow],
        env=pipeline.environ,
        cwd=pipeline.data,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "it begins\n"
        pipeline.obskit("check worker --once")
        heard = r'obskit_job_last_beat_timestamp_seconds\{[^}]*job_name="trial"[^}]*\} (\S+)'
        beat = re.search(heard, pipeline.get("/metrics"))
        (pipeline.data / "go").touch()
        assert running.wait(20) == 0
    assert beat is not None
    assert abs(float(beat[1]) - time.time()) < 60

    done = breaks(pipeline.step, "trial", "sh", "-c", "echo no room >&2; sleep 0.2; exit 3")
    assert done is not None
    assert (done.returncode, done.stderr) == (3, "no room\n")
    assert "output no room " in pipeline.sh("obskit logs --grep 'no room'").stdout
    told = pipeline.sh("obskit logs --json --level error").stdout.splitlines()
    last = json.loads(told[-1])
    assert re.fullmatch(r"trial has failed after \d.*: exit code 3", last["event"])
    assert last["obskit.job.run.duration"] >= 0.2
    assert last["obskit.job.run.evidence"] == ["no room"]
    assert pipeline.top()["Failing trial"].startswith("failed trial failed: exit code 3")

    assert pipeline.step("trial", "true").returncode == 0
    assert pipeline.top()["Jobs trial"].startswith("ok trial ok, ")


@pytest.mark.row(
    "Streams of log files: token, backlog, nightly, init, cron; 30 days, 100 MB, gzip;"
    " rotation confirmed, alert above 1 GB"
)
def test_log_files(pipeline: Pipeline, breaks: Breaks) -> None:
    logs = pipeline.data / "logs"
    for stream, line in (
        ("token", "a new token is there"),
        ("backlog", "entry 1 done"),
        ("nightly", "daily_totals has 1 rows"),
        ("init", "tables are there: 7"),
        ("cron", "checks: 27, the worst is"),
    ):
        assert line in (logs / f"{stream}.log").read_text(), stream
        assert line not in (logs / "app.log").read_text(), stream
    assert pipeline.environ["OBSKIT_LOG_FILE_MAX_BYTES"] == "100000000"

    # Who compresses is a thread that ends with its process: a step that lasts has the time.
    full = {"OBSKIT_LOG_FILE_MAX_BYTES": "20000"}
    breaks(pipeline.step, "init", "sh", "-c", "seq -f 'line %g' 200; sleep 2", **full)
    packed = sorted(logs.glob("init.log-*.gz"))
    assert len(packed) >= 2
    found = pipeline.sh("obskit logs --stream init --grep 'line [0-9]'").stdout
    assert re.findall(r"output line (\d+) ", found) == [str(n) for n in range(1, 201)]
    then = time.time() - 31 * 86_400
    os.utime(packed[0], (then, then))
    pipeline.step("init", "sleep", "1")
    assert not packed[0].exists()
    assert packed[1].exists()

    breaks(pipeline.sh, "truncate -s 200M logs/worker.log; truncate -s 2G logs/app.log-20260101.gz")
    told = pipeline.obskit("check run --group logs -v").stdout
    assert spoken(told)["logs-rotated"].startswith("CRITICAL ")
    assert "worker.log: has 200 MiB, and is to be rotated at 100 MiB" in told
    assert spoken(told)["logs-total"].startswith("CRITICAL ")
    (logs / "worker.log").unlink()
    (logs / "app.log-20260101.gz").unlink()
    assert pipeline.obskit("check run --group logs").stdout.splitlines()[-1] == "HEALTHY"


def short_token() -> str:
    """One that lives for five minutes more."""
    parts = ({"alg": "none"}, {"exp": int(time.time()) + 300})
    coded = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in parts]
    return ".".join([*(each.rstrip("=") for each in coded), "unsigned"])


@pytest.mark.row(
    "Token renewed below an hour of life, any 401, any 429,"
    " calls against a budget of 2 a minute and 120 an hour"
)
def test_provider(pipeline: Pipeline, breaks: Breaks) -> None:
    an_hour_later = "UPDATE api_calls SET at = at - interval '61 minutes'"
    pipeline.sql(an_hour_later)
    token = pipeline.data / "token"
    breaks(token.write_text, short_token())
    assert re.match(r"OK 7[12]\d\d\.?\d* s; renewed", pipeline.checks("token")["token"])
    breaks(pipeline.fault, "no-token")
    breaks(token.write_text, short_token())
    told = pipeline.checks("token")["token"]
    assert re.match(r"WARNING expires in [45]m\S*; it could not be renewed: ", told)

    pipeline.fault("")
    assert pipeline.step("token-refresh").returncode == 0
    for status in ("401", "429"):
        breaks(pipeline.fault, status)
        refused = pipeline.step("full-sync")
        assert refused.returncode == 1
        assert f"page 0 answered {status}" in refused.stderr
    pipeline.fault("")
    breaks(pipeline.step, "full-sync")
    found = pipeline.checks()
    assert re.match(r"OK 7[12]\d\d", found["token"])
    assert found["api-401"].startswith("CRITICAL 1 call")
    assert found["api-429"].startswith("CRITICAL 1 call")
    assert found["api-calls-minute"].startswith("CRITICAL 4 call")
    assert found["api-calls-hour"] == "OK 4 call"
    more = "INSERT INTO api_calls SELECT now() - interval '9 minutes', '/', 200 FROM "
    breaks(pipeline.sql, f"{more} generate_series(1, 92)")
    hour = pipeline.checks("api-calls-hour")["api-calls-hour"]
    assert hour == "WARNING 96 call: warning from 96 upward"
    breaks(pipeline.sql, f"{more} generate_series(1, 24)")
    pipeline.obskit("check worker --once")
    gauge = f"CRITICAL api-calls-hour {'█' * 20} 120 call of 120 call, 0 call left"
    assert pipeline.top()["Budgets api-calls-hour"].startswith(gauge)

    pipeline.sql(an_hour_later)
    found = pipeline.checks()
    for check in ("api-401", "api-429", "api-calls-minute", "api-calls-hour"):
        assert found[check] == "OK 0 call"


@pytest.mark.row(
    "Data: violated foreign keys, keys that are null, duplicates, orphans, empty answers, each 0"
)
def test_data(pipeline: Pipeline, breaks: Breaks) -> None:
    pipeline.sql("DELETE FROM backlog")
    bulk = "SET session_replication_role = replica;"  # as a bulk load does
    breaks(pipeline.sql, f"{bulk} DELETE FROM orders WHERE id = 1")
    breaks(pipeline.sql, "UPDATE orders SET customer_id = NULL WHERE id = 2")
    breaks(pipeline.sql, "UPDATE customers SET email = 'customer1@example.org' WHERE id < 3")
    breaks(pipeline.sql, "DELETE FROM order_lines WHERE order_id = 3")
    breaks(pipeline.fault, "empty")
    assert pipeline.step("full-sync").returncode == 0
    told = pipeline.obskit("check run --group data").stdout
    assert spoken(told) == {
        "postgresql": "OK",
        "foreign-keys": "CRITICAL 2 row: critical from 1 upward",
        "null-keys": "CRITICAL 1 row: critical from 1 upward",
        "duplicates": "CRITICAL 1 key: critical from 1 upward",
        "orphans": "CRITICAL 1 row: critical from 1 upward",
        "empty-answers": "CRITICAL 2 row: critical from 1 upward",
    }

    pipeline.fault("")
    pipeline.sql("DELETE FROM backlog")
    pipeline.sql("UPDATE customers SET email = 'customer' || id || '@example.org'")
    pipeline.step("full-sync")
    pipeline.step("backlog-worker")
    assert pipeline.obskit("check run --group data").stdout.splitlines()[-1] == "HEALTHY"


@pytest.mark.row("Full sync in less than 4 minutes, alert above 10; database above 10 GB")
def test_sync_and_size(pipeline: Pipeline, breaks: Breaks) -> None:
    sync, size = "full-sync-seconds", "database-size"
    took = "UPDATE syncs SET started = finished - interval '{} minutes'"

    assert pipeline.step("full-sync").returncode == 0
    place = pipeline.sql("SELECT oid FROM pg_database WHERE datname = current_database()")
    sparse = Path(pipeline.environ["PIPELINE_CLUSTER"]) / "base" / place / "999999"
    breaks(pipeline.sql, took.format(5))
    assert pipeline.checks(sync)[sync] == "WARNING 300 s: warning from 240 upward"
    breaks(pipeline.sql, took.format(11))
    breaks(pipeline.sh, f"truncate -s 11G {sparse}")  # it takes no room, and counts
    found = pipeline.checks(sync, size)
    assert found[sync] == "CRITICAL 660 s: critical from 600 upward"
    assert re.match(r"CRITICAL 118\d{8} By: critical .*; 11 GiB", found[size])

    sparse.unlink()
    pipeline.step("full-sync")
    found = pipeline.checks(sync, size)
    assert re.match(r"OK \d+\.?\d* s$", found[sync])
    assert found[size].startswith("OK ")


@pytest.mark.row("`metrics_latest.json` every 5 minutes, and metrics as Prometheus' text")
def test_exports(pipeline: Pipeline, breaks: Breaks) -> None:
    def told() -> tuple[str, float]:
        pipeline.obskit("check worker --once")
        latest = json.loads(pipeline.get("/metrics_latest.json"))
        state = next(each for each in latest["checks"] if each["name"] == "null-keys")["status"]
        line = r'obskit_check_status\{[^}]*name="null-keys"[^}]*state="critical"[^}]*\} (\S+)'
        found = re.search(line, pipeline.get("/metrics"))
        assert found is not None
        return state, float(found[1])

    breaks(pipeline.sql, "UPDATE orders SET customer_id = NULL WHERE id = 5")
    assert told() == ("critical", 1.0)
    assert "*/5 * * * *   /srv/pipeline/step checks" in (FOLDER / "crontab").read_text()
    breaks(pipeline.sh, "touch -d '20 minutes ago' metrics_latest.json")
    assert pipeline.checks("metrics-file")["metrics-file"].startswith("CRITICAL 20m")

    pipeline.sql("UPDATE orders SET customer_id = 1 WHERE id = 5")
    assert told() == ("ok", 0.0)
    assert pipeline.checks("metrics-file")["metrics-file"].startswith("OK ")


@pytest.mark.row("Cron ran when it should have, by its own word")
def test_cron(pipeline: Pipeline, breaks: Breaks) -> None:
    quick = {"PIPELINE_BACKLOG_EVERY": "5s"}

    def state() -> str:
        shown = pipeline.sh("obskit top --once --app pipeline | grep backlog-worker", **quick)
        return shown.stdout

    def told() -> str:
        """What the mails say that come of one look."""
        pipeline.mail.messages.clear()
        alerts = f"--notify --alerts {pipeline.data}/alerts.toml"
        done = pipeline.obskit(f"check run postgresql {alerts}", **quick)
        return "\n".join([done.stderr, *map(str, pipeline.mail.messages)])

    def cron() -> subprocess.Popen[bytes]:
        loop = f"while {FOLDER}/step backlog-worker >/dev/null; do sleep 0.2; done"
        return subprocess.Popen(["bash", "-c", loop], env=pipeline.environ, start_new_session=True)

    running = [cron()]
    try:
        assert eventually(lambda: state().startswith(("nothing to do", "ok", "running")))
        breaks(os.killpg, running[0].pid, signal.SIGKILL)
        assert eventually(lambda: state().startswith("late"))
        assert re.search("late +backlog-worker +(for .*; )?expected until .* ago; ", state())
        mail = told()
        assert "To: data@example.org" in mail, mail
        assert "backlog-worker" in mail
        running.append(cron())
        assert eventually(lambda: state().startswith(("nothing to do", "ok")))
    finally:
        for each in running:
            if each.poll() is None:
                os.killpg(each.pid, signal.SIGKILL)
            each.wait()


def test_what_is_generated_is_what_is_declared(tmp_path: Path) -> None:
    made = made_anew(FOLDER, tmp_path, "--app", "pipeline")
    assert made == kept(FOLDER / "generated")


def test_the_example_has_at_most_400_lines_of_python() -> None:
    files = [file for file in FOLDER.rglob("*.py") if "data" not in file.parts]
    assert sum(len(file.read_text().splitlines()) for file in files) <= 400
