"""`obskit top` in a real terminal: tmux's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("click", reason="Click is not installed")
pytest.importorskip("textual", reason="Textual is not installed")

from tests.checks.given import PATIENCE, eventually
from tests.cli.host import Host, kept
from tests.cli.top.given import DEAD, TOKEN, shop

from obskit.clock import SYSTEM_CLOCK

TMUX = shutil.which("tmux")
pytestmark = pytest.mark.skipif(TMUX is None, reason="tmux is not installed: make tools")

CHECKS = """
    import obskit

    @checks.check("rows", every="1h", unit="{row}", owner="data")
    def rows():
        raise AssertionError
"""
JOB = """
import sys, obskit

obskit.init("unknown_service:python", log_format="none")

@obskit.job("sync")
def sync():
    for line in sys.stdin:
        obskit.current_run().progress(int(line), 10)
    print("done", flush=True)

sync()
"""


class Terminal:
    """A terminal of tmux's, with a server of its own, and `obskit top` in it."""

    def __init__(self, folder: Path, socket: str) -> None:
        self._folder = folder
        self._socket = socket
        # A size that the environment tells would beat the terminal's own.
        self._environ = {**os.environ, "TERM": "screen-256color"}
        for name in ("COLUMNS", "LINES", "NO_COLOR", "TMUX"):
            self._environ.pop(name, None)

    def tmux(self, *words: str) -> str:
        command = [str(TMUX), "-u", "-S", self._socket, "-f", "/dev/null", *words]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd=self._folder,
            env=self._environ,
            check=False,
        )
        return done.stdout

    def begin(self, arguments: str, environ: str = "") -> None:
        command = f"{environ} {sys.executable} -m obskit top {arguments}"
        # What the terminal is like before and afterwards, and how it ended.
        shell = f'trap : INT; before=$(stty -g); {command}; echo "ended $?"'
        shell += '; [ "$(stty -g)" = "$before" ] && echo as before; exec sleep 600'
        self.tmux("new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", shell)

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def shown(self, *options: str) -> str:
        return self.tmux("capture-pane", "-p", *options)

    def eventually_shows(self, *words: str) -> None:
        try:
            eventually(lambda: all(word in self.shown() for word in words))
        except AssertionError:
            raise AssertionError(f"{words} not in\n{self.shown()}") from None

    def fact(self, name: str) -> str:
        return self.tmux("display-message", "-p", f"#{{{name}}}").strip()


@pytest.fixture
def terminal(host: Host) -> Iterator[Terminal]:
    # A socket's path is short.
    with tempfile.TemporaryDirectory(prefix="tmux") as folder:
        terminal = Terminal(host.folder, f"{folder}/s")
        yield terminal
        terminal.tmux("kill-server")


@contextmanager
def job(host: Host) -> Iterator[subprocess.Popen[str]]:
    (host.folder / "work.py").write_text(JOB)
    with subprocess.Popen(
        [sys.executable, "work.py"],
        cwd=host.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def test_a_bar_moves_while_a_job_runs_and_its_state_changes_when_it_ends(
    host: Host, terminal: Terminal
) -> None:
    host.write(CHECKS)
    terminal.begin(f"--every 100ms --app {host.name}:checks")
    terminal.eventually_shows("DEGRADED", "UNKNOWN rows it has not run yet; owner data")
    with job(host) as process:
        say(process, "3")
        terminal.eventually_shows("running sync ██████░░░░░░░░░░░░░░ 30%, 3 of 10")
        say(process, "9")
        terminal.eventually_shows("running sync ██████████████████░░ 90%, 9 of 10")
        process.communicate(timeout=PATIENCE)
    terminal.eventually_shows("ok sync ok, ")


def test_a_check_that_begins_to_fail_comes_first(host: Host, terminal: Terminal) -> None:
    host.write(CHECKS)
    now = SYSTEM_CLOCK.now()
    host.store.keep(kept("rows", now - 60, value=3.0, unit="{row}"))
    terminal.begin(f"--every 100ms --app {host.name}:checks")
    terminal.eventually_shows("HEALTHY", "OK rows 3 row")
    host.store.keep(
        kept("rows", now, status="critical", value=90.0, unit="{row}", message="too many")
    )
    terminal.eventually_shows("UNHEALTHY", "Failing\nCRITICAL rows too many; for ")
    terminal.eventually_shows("90 row  ▁█  +87 in 1m")


def test_it_is_drawn_for_the_size_that_the_terminal_gets(host: Host, terminal: Terminal) -> None:
    host.write(CHECKS)
    words = "it was read in full and then counted again " * 3
    host.store.keep(kept("rows", SYSTEM_CLOCK.now(), status="critical", message=words.strip()))
    terminal.begin(f"--app {host.name}:checks")
    terminal.eventually_shows("CRITICAL rows it was read in full")
    terminal.tmux("resize-window", "-x", "200", "-y", "40")
    terminal.eventually_shows(words.strip())
    terminal.tmux("resize-window", "-x", "60", "-y", "6")
    terminal.eventually_shows("UNHEALTHY", "Failing\nCRITICAL rows it was", "5 processes  ↓ 2")


@pytest.mark.parametrize("key", ["q", "C-c"])
def test_a_key_ends_it_and_leaves_the_terminal_as_it_was(
    host: Host, terminal: Terminal, key: str
) -> None:
    host.write(CHECKS)
    terminal.begin(f"--app {host.name}:checks")
    terminal.eventually_shows("DEGRADED")
    assert terminal.fact("alternate_on") == "1"
    terminal.keys(key)
    terminal.eventually_shows("ended 0\nas before")
    assert (terminal.fact("alternate_on"), terminal.fact("cursor_flag")) == ("0", "1")
    assert terminal.fact("mouse_any_flag") == "0"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_leaves_the_terminal_as_it_was(
    host: Host, terminal: Terminal, number: signal.Signals
) -> None:
    host.write(CHECKS)
    terminal.begin(f"--app {host.name}:checks")
    terminal.eventually_shows("DEGRADED")
    shell = terminal.fact("pane_pid")
    child = Path(f"/proc/{shell}/task/{shell}/children")
    os.kill(int(child.read_text().split()[0]), number)
    terminal.eventually_shows("ended 0\nas before")
    assert (terminal.fact("alternate_on"), terminal.fact("cursor_flag")) == ("0", "1")


@pytest.mark.parametrize(("environ", "has_colour"), [("", True), ("NO_COLOR=1", False)])
def test_a_state_has_a_colour_where_colours_are_wanted(
    host: Host, terminal: Terminal, environ: str, has_colour: bool
) -> None:
    host.write(CHECKS)
    terminal.begin(f"--app {host.name}:checks", environ)
    terminal.eventually_shows("UNKNOWN rows")
    drawn = terminal.shown("-e")
    assert ("\x1b[35mUNKNOWN" in drawn) is has_colour
    assert ("\x1b[3" in drawn.replace("\x1b[39m", "")) is has_colour


def test_a_dumb_terminal_is_printed_on(host: Host, terminal: Terminal) -> None:
    host.write(CHECKS)
    terminal.begin(f"--every 100ms --app {host.name}:checks", "TERM=dumb")
    terminal.eventually_shows("UNKNOWN  rows  it has not run yet; owner data")
    assert terminal.fact("alternate_on") == "0"
    host.store.keep(kept("rows", SYSTEM_CLOCK.now(), value=3.0, unit="{row}"))
    terminal.eventually_shows("OK  rows  3 row")
    assert "\x1b[3" not in terminal.shown("-e")
    terminal.keys("C-c")
    terminal.eventually_shows("ended 0\nas before")


def test_services_are_asked_at_their_urls(host: Host, terminal: Terminal) -> None:
    pytest.importorskip("flask", reason="Flask is not installed")
    token, wrong = host.folder / "token", host.folder / "wrong"
    token.write_text(f"{TOKEN}\n")
    wrong.write_text("guess\n")
    with shop(host.folder) as url:
        asked = [(url, token), (url, wrong), (DEAD.removesuffix("/health"), token)]
        options = " ".join(f"--url {base}/health --token-file {file}" for base, file in asked)
        terminal.begin(f"--every 100ms {options}")
        terminal.eventually_shows(
            "3 services: 1 no answer, 2 healthy",
            f"NO ANSWER  {DEAD}  tcp failed: Connection refused",
            "rows 3 row",
            "its token is missing or wrong",
        )
    # The service has ended; what it said is still there, and the terminal too.
    terminal.eventually_shows("3 services: 3 no answer", "what follows was so at ", "rows 3 row")
    terminal.keys("q")
    terminal.eventually_shows("ended 0")
