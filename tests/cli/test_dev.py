"""`obskit dev` as it is run: as a process, with another as its child."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from obskit.cli import main
from obskit.dev.receiver import Receiver

STOCK_SENDER = str(Path(__file__).parents[1] / "dev" / "stock_sender.py")
DEV = [sys.executable, "-m", "obskit", "dev"]
COUNT_SIGNALS = """
import signal, sys, time
def count(number, frame):
    print("got", signal.Signals(number).name, flush=True)
    seen.append(number)
seen = []
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"):
    signal.signal(getattr(signal, name), count)
print("ready", flush=True)
deadline = time.monotonic() + 60
while signal.SIGTERM not in seen and time.monotonic() < deadline:
    time.sleep(0.01)
sys.exit(40 + len(seen))
"""


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEV, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "TZ": "UTC", "COLUMNS": "80", **environ},
    )


def without_numbers(text: str) -> str:
    """Replace ids, durations, times and ports, which differ from run to run."""
    text = re.sub(r"\b[0-9a-f]{32}\b", "ID", text)
    text = re.sub(r" *\+?\d+(\.\d+)? m?s ", " T ", text)
    text = re.sub(r"\d\d:\d\d:\d\d", "NOW", text)
    text = re.sub(r"\d+ points", "N points", text)
    text = re.sub(r"\.py:\d+", ".py:LINE", text)
    text = re.sub(r"127.0.0.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"PORT/[\w-]{24}/", "PORT/TOKEN/", text)


def test_stories_of_a_program_that_knows_nothing_of_obskit() -> None:
    # Spans wait for the end, and so nothing of a story comes after its request.
    command = (sys.executable, STOCK_SENDER, "/items/3", "/boom")
    done = run("--", *command, OTEL_BSP_SCHEDULE_DELAY="60000")
    assert done.returncode == 3
    assert without_numbers(done.stdout).splitlines() == [
        "obskit dev receives on http://127.0.0.1:PORT",
        "in the browser: http://127.0.0.1:PORT/TOKEN/",
        "answers 200 500",
        "",
        "NOW GET /items/3 200 T  ID",
        " T  info    counting  number=3",
        " T  GET /items/<int:number>",
        " T    ×3 SELECT 1",
        "",
        "NOW GET /boom 500 T  ID",
        " T  error   Exception on /boom [GET]",
        "  ✗ KeyError: 'price'",
        "    stock_sender.py:LINE in boom",
        '      return basket["price"]',
        "      basket = {sku: 'A-1'}",
        "    … 4 more frames in flask",
        "    Sentry event ID",
        "",
        "received 5 spans, N points, 2 lines, 1 error",
    ]


def test_a_terminal_that_lacks_a_character_is_shown_its_code() -> None:
    done = run("--", sys.executable, STOCK_SENDER, "/boom", PYTHONIOENCODING="ascii")
    assert done.returncode == 3
    assert "\n  \\u2717 KeyError: 'price'\n" in done.stdout


def test_the_streams_of_the_command_pass_through() -> None:
    code = "import sys; print(sys.stdin.read().upper()); print('oops', file=sys.stderr)"
    done = subprocess.run(
        [*DEV, sys.executable, "-c", code],
        input="words",
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "WORDS\n" in done.stdout
    assert done.stderr == "oops\n"


def test_options_of_the_command_are_its_own() -> None:
    code = "import sys; print(sys.argv[1:])"
    assert "['--port', '-h', '--']" in run(sys.executable, "-c", code, "--port", "-h", "--").stdout


def test_the_port_can_be_chosen() -> None:
    with Receiver(lambda _: None) as free:
        port = str(free.port)
    code = "import os; print(os.environ['OTEL_EXPORTER_OTLP_ENDPOINT'])"
    done = run("--port", port, "--", sys.executable, "-c", code)
    assert f"\nhttp://127.0.0.1:{port}\n" in done.stdout


def test_a_taken_port_is_told() -> None:
    with Receiver(lambda _: None) as taken:
        done = run("--port", str(taken.port), "--", "true")
    assert (done.returncode, done.stdout) == (126, "")
    assert done.stderr == (
        f"obskit dev: port {taken.port} is in use: end what listens there (a collector, another"
        " obskit dev), or choose another with --port; 0 takes a free one\n"
    )


def test_a_command_that_does_not_exist_is_told() -> None:
    done = run("--", "no-such-command")
    assert done.returncode == 127
    assert done.stderr == (
        "obskit dev: no-such-command: not found: install it, or give its whole path\n"
    )


def test_a_command_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    plain = tmp_path / "plain.txt"
    plain.touch()
    done = run("--", str(plain))
    assert done.returncode == 126
    assert done.stderr == (
        f"obskit dev: {plain}: Permission denied: it is no program that this user may run;"
        f" give the one that runs it before it, such as python {plain}\n"
    )


def test_without_a_command_it_receives_from_anyone_until_ctrl_c() -> None:
    alone = subprocess.Popen([*DEV, "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert alone.stdout is not None
    said = [alone.stdout.readline() for _ in range(6)]
    assert [without_numbers(line) for line in said] == [
        "obskit dev receives on http://127.0.0.1:PORT\n",
        "in the browser: http://127.0.0.1:PORT/TOKEN/\n",
        "set where the service starts:\n",
        "  export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:PORT\n",
        "  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n",
        "  export SENTRY_DSN=http://ID@127.0.0.1:PORT/1\n",
    ]
    settings = dict(line.split(maxsplit=1)[1].strip().split("=", 1) for line in said[3:])
    sender = [sys.executable, STOCK_SENDER, "/boom"]
    subprocess.run(sender, env={**os.environ, **settings}, timeout=120, check=False)
    alone.send_signal(signal.SIGINT)
    told, _ = alone.communicate(timeout=60)
    assert " GET /boom 500 " in told
    assert alone.returncode == 0


def test_without_a_command_it_receives_where_senders_look_first() -> None:
    try:
        with Receiver(lambda _: None, port=4318):
            done = run()
    except OSError:
        done = run()  # somebody else has the port
    assert done.returncode == 126
    assert done.stderr.startswith("obskit dev: port 4318 is in use: end what listens there")


def test_a_command_that_dies_of_a_signal_gives_128_and_its_number() -> None:
    assert run("--", sys.executable, "-c", "import os; os.kill(os.getpid(), 6)").returncode == 134


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("obskit.dev")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    result = CliRunner().invoke(main, ["dev", "--", "true"])
    assert result.exit_code == 1
    assert result.output == (
        "Error: obskit dev needs a package that is not installed: pip install 'obskit-otel[cli]'\n"
    )


def test_a_module_of_our_own_that_is_missing_is_no_missing_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "obskit.dev", raising=False)
    monkeypatch.setitem(sys.modules, "obskit.dev.printer", None)
    result = CliRunner().invoke(main, ["dev", "--", "true"])
    assert isinstance(result.exception, ModuleNotFoundError)


def test_when_nobody_reads_any_more_the_command_is_ended(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    code = (
        "import signal, sys, pathlib, urllib.request, os\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({str(ended)!r}).touch(),"
        " sys.exit()))\n"
        'body = b\'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}\'\n'
        "url = os.environ['OTEL_EXPORTER_OTLP_ENDPOINT'] + '/v1/logs'\n"
        "headers = {'Content-Type': 'application/json'}\n"
        "for _ in range(600):\n"
        "    urllib.request.urlopen(urllib.request.Request(url, body, headers)).close()\n"
        "    signal.sigtimedwait([], 0.1)\n"
    )
    process = subprocess.Popen([*DEV, sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"obskit dev receives on")
    process.stdout.close()
    assert process.wait(120) == 1
    assert ended.exists()


class Terminal:
    """A terminal in which a command runs in the foreground."""

    def __init__(self, command: list[str]) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:  # pragma: no cover - the other process
            os.execv(command[0], command)
        self.output = ""

    def read_until(self, text: str) -> None:
        while text not in self.output:
            readable, _, _ = select.select([self.descriptor], [], [], 60)
            assert readable, f"{text!r} did not come; so far {self.output!r}"
            self.output += os.read(self.descriptor, 65536).decode()

    def type(self, keys: bytes) -> None:
        os.write(self.descriptor, keys)

    def wait(self) -> int:
        self.read_until("received ")
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    running = Terminal([*DEV, sys.executable, "-c", COUNT_SIGNALS])
    yield running
    os.close(running.descriptor)


@pytest.mark.filterwarnings("ignore:.*forkpty:DeprecationWarning")
def test_ctrl_c_reaches_the_command_once(terminal: Terminal) -> None:
    terminal.read_until("ready")
    terminal.type(b"\x03")
    terminal.read_until("got SIGINT")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait() == 42
    assert terminal.output.count("got SIGINT") == 1


@pytest.fixture
def hangup() -> Iterator[None]:
    """SIGHUP ends processes, also in a test run under nohup, which ignores it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def test_signals_are_passed_on(hangup: None) -> None:
    process = subprocess.Popen(
        [*DEV, sys.executable, "-c", COUNT_SIGNALS],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    following = {
        "ready": signal.SIGINT,
        "got SIGINT": signal.SIGHUP,
        "got SIGHUP": signal.SIGUSR1,
        "got SIGUSR1": signal.SIGTERM,
    }
    for line in process.stdout:
        if line.strip() in following:
            process.send_signal(following[line.strip()])
    process.stdout.close()
    assert process.wait(120) == 44


def test_without_a_command_the_port_of_grpc_says_what_to_set() -> None:
    alone = subprocess.Popen([*DEV, "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert alone.stdout is not None
    for _ in range(6):
        alone.stdout.readline()
    with socket.create_connection(("127.0.0.1", 4317), timeout=60) as sender:
        sender.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        answer = sender.makefile("rb").read()
    alone.send_signal(signal.SIGTERM)
    alone.communicate(timeout=60)
    assert alone.returncode == 0
    assert answer.endswith(
        b"gRPC is not spoken here: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
        b" OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317\n"
    )
