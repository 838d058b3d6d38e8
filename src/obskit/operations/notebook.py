"""What a command notes of its own run: lines that it adds to a file, which `$OBSKIT_NOTES` names."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from obskit.operations import surroundings
from obskit.operations.rejections import count_rejection
from obskit.operations.run import Run
from obskit.operations.tail import readable
from obskit.redaction import safe_repr

VARIABLE = "OBSKIT_NOTES"
# At one reading; the rest at the next one.
_MOST = 1_048_576


class Notebook:
    """Reads what a command notes, while it runs: how far it is, what it has counted, that it has failed.

    A note is a line: ``progress 3 10``, ``count rows=10 skipped=1``, ``nothing-to-do no orders``,
    ``fail two orders have no customer``, ``refused 429 api.example``.

    Args:
        job: The job's name.
        run: The run.

    Attributes:
        path: The file.
        reason: Why the command says that it has failed; empty unless it does.
    """

    def __init__(self, job: str, run: Run) -> None:
        self.reason = ""
        self._job = job
        self._run = run
        self._at = 0
        self._rest = b""
        self._complained = False
        self._folder: str | None = None
        self.path = Path(os.devnull)
        with suppress(OSError):  # no room: the command runs, and what it notes is lost with it
            self._folder = tempfile.mkdtemp(prefix="obskit-notes-")
            self.path = Path(self._folder) / "notes"
            self.path.touch(0o600)

    def read(self) -> None:
        """Take what was added. Never raises."""
        if self._folder is None:
            return
        with suppress(OSError), self.path.open("rb") as file:
            file.seek(self._at)
            added = file.read(_MOST)
            self._at += len(added)
            *lines, self._rest = (self._rest + added).split(b"\n")
            for line in lines:
                self._take(readable(line).strip())

    def close(self) -> None:
        """Take the rest, and remove the file."""
        self.read()
        self._take(readable(self._rest).strip())
        self._rest = b""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if not line:
            return
        try:
            _WORDS[word](self, rest.strip())
        except (KeyError, ValueError, TypeError):
            surroundings.active().refuse("not_a_note")
            if not self._complained:
                self._complained = True
                surroundings.tell(
                    30,
                    f"{self._job} noted {safe_repr(line)}, which means nothing: write progress DONE"
                    f" [TOTAL], count NAME=AMOUNT …, nothing-to-do [WHY], fail WHY, or refused 401"
                    f" HOST into ${VARIABLE}; others like it are only counted",
                )

    def _progress(self, rest: str) -> None:
        self._run.progress(*map(float, rest.split()))

    def _count(self, rest: str) -> None:
        amounts = (pair.split("=") for pair in rest.split())
        self._run.count(**{name: float(amount) for name, amount in amounts})

    def _nothing_to_do(self, rest: str) -> None:
        self._run.nothing_to_do(rest)

    def _fail(self, rest: str) -> None:
        self.reason = rest or "it says so"
        self._run.fail(self.reason)

    def _refused(self, rest: str) -> None:
        status, host = rest.split()
        if not count_rejection(int(status), host):
            raise ValueError


_WORDS: dict[str, Callable[[Notebook, str], None]] = {
    "progress": Notebook._progress,
    "count": Notebook._count,
    "nothing-to-do": Notebook._nothing_to_do,
    "fail": Notebook._fail,
    "refused": Notebook._refused,
}
