"""Processes that write lines, and what is in the files afterwards."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

from obskit.logfiles import naming

#: Arguments: folder, name of the writer, how many lines, bytes of a file.
WRITE = """
import sys
from functools import partial
from pathlib import Path
from obskit.logfiles.care import Limits, care
from obskit.logfiles.streams import Streams
folder, who, count, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
limits = Limits({}, 1 << 40)
streams = Streams(folder, (), max_bytes=most, period=1e9, care=partial(care, folder, limits))
print("ready", flush=True)
sys.stdin.readline()
number = 0
while number < count:
    line = b'{"level":"info","who":"%s","number":%d,"text":"%s"}\\n' % (
        who.encode(), number, b"x" * (number * 37 % 300))
    streams.write(line, "shop", 20, {})
    number += 1
    if sys.argv[5:] == ["told"]:
        print(number, flush=True)
"""


def begin(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that waits for a line before it begins."""
    started = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout
    assert started.stdout.readline() == "ready\n"
    return started


def go(*started: subprocess.Popen[str]) -> None:
    """Let them begin."""
    for one in started:
        assert one.stdin
        one.stdin.write("\n")
        one.stdin.flush()


def lines(folder: Path, stream: str = "app") -> list[bytes]:
    """The lines of all files of a stream, without their ends."""
    found: list[bytes] = []
    for path in naming.files(folder, stream):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found += [line for line in data.split(b"\n") if line]
    return found
