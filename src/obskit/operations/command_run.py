"""Runs a command as a job: its output passes through, its end is the job's."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from contextvars import copy_context
from functools import partial
from threading import Thread
from typing import IO

from obskit import names
from obskit.operations.job import DeclaredJob
from obskit.operations.notebook import VARIABLE, Notebook
from obskit.operations.run import LivingRun, Run
from obskit.operations.tail import Tail, readable
from obskit.telemetry import loggers

#: Of the lines that a command has written.
LOGGER = "obskit.job.output"
Log = Callable[[str, bytes], object]

# What a shell answers.
_NOT_EXECUTABLE = 126
_NOT_FOUND = 127
_SIGNALLED = 128

_CHUNK = 65_536
# Between looking for signals.
_TICK_S = 0.05
# What the command has left running may hold its output open: so long a silence ends it for us.
_SILENCE_S = 1.0
_OUT, _ERR = 1, 2
_STREAMS = {_OUT: "stdout", _ERR: "stderr"}
_INFO = 20


class Stream(Thread):
    """Passes one stream of the command on, byte for byte, as it comes.

    Args:
        source: What the command writes to.
        target: Our own stream of the same kind: a descriptor.
        tail: Remembers the last lines.
        log: Told of each line, with the stream's name.
    """

    def __init__(self, source: IO[bytes], target: int, tail: Tail, log: Log) -> None:
        super().__init__(name=f"obskit-run-{target}", daemon=True)
        self._source = source
        self._target = target
        self._tail = tail
        self._log = partial(log, _STREAMS[target])
        self._context = copy_context()  # the run is at hand there
        self._command_ended = False
        self.start()

    def finish(self) -> None:
        """The command has ended: pass on what is left, and come to an end."""
        self._command_ended = True
        self.join()
        self._log(self._tail.rest(self._target))

    def run(self) -> None:
        """Called by the thread."""
        with self._source:  # closed when nobody reads us any more: then the command is told as well
            silent_since: float | None = None
            while True:
                if not select.select([self._source], [], [], _TICK_S)[0]:
                    if not self._command_ended:
                        continue
                    silent_since = silent_since or time.monotonic()
                    if time.monotonic() - silent_since > _SILENCE_S:
                        return
                    continue
                silent_since = None
                data = os.read(self._source.fileno(), _CHUNK)
                if not data or not self._pass_on(data):
                    return

    def _pass_on(self, data: bytes) -> bool:
        lines = self._tail.add(self._target, data)
        try:
            while data:
                data = data[os.write(self._target, data) :]
        except OSError:  # nobody reads
            return False
        finally:
            for line in lines:
                self._context.run(self._log, line)
        return True


def run_command(
    job: DeclaredJob, command: Sequence[str], signals: list[int], *, log_output: bool = False
) -> int:
    """Run a command as a run of a job. Call it from the main thread.

    Args:
        job: The job.
        command: The program and its arguments.
        signals: Signals that came for the command: taken from it, and passed on.
        log_output: Whether each line that it writes is a log line too.

    Returns:
        Its exit code, 128 + n when it died of the signal n; 127 or 126 when it could not be started.
    """
    tail = Tail()
    with job.run() as run, closing(Notebook(job.name, run)) as notes:
        log = partial(_log_line, job.name, run.run_id) if log_output else _no_line
        try:
            code = _follow(command, tail, signals, notes, log)
        except FileNotFoundError:
            code = _NOT_FOUND
            _refused(run, f"{command[0]}: not found")
        except OSError as error:
            code = _NOT_EXECUTABLE
            _refused(run, f"{command[0]}: {error.strerror}")
        else:
            notes.read()
            if code:
                run.fail(": ".join(filter(None, (_told(code), notes.reason))))
        if isinstance(run, LivingRun):
            run.evidence = tail.lines()
    return code if code >= 0 else _SIGNALLED - code


def _log_line(job: str, run_id: str, stream: str, line: bytes) -> None:
    written = readable(line)
    if written.strip() and loggers.Named(LOGGER).enabled(_INFO):
        fields = {names.JOB_NAME: job, names.JOB_RUN_ID: run_id, names.LOG_IOSTREAM: stream}
        loggers.active().emit(LOGGER, _INFO, written, fields)


def _no_line(_stream: str, _line: bytes) -> None:
    """The output passes through, and is not logged."""


def _follow(
    command: Sequence[str], tail: Tail, signals: list[int], notes: Notebook, log: Log
) -> int:
    process = subprocess.Popen(  # noqa: S603 - what the user asked to run
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, VARIABLE: str(notes.path)},
    )
    assert process.stdout is not None  # noqa: S101 - for the types
    assert process.stderr is not None  # noqa: S101 - for the types
    streams = [Stream(process.stdout, _OUT, tail, log), Stream(process.stderr, _ERR, tail, log)]
    while True:
        try:
            code = process.wait(_TICK_S)
            break
        except subprocess.TimeoutExpired:
            while signals:
                process.send_signal(signals.pop(0))
            notes.read()
    for stream in streams:
        stream.finish()
    return code


def _refused(run: Run, why: str) -> None:
    run.fail(why)
    os.write(_ERR, f"obskit run: {why}\n".encode())


def _told(code: int) -> str:
    if code > 0:
        return f"exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"ended by signal {-code}"
