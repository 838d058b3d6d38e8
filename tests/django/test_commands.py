"""`manage.py`, in processes of its own: which commands tell of themselves, and obskit's own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.config.child import environment
from tests.config.receiver import Receiver
from tests.django import service
from tests.processes import arrivals

_PATIENCE = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose tables are there."""
    service.write(tmp_path)
    assert manage(tmp_path, "migrate", "--verbosity", "0").returncode == 0
    return tmp_path


def manage(
    folder: Path, *words: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` with these words."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=folder,
        env=environment({"DJANGO_SETTINGS_MODULE": "shop.settings", **(environ or {})}, folder),
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )


def test_a_command_runs_the_checks_that_views_declare(folder: Path) -> None:
    done = manage(folder, "obskit", "check", "run", "--json")
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["checks"]
    assert (told["name"], told["status"], told["value"]) == ("users", "ok", 0)


def test_a_commands_exit_code_is_the_commands_own(folder: Path) -> None:
    (folder / "shop.sqlite3").unlink()
    done = manage(folder, "obskit", "check", "run", "--nagios")
    assert done.returncode == 2, done.stderr
    assert done.stdout.startswith("CRITICAL - ")
    assert manage(folder, "obskit", "check", "rn").returncode == 4


def test_a_command_that_takes_no_app_knows_the_settings(folder: Path) -> None:
    done = manage(folder, "obskit", "status")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == ["service", "shop"]


def test_another_app_may_be_named(folder: Path) -> None:
    done = manage(folder, "obskit", "check", "run", "--app=shop.nothing")
    assert done.returncode == 4
    assert "shop.nothing" in done.stderr


def test_call_command_takes_the_same_words(folder: Path) -> None:
    script = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('obskit', 'check', 'run', '--nagios')\n"
    )
    (folder / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env=environment({"DJANGO_SETTINGS_MODULE": "shop.settings"}, folder),
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "OK - 1 ok | users=0\n"), done.stderr


@pytest.mark.parametrize(
    ("words", "lines"), [(["import_stock"], 1), (["check"], 0), (["showmigrations"], 0)]
)
def test_the_projects_own_commands_tell_of_themselves_and_djangos_do_not(
    words: list[str], lines: int, folder: Path
) -> None:
    with Receiver() as receiver:
        done = manage(folder, *words, environ={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url})
        assert done.returncode == 0, done.stderr
        assert arrivals.lines(receiver, "imported") == lines
        assert (len(receiver.requests) > 0) is (lines > 0)


def test_wrong_settings_end_a_command_with_one_sentence_each(folder: Path) -> None:
    with (folder / "shop/settings.py").open("a") as file:
        file.write('OBSKIT = {"servce": "shop", "log_level": "LOUD"}\n')
    done = manage(folder, "check")
    assert done.returncode == 1
    assert 'OBSKIT["servce"] is not an option' in done.stderr
    assert 'OBSKIT["log_level"] is' in done.stderr
