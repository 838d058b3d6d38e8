"""The sink as its own process, for as long as a measurement takes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.request import urlopen

from benchmarks.overhead import environments


class Collection:
    """A sink that runs.

    Args:
        ports: Where it listens, by name.
    """

    def __init__(self, ports: dict[str, int]) -> None:
        self._ports = ports

    def address(self, name: str) -> str:
        """Where a contender sends, as `host:port`."""
        return f"127.0.0.1:{self._ports[name]}"

    def counts(self) -> dict[str, dict[str, int]]:
        """What arrived so far, by name."""
        with urlopen(f"http://{self.address('')}/counts", timeout=120) as response:
            found: dict[str, dict[str, int]] = json.load(response)
        return found


@contextmanager
def collection(names: Iterable[str]) -> Iterator[Collection]:
    """Start a sink with a port for each name; it ends with the block."""
    command = [environments.python("sink"), "-m", "benchmarks.overhead.sink", *names]
    with subprocess.Popen(
        command, cwd=environments.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            yield Collection(json.loads(process.stdout.readline()))
        finally:
            process.terminate()
