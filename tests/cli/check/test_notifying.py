"""`--notify`: what checks come to reaches people, over real processes and a real server."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.checks.given import PATIENCE, eventually
from tests.cli.host import Host
from tests.notify.hook import Hook

from obskit.clock import SYSTEM_CLOCK
from obskit.notify.notifier import Notifier
from obskit.notify.outbox import by_apprise
from obskit.receivers.reading import read_directory

pytest.importorskip("apprise")

SERVICE = "unknown_service:python"
DATABASE = """
import os
from pathlib import Path
down = Path(__file__).with_name("down")
def database():
    if down.exists():
        raise OSError("refused")
checks.add("database", database, every="1m", severity="sev1")
"""
APP = """
import obskit
obskit.init("unknown_service:python", log_format="json")
checks = obskit.Registry()
"""


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as hook:
        yield hook


@pytest.fixture
def down(host: Host, hook: Hook) -> Path:
    """While it exists the database is down. Who hears of it is written."""
    (host.folder / "alerts.toml").write_text(
        f'[receivers.team]\nwebhook = {{url = "{hook.url}"}}\n[default]\nreceiver = "team"\n'
    )
    return host.folder / "down"


def later(host: Host, seconds: float) -> Notifier:
    """What a process does so many seconds later."""

    class Later:
        def now(self) -> float:
            return SYSTEM_CLOCK.now() + seconds

        def monotonic(self) -> float:
            return SYSTEM_CLOCK.monotonic() + seconds

    directory = read_directory(host.folder / "alerts.toml")
    return Notifier(host.store, directory, SERVICE, "", Later(), by_apprise(None))


def test_a_failure_is_told_once_however_often_it_is_found(
    host: Host, hook: Hook, down: Path
) -> None:
    host.write(DATABASE)
    down.touch()
    first, second = (
        host.process("check", "run", "--notify"),
        host.process("check", "run", "--notify"),
    )
    assert (first.returncode, second.returncode) == (2, 2)
    assert hook.titles == [f"[SEV1] {SERVICE}: database is critical"]
    told = f"team/webhook: '[SEV1] {SERVICE}: database is critical' was taken"
    assert told in first.stderr
    assert "team/webhook" not in second.stderr


def test_without_the_option_nobody_is_told(host: Host, hook: Hook, down: Path) -> None:
    host.write(DATABASE)
    down.touch()
    assert host.run().exit_code == 2
    assert hook.messages == []


def test_what_must_fail_twice_is_told_by_the_second_run(host: Host, hook: Hook, down: Path) -> None:
    host.write('checks.add("rows", lambda: False, every="1m", failures_before_alert=2)')
    host.run("--notify")
    assert hook.messages == []
    host.run("--notify")
    assert hook.titles == [f"[SEV2] {SERVICE}: rows is critical"]


def test_quiet_at_the_start_of_a_service_hides_nothing_from_a_run(
    host: Host, hook: Hook, down: Path
) -> None:
    host.write('checks.add("rows", lambda: False, every="1m", quiet_at_start="5m")')
    host.run("--notify")
    assert hook.titles == [f"[SEV2] {SERVICE}: rows is critical"]


def test_twelve_dependents_are_one_message(host: Host, hook: Hook, down: Path) -> None:
    host.write(
        DATABASE
        + """
for number in range(12):
    checks.add(f"d{number}", lambda: True, every="1m", depends_on=["database"])
