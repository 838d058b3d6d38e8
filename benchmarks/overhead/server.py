"""One contender, served by gunicorn with one worker, which stands still while others are measured."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.overhead import environments, load
from benchmarks.overhead.contenders import Contender

#: Seconds for a worker to come up, or to send what waits and end.
PATIENCE = 30
_CPU_CLOCK = 2


def variables(contender: Contender, sink: str, folder: Path) -> dict[str, str]:
    """The environment of a contender's process: nothing of ours but what it needs."""
    own = {name: value.format(sink=sink) for name, value in contender.variables.items()}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PYTHONPATH": str(environments.ROOT),
        "PYTHONHASHSEED": "0",
        **own,
    }


class Server:
    """A contender that is served.

    Args:
        contender: Who.
        sink: Where it sends.
        folder: Where it may write; also the working directory.
    """

    def __init__(self, contender: Contender, sink: str, folder: Path) -> None:
        self.contender = contender
        self.requests = 0
        self._console = folder / "console"
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._port = listener.getsockname()[1]
        command = [environments.python(contender.environment), "-m", "gunicorn"]
        command += ["--workers=1", "--worker-class=gthread", "--threads=4", "--keep-alive=600"]
        # A worker that stands still must not be taken for dead.
        command += ["--timeout=0", f"--bind=fd://{listener.fileno()}", "--log-level=error"]
        command += ["--no-control-socket"]
        with listener, self._console.open("wb") as console:
            self._process = subprocess.Popen(
                [*command, f"benchmarks.overhead.apps.{contender.app}:app"],
                cwd=folder,
                env=variables(contender, sink, folder),
                pass_fds=[listener.fileno()],
                stdout=console,
                stderr=console,
            )
        self._worker = 0

    def begin(self) -> None:
        """Wait for the worker."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        end = time.monotonic() + PATIENCE
        while not (found := children.read_text().split()):
            if time.monotonic() > end or self._process.poll() is not None:
                raise SystemExit(f"{self.contender.name} did not start: see {self._console}")
            time.sleep(0.05)
        self._worker = int(found[0])

    def load(self, count: int, rate: float) -> list[float]:
        """Ask so many times, so many a second; how long each took, in seconds."""
        arguments = [str(self._port), str(count), str(rate)]
        command = [sys.executable, "-I", "-S", load.__file__, *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise SystemExit(f"{self.contender.name}: {ended.stderr}")
        self.requests += count
        found: list[float] = json.loads(ended.stdout)
        return found

    def cpu(self) -> float:
        """Seconds of CPU that the worker's threads took so far."""
        # The clock of another process, as clock_getcpuclockid(3) makes it: finer than /proc's ticks.
        return time.clock_gettime((~self._worker << 3) | _CPU_CLOCK)

    def resident(self) -> int:
        """Bytes of the worker in memory."""
        for line in Path(f"/proc/{self._worker}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise SystemExit(f"{self.contender.name} has ended")

    def pause(self) -> None:
        """Let the worker stand still."""
        os.kill(self._worker, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self._worker, signal.SIGCONT)

    def stop(self) -> None:
        """Let it send what waits and end."""
        if self._process.poll() is not None:
            return
        if self._worker:
            self.resume()
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.kill(self._worker, signal.SIGKILL)
            self._process.kill()
            self._process.wait()

    def console_lines(self) -> int:
        """How many lines it wrote that are log lines."""
        return sum(b"order" in line for line in self._console.read_bytes().splitlines())
