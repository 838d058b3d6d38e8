"""One process that is started here and stopped here, with its output in a file."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class Process:
    """A child in a process group of its own, so that its own children end with it."""

    def __init__(
        self, name: str, argv: Sequence[str], *, cwd: Path, log: Path, env: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log = log
        # The child is told when this process dies, even by kill -9.
        setpriv = shutil.which("setpriv")
        prefix = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [*prefix, *argv],
                cwd=cwd,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its number; whatever wraps it becomes it."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._popen.poll() is None

    def require_alive(self) -> None:
        """Fail with the end of its output when it has exited."""
        if not self.alive:
            raise RuntimeError(
                f"{self.name} exited with {self._popen.returncode}:\n{self.last_lines(30)}"
            )

    def last_lines(self, count: int) -> str:
        """The end of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def reload(self) -> None:
        """Ask it to read its configuration again."""
        self._signal(signal.SIGHUP)

    def kill(self) -> None:
        """``kill -9``: no goodbye."""
        self._signal(signal.SIGKILL)
        self._popen.wait()

    def stop(self, *, seconds: float = 3.0) -> None:
        """Ask it to end, and insist soon: the data of a test is thrown away."""
        self.terminate()
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._signal(signal.SIGKILL)  # what is left of its group

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # nobody of the group is left
            os.killpg(self._popen.pid, number)