"""
    )
    down.touch()
    host.run("--notify")
    assert hook.titles == [f"[SEV1] {SERVICE}: database is critical"]
    assert "not judged meanwhile: 12: d0, d1, d10, d11, d2" in hook.messages[0]["message"]


def test_a_job_that_failed_is_told(host: Host, hook: Hook, down: Path) -> None:
    host.write(
        """
        checks.add("ok", lambda: True, every="1m")
        @obskit.job("import", expect_every="1h", severity="sev1", registry=checks)
        def run_import():
            raise OSError("no disk")
        """
    )
    code = (
        f"import obskit; obskit.init('{SERVICE}'); import {host.name}\n"
        f"try: {host.name}.run_import()\nexcept OSError: pass\nobskit.shutdown()"
    )
    import subprocess
    import sys

    subprocess.run([sys.executable, "-c", code], cwd=host.folder, check=True, capture_output=True)
    host.run("--notify")
    assert hook.titles == [f"[SEV1] {SERVICE}: job import is critical"]


def test_two_that_run_at_once_tell_once(host: Host, hook: Hook, down: Path) -> None:
    host.write(DATABASE)
    down.touch()
    with (
        host.begin("check", "run", "--notify") as one,
        host.begin("check", "run", "--notify") as two,
    ):
        one.communicate(timeout=PATIENCE)
        two.communicate(timeout=PATIENCE)
    assert hook.titles == [f"[SEV1] {SERVICE}: database is critical"]


def test_who_is_killed_while_it_sends_loses_nothing_and_may_tell_twice(
    host: Host, hook: Hook, down: Path
) -> None:
    """At least once: nobody knows whether the server had taken it."""
    host.write(DATABASE)
    down.touch()
    hook.hold()
    with host.begin("check", "run", "--notify") as begun:
        assert hook.arrived.wait(PATIENCE)
        begun.send_signal(signal.SIGKILL)
        begun.communicate(timeout=PATIENCE)
    hook._released.set()
    assert later(host, 10.0).deliver() == []
    (outcome,) = later(host, 200.0).deliver()
    assert (outcome.why, outcome.tries) == (None, 2)
    assert hook.titles == [f"[SEV1] {SERVICE}: database is critical"] * 2
    assert later(host, 1_000.0).deliver() == []


def test_a_channel_that_is_down_changes_no_exit_code_and_gets_it_later(
    host: Host, hook: Hook, down: Path
) -> None:
    host.write(DATABASE)
    down.touch()
    hook.status = 503
    result = host.run("--notify")
    assert result.exit_code == 2
    assert "waits, try 1 failed: " in result.stderr
    hook.status = 200
    (outcome,) = later(host, 60.0).deliver()
    assert outcome.why is None
    assert hook.titles == [f"[SEV1] {SERVICE}: database is critical"]


def test_a_silenced_check_is_not_told(host: Host, hook: Hook, down: Path) -> None:
    host.write(DATABASE)
    down.touch()
    host.run("database", "--for", "2h", "--reason", "we move it", command="silence")
    host.run("--notify")
    assert hook.messages == []


def test_state_in_memory_is_refused(host: Host, hook: Hook, down: Path) -> None:
    host.write(DATABASE)
    result = host.run("--notify", environ={"OBSKIT_STATE_URL": "memory:"})
    assert result.exit_code == 4
    assert "the state is kept in memory" in result.stderr


def test_a_wrong_alerts_toml_is_refused_before_anything_runs(host: Host) -> None:
    host.write('checks.add("rows", lambda: print("ran"), every="1m")')
    (host.folder / "who.toml").write_text("[receivers.team]\n")
    result = host.run("--notify", "--alerts", "who.toml")
    assert result.exit_code == 4
    assert "[receivers.team] is empty" in result.stderr
    assert "ran" not in result.stdout


def test_the_worker_tells_in_the_background_and_of_the_end(
    host: Host, hook: Hook, down: Path
) -> None:
    host.write(DATABASE.replace("1m", "1s"), APP)
    down.touch()
    with host.begin("check", "worker", "--notify") as worker:
        eventually(lambda: hook.titles)
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0
    assert hook.titles == [f"[SEV1] {SERVICE}: database is critical"]


def test_the_worker_that_runs_once_tells_too(host: Host, hook: Hook, down: Path) -> None:
    host.write(DATABASE, APP)
    down.touch()
    ended = host.process("check", "worker", "--once", "--notify")
    assert ended.returncode == 2
    assert hook.titles == [f"[SEV1] {SERVICE}: database is critical"]
