"""What is said where a server, or gevent, stands in the way, and how uWSGI tells of its forks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any

import pytest
from tests.config import child
from tests.config.receiver import Receiver

from obskit import hosting
from obskit.clock import SYSTEM_CLOCK
from obskit.export.worker import Worker

# gevent cannot look up a name at the exit of 3.12.0 and 3.12.1: what is left waits on disk.
EXIT_STARTS_THREADS = not (3, 12) <= sys.version_info[:3] < (3, 12, 2)
PATCH = "from gevent import monkey\nmonkey.patch_all()\n"
INIT = "import obskit\nobskit.init('t')\n"
WORK = """
for number in range(3):
    with obskit.span(f"work {number}"):
        obskit.get_logger().info("worked")
"""
LATE = "Call gevent.monkey.patch_all() before obskit.init, at the top of the program"


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        (PATCH + INIT + WORK, 0),
        ("import obskit\n" + PATCH + INIT + WORK, 0),
        ("import gevent\n" + INIT + WORK, 0),
        (INIT + PATCH + WORK, 1),
        (INIT + WORK + PATCH + WORK + "obskit.flush()\n" + WORK, 1),
    ],
    ids=["before the import", "before init", "never", "after init", "in the middle"],
)
def test_gevent_that_patches_after_init_is_told_of_once(
    tmp_path: Path, script: str, lines: int
) -> None:
    with Receiver() as receiver:
        ended = child.run(script, {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}, tmp_path)
    assert ended.status == 0, ended.errors
    assert ended.errors.count(LATE) == lines
    if EXIT_STARTS_THREADS:
        assert sorted(receiver.spans()) == ["work 0", "work 1", "work 2"]


def fake(monkeypatch: pytest.MonkeyPatch, **members: Any) -> Any:
    """What `import uwsgi` gives in a uWSGI."""
    module = ModuleType("uwsgi")
    module.__dict__.update(members)
    monkeypatch.setitem(sys.modules, "uwsgi", module)
    return module


def decorators(monkeypatch: pytest.MonkeyPatch, uwsgi: Any) -> list[Callable[[], object]]:
    """What uWSGI brings for hosts, and what it calls."""
    module: Any = ModuleType("uwsgidecorators")
    module.postfork_chain = []

    def call_all() -> None:
        for hook in module.postfork_chain:
            hook()

    uwsgi.post_fork_hook = call_all
    monkeypatch.setitem(sys.modules, "uwsgidecorators", module)
    return module.postfork_chain  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({"master": True}, 1),
        ({"enable-threads": True}, 0),
        ({"threads": b"2"}, 0),
        ({b"enable-threads": True}, 0),
    ],
)
def test_uwsgi_without_threads_is_told_of(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    options: dict[Any, Any],
    lines: int,
) -> None:
    fake(monkeypatch, opt=options)
    hosting.Hosting().warn()
    assert caplog.text.count("Start uWSGI with --enable-threads") == lines


def test_outside_of_servers_nothing_is_said_and_nothing_called(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hosting.Hosting().warn()
    hosting.after_fork_in_c(pytest.fail)
    assert caplog.text == ""


def test_uwsgi_calls_the_hooks_of_the_host_and_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    chain = decorators(monkeypatch, uwsgi := fake(monkeypatch))
    chain.append(lambda: called.append("host"))
    hosting.after_fork_in_c(lambda: called.append("ours"))
    uwsgi.post_fork_hook()
    assert called == ["host", "ours"]


def test_a_hook_that_the_host_set_itself_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uWSGI's decorators, which are not there, or want a master."""
    called: list[str] = []
    uwsgi = fake(monkeypatch, post_fork_hook=lambda: called.append("host"))
    monkeypatch.setitem(sys.modules, "uwsgidecorators", None)
    hosting.after_fork_in_c(lambda: called.append("ours"))
    uwsgi.post_fork_hook()
    assert called == ["host", "ours"]


def test_without_any_hook_ours_is_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    uwsgi = fake(monkeypatch)
    monkeypatch.setitem(sys.modules, "uwsgidecorators", None)
    hosting.after_fork_in_c(lambda: called.append("ours"))
    uwsgi.post_fork_hook()
    assert called == ["ours"]


@pytest.mark.parametrize(
    ("masterpid", "worker_id", "expected"), [(7, 0, True), (7, 1, False), (0, 0, False)]
)
def test_a_master_of_uwsgi_that_has_not_forked_runs_no_thread(
    monkeypatch: pytest.MonkeyPatch, masterpid: int, worker_id: int, expected: bool
) -> None:
    """What it holds when it forks in C, a worker waits for in vain."""
    fake(monkeypatch, masterpid=lambda: masterpid, worker_id=lambda: worker_id)
    assert hosting.will_fork_in_c() is expected
    worker, ran = Worker(SYSTEM_CLOCK), Event()
    worker.looked = ran.set
    worker.ensure_started()
    assert ran.wait(0.2 if expected else 60) is not expected
    worker.stop()
