"""A parent that forks many short-lived children, one after another, and what becomes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from obskit.dev import Receiver
from obskit.stories.signals import Line

PATIENCE = 600

PARENT = """
import gc, json, os, sys, threading, warnings
from pathlib import Path
import psutil
import obskit
from obskit import default_runtime

warnings.simplefilter("ignore")  # of a process with threads that forks
obskit.init("parent")
log, me = obskit.get_logger("parent"), psutil.Process()
slots, sizes = set(), []

def work(number, end):
    with obskit.span("work", number=number):
        log.info("child", number=number)
        obskit.metrics.count("work")
    os.write(writer, b"%d\\n" % default_runtime.current().slot.number)
    if end == "shutdown":
        obskit.shutdown(10)
    os._exit(0)

ends, children = sys.argv[1].split(","), int(sys.argv[2])
with obskit.span("before"):
    log.info("parent")
obskit.flush(10)
for number in range(children):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        work(number, ends[number % len(ends)])
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0
    slots.add(int(os.read(reader, 9)))
    os.close(reader)
    if number % (children // 4) == children // 4 - 1:
        gc.collect()
        folder = Path(os.environ["OBSKIT_RUN_DIR"])
        files = sorted(path.name for path in folder.rglob("*") if path.is_file())
        sizes.append([me.memory_info().rss, me.num_threads(), me.num_fds(), files])
log.info("parent")
told = obskit.flush(10)
print(json.dumps([sorted(slots), sizes, told, obskit.status()["ledger"]["logs"]]))
"""


def check_parent(ends: str, children: int, folder: Path) -> None:
    """Fork so many children; fails unless the parent is as it was.

    Args:
        ends: How the children end, in turn: `shutdown` tells everything first, `exit` nothing.
        children: How many.
        folder: For everything that is written.
    """
    received: list[Any] = []
    with Receiver(received.extend) as receiver:
        printed = _printed(ends, children, receiver.endpoint, folder)
    slots, sizes, told, logs = json.loads(printed)
    # Each child gives its slot to the next, and the parent's is never taken.
    assert slots == [1]
    (first, *_), last = sizes, sizes[-1]
    assert last[0] - first[0] < 8 * 1_048_576
    assert last[1:] == first[1:]
    assert [file for file in last[3] if file.startswith("slot-")] == ["slot-0", "slot-1"]
    assert (told, logs["accepted"], logs["exported"], logs["queued"]) == (True, 2, 2, 0)
    bodies = [signal.body for signal in received if isinstance(signal, Line)]
    tellers = ends.split(",").count("shutdown") * children // len(ends.split(","))
    assert (bodies.count("child"), bodies.count("parent")) == (tellers, 2)


def _printed(ends: str, children: int, endpoint: str, folder: Path) -> str:
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OBSKIT_RUN_DIR": str(folder / "run"),
        "OBSKIT_SPOOL_DIR": str(folder / "spool"),
        "OBSKIT_LOG_FORMAT": "none",
    }
    done = subprocess.run(
        [sys.executable, "-c", PARENT, ends, str(children)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout
