"""Which processes of the service run here, under what, and what of how they run does harm."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host

from obskit.cli.doctor.server import facts, harms

# What a process of a service holds as long as it lives. It ends with its standard input.
SERVICE = """
import sys
from pathlib import Path
from obskit.telemetry.instance import Slot

slot = Slot(Path(sys.argv[1]))
print(slot.number, flush=True)
sys.stdin.read()
"""


@contextmanager
def running(tmp_path: Path, script: str, *words: str, master: str = "") -> Iterator[int]:
    """A process of the service that was begun by a script of this name, and that by Gunicorn's master."""
    folder = tmp_path / "run" / "obskit" / "unknown_service_python"
    file = tmp_path / script
    file.write_text(SERVICE)
    command = [sys.executable, str(file), str(folder), *words]
    if master:
        (tmp_path / "gunicorn").write_text(master)
        command.insert(1, str(tmp_path / "gunicorn"))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline().strip().isdigit()
        yield process.pid
        process.stdin.close()


def test_where_nothing_runs_it_says_where_it_looked(
    app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    folder = tmp_path / "run" / "obskit" / "unknown_service_python"
    assert doctor("server").stdout == (
        "OK      server        no process of unknown_service:python runs on this host, as far as"
        f" {folder} tells\n"
    )


def test_the_processes_of_a_server_are_told(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    with running(tmp_path, "gunicorn", "--preload"), running(tmp_path, "gunicorn", "--preload"):
        found = doctor("server")
    assert found.stdout.splitlines() == [
        (
            "OK      server        2 processes of unknown_service:python run on this host: 2 of"
            " gunicorn"
        ),
        "OK      server        gunicorn: 2 processes, 1/1 threads each, preloaded",
    ]
    assert found.exit_code == 0


def test_a_process_under_nothing_that_is_known_is_told(
    app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    with running(tmp_path, "sync.py"):
        found = doctor("server")
    assert "no known server: 1 processes, 1 threads each\n" in found.stdout


@pytest.mark.parametrize("script", ["uwsgi-core", "uwsgi_python3"])
def test_a_server_is_known_by_how_its_program_begins(
    app: Host, doctor: Doctor, tmp_path: Path, script: str
) -> None:
    with running(tmp_path, script, "--enable-threads"):
        found = doctor("server")
    assert "uwsgi: 1 processes, 1 threads each, threads enabled\n" in found.stdout


def test_a_process_is_of_the_server_that_began_it(
    app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    master = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]], check=True)"
    with running(tmp_path, "work.py", master=master):
        found = doctor("server")
    assert "gunicorn: 1 processes, 1 threads each\n" in found.stdout


def test_uwsgi_without_threads_is_found(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    with running(tmp_path, "uwsgi", "--master"):
        found = doctor("server")
    assert (
        "nothing is sent while a worker waits for requests, but only when it ends: start uWSGI"
        in (found.stdout)
    )
    assert found.exit_code == 1


@pytest.mark.parametrize(
    "words",
    [
        ["uwsgi", "--enable-threads"],
        ["uwsgi", "--threads=4"],
        ["uwsgi", "-T"],
        ["uwsgi", "--ini", "FILE"],
        ["uwsgi", "--ini=FILE:shop"],
        ["uwsgi", "/no/such/file.ini"],
    ],
)
def test_uwsgi_with_threads_or_with_what_cannot_be_read_is_well(
    tmp_path: Path, words: list[str]
) -> None:
    file = tmp_path / "uwsgi.ini"
    file.write_text("[uwsgi]\nmaster = true\nenable-threads = true\n")
    given = [word.replace("FILE", str(file)) for word in words]
    assert list(harms("uwsgi", given)) == []
    assert list(facts("uwsgi", given)) == ["threads enabled"]


def test_uwsgi_whose_file_says_nothing_of_threads_is_found(tmp_path: Path) -> None:
    file = tmp_path / "uwsgi.ini"
    file.write_text("[uwsgi]\nmaster = true\n")
    (found,) = harms("uwsgi", ["uwsgi", "--ini", str(file)])
    assert found.remedy == "start uWSGI with --enable-threads"


@pytest.mark.parametrize(
    "words", [["-k", "gevent"], ["--worker-class", "gevent"], ["--worker-class=gevent"]]
)
def test_greenlets_of_a_preloaded_app_are_a_warning(words: list[str]) -> None:
    given = ["gunicorn", "--preload", *words, "shop:app"]
    (found,) = harms("gunicorn", given)
    assert (found.level, found.what) == (
        "warning",
        (
            "Gunicorn imports the app before its gevent workers patch: what is imported then blocks"
            " the greenlets"
        ),
    )
    assert list(facts("gunicorn", given)) == ["preloaded", "worker class gevent"]
    assert list(harms("gunicorn", ["gunicorn", *words, "shop:app"])) == []


def test_several_processes_with_a_memory_of_their_own_are_found(
    app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    with running(tmp_path, "gunicorn"), running(tmp_path, "gunicorn"):
        found = doctor("server", OBSKIT_STATE_URL="memory:")
    assert (
        "2 processes keep their state in memory: each runs the checks of the host" in found.stdout
    )
    assert found.exit_code == 1


def test_one_process_may_keep_its_state_in_memory(
    app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    with running(tmp_path, "gunicorn"):
        found = doctor("server", OBSKIT_STATE_URL="memory:")
    assert (found.exit_code, "in memory" in found.stdout) == (0, False)


def test_where_nothing_runs_no_worker_of_checks_is_missed(app: Host, doctor: Doctor) -> None:
    assert "in a worker" not in doctor("server", OBSKIT_CHECKS_IN="worker").stdout


@pytest.mark.parametrize(("words", "told"), [([], True), (["check", "worker"], False)])
def test_a_worker_of_checks_that_does_not_run_is_a_warning(
    app: Host, doctor: Doctor, tmp_path: Path, words: list[str], told: bool
) -> None:
    with running(tmp_path, "obskit-cli", *words):
        found = doctor("server", OBSKIT_CHECKS_IN="worker")
    assert ("checks run in a worker, and none runs on this host" in found.stdout) == told
    assert found.exit_code == 0
