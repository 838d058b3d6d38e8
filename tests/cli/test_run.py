"""`obskit run` as it is run: as a process, with a command as its child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.config import child
from tests.config.receiver import Receiver, attributes
from tests.faults import blackholed

RUN = [sys.executable, "-m", "obskit", "run"]
PATIENCE = 90.0
SHELL = ("sh", "-c")


class Ended:
    """What became of a run."""

    def __init__(self, status: int, output: bytes, errors: bytes) -> None:
        self.status = status
        self.output = output
        self.errors = errors


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return child.environment({"OTEL_SERVICE_NAME": "backup"}, tmp_path)


def run(environ: dict[str, str], *arguments: str, given: bytes = b"") -> Ended:
    done = subprocess.run(
        [*RUN, *arguments],
        env=environ,
        cwd=environ["OBSKIT_RUN_DIR"].removesuffix("/run"),
        input=given,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def receiver(environ: dict[str, str]) -> Iterator[Receiver]:
    with Receiver() as running:
        environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = running.url
        yield running


def test_streams_and_exit_code_pass_through(environ: dict[str, str]) -> None:
    script = "cat; printf 'no\\000end\\377'; printf oops >&2; exit 3"
    done = run(environ, "--", *SHELL, script, given=b"words\r\n")
    assert done.status == 3
    assert done.output == b"words\r\nno\x00end\xff"
    assert done.errors == b"oops"


def test_a_large_output_passes_whole(environ: dict[str, str]) -> None:
    code = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 40_000)"
    done = run(environ, "--", sys.executable, "-c", code)
    assert done.status == 0
    assert done.output == bytes(range(256)) * 40_000


def test_output_comes_as_it_is_written(environ: dict[str, str]) -> None:
    process = subprocess.Popen(
        [*RUN, "--", *SHELL, "printf begun; read line; printf ended"],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    # It waits for its input after this: what comes now has not waited for the end.
    assert os.read(process.stdout.fileno(), 100) == b"begun"
    process.stdin.write(b"\n")
    process.stdin.close()
    assert process.stdout.read() == b"ended"
    process.stdout.close()
    assert process.wait(PATIENCE) == 0


def test_a_command_that_dies_of_a_signal_gives_128_and_its_number(
    environ: dict[str, str], receiver: Receiver
) -> None:
    assert run(environ, "--job", "import", "--", *SHELL, "kill -9 $$").status == 137
    record = next(r for text, r in receiver.records().items() if "has failed" in text)
    assert attributes(record.attributes)["obskit.job.run.message"] == "ended by SIGKILL"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_signals_are_passed_on_and_the_run_is_told(
    environ: dict[str, str], receiver: Receiver, name: str
) -> None:
    script = f"trap 'echo got; exit 41' {name.removeprefix('SIG')}; echo ready; while :; do sleep 0.05; done"
    process = subprocess.Popen(
        [*RUN, "--job", "import", "--", *SHELL, script], env=environ, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(getattr(signal, name))
    assert process.stdout.read() == b"got\n"
    process.stdout.close()
    assert process.wait(PATIENCE) == 41
    assert any("has failed" in text for text in receiver.records())


def test_a_command_that_leaves_the_signal_to_the_system_ends_by_it(
    environ: dict[str, str],
) -> None:
    process = subprocess.Popen(
        [*RUN, "--", *SHELL, "echo ready; exec sleep 60"], env=environ, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    process.stdout.close()
    assert process.wait(PATIENCE) == 143


def test_the_run_is_told_with_its_last_lines_and_without_secrets(
    environ: dict[str, str], receiver: Receiver
) -> None:
    script = "for i in $(seq 60); do echo row $i; done; echo password=hunter2canary; exit 4"
    options = ("--job", "dump", "--expect-every", "24h")
    assert run(environ, *options, "--", *SHELL, script).status == 4
    begun, ended = receiver.records().items()
    assert begun[0] == "dump has begun"
    assert ended[0].startswith("dump has failed after ")
    told = attributes(ended[1].attributes)
    assert told["obskit.job.run.message"] == "exit code 4"
    assert (ended[1].event_name, ended[1].severity_text) == ("obskit.job.finished", "ERROR")
    evidence = [each.string_value for each in told["obskit.job.run.evidence"].values]
    assert evidence == [*(f"row {number}" for number in range(12, 61)), "password=[redacted]"]
    assert b"hunter2canary" not in b"".join(request.body for request in receiver.requests)


def test_the_run_is_traced_and_measured(environ: dict[str, str], receiver: Receiver) -> None:
    assert run(environ, "--job", "dump", "--expect-every", "24h", "--", "true").status == 0
    span = receiver.spans()["job dump"]
    assert attributes(span.attributes)["obskit.job.outcome"] == "ok"
    found = receiver.metrics()
    assert found["obskit.job.deadline.timestamp"].unit == "s"
    (runs,) = found["obskit.job.runs"].sum.data_points
    assert attributes(runs.attributes) == {
        "obskit.job.name": "dump",
        "obskit.job.outcome": "ok",
    }
    assert runs.as_int == 1


def test_the_job_is_named_after_the_program(environ: dict[str, str], receiver: Receiver) -> None:
    assert run(environ, "--", "/bin/true").status == 0
    assert "job true" in receiver.spans()


def test_without_a_collector_nothing_is_added(environ: dict[str, str]) -> None:
    done = run(environ, "--", *SHELL, "echo done")
    assert (done.status, done.output, done.errors) == (0, b"done\n", b"")


def test_log_lines_come_where_they_are_asked_for(environ: dict[str, str]) -> None:
    done = run({**environ, "OBSKIT_LOG_FORMAT": "json"}, "--", *SHELL, "echo done")
    assert done.output == b"done\n"
    assert b'"event":"sh has begun"' in done.errors


def test_a_collector_that_is_away_costs_no_more_than_the_budget(environ: dict[str, str]) -> None:
    with blackholed() as endpoint:
        away = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OBSKIT_SHUTDOWN_TIMEOUT": "0.5"}
        done = run({**environ, **away}, "--", *SHELL, "echo done; exit 5")
    assert (done.status, done.output, done.errors) == (5, b"done\n", b"")


def test_a_command_that_does_not_exist_is_told(environ: dict[str, str]) -> None:
    done = run(environ, "--", "no-such-command")
    assert (done.status, done.output) == (127, b"")
    assert done.errors == b"obskit run: no-such-command: not found\n"


def test_a_shell_that_finds_no_command_speaks_for_itself(environ: dict[str, str]) -> None:
    done = run(environ, "--", *SHELL, "exit 127")
    assert (done.status, done.errors) == (127, b"")


def test_a_command_that_cannot_be_run_is_told(environ: dict[str, str], tmp_path: Path) -> None:
    plain = tmp_path / "plain.txt"
    plain.touch()
    done = run(environ, "--", str(plain))
    assert done.status == 126
    assert done.errors == f"obskit run: {plain}: Permission denied\n".encode()


def test_when_nobody_reads_any_more_the_command_ends(environ: dict[str, str]) -> None:
    process = subprocess.Popen([*RUN, "--", "yes"], env=environ, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"y\n"
    process.stdout.close()
    assert process.wait(PATIENCE) == 141  # SIGPIPE


def test_what_the_command_leaves_running_does_not_hold_us(
    environ: dict[str, str], tmp_path: Path
) -> None:
    script = f"sleep 300 & echo $! > {tmp_path}/pid; echo done"
    done = run(environ, "--", *SHELL, script)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert (done.status, done.output) == (0, b"done\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--expect-every", "soon"), b"expect_every: 'soon' is no span of time"),
        (("--job", "Nightly Import"), b"the name is 'Nightly Import': use 1 to 63 of a-z"),
        (("--expect-cron", "0 3 * * *"), b"it has no time zone"),
    ],
)
def test_wrong_options_are_told_and_nothing_is_run(
    environ: dict[str, str], options: tuple[str, ...], message: bytes
) -> None:
    done = run(environ, *options, "--", *SHELL, "echo ran")
    assert (done.status, done.output) == (125, b"")
    assert message in done.errors


def test_without_a_command_the_usage_is_told(environ: dict[str, str]) -> None:
    done = run(environ)
    assert done.status == 2
    assert b"Missing argument 'COMMAND...'" in done.errors
