"""The server: which processes of the service run here, under what, and how they fork."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import psutil

from obskit.cli.doctor.patient import Finding, Patient
from obskit.config.store_url import MEMORY
from obskit.telemetry.instance import living, run_directory

_SERVERS = ("gunicorn", "uwsgi", "uvicorn", "hypercorn", "daphne", "celery", "mod_wsgi")
_WORKER_CLASS = ("-k", "--worker-class")
_GREEN = ("gevent", "eventlet")
# What uWSGI is told about threads, on its command line or in a file of its own.
_THREADS = re.compile(r"(?:^|\s|-)(?:enable-threads|threads)\b", re.MULTILINE)
_FILE = re.compile(r"(?:.*=)?(.+\.(?:ini|yaml|yml|xml|json))(?::\w+)?")
_MOST = 64 * 1024


class Process(NamedTuple):
    """A process of the service.

    Attributes:
        pid: Its number.
        server: What serves; empty where that is not known.
        words: The command line that the server was begun with.
        threads: How many threads it has.
    """

    pid: int
    server: str
    words: Sequence[str]
    threads: int


def diagnose(patient: Patient) -> Iterator[Finding]:
    """What runs, and what of how it runs is known to harm.

    Args:
        patient: The service.
    """
    config = patient.config
    folder = run_directory(config.run_dir, config.service)
    running = [one for pid in living(folder).values() if (one := _process(pid)) is not None]
    yield Finding(_summary(config.service, folder, running))
    for server in sorted({one.server for one in running}):
        some = [one for one in running if one.server == server]
        threads = "/".join(str(one.threads) for one in some)
        words = ", ".join(facts(server, some[0].words))
        yield Finding(
            f"{server or 'no known server'}: {len(some)} processes, {threads} threads each"
            + (f", {words}" if words else "")
        )
        yield from harms(server, some[0].words)
    if len(running) > 1 and config.state_url == MEMORY:
        yield Finding(
            f"{len(running)} processes keep their state in memory: each runs the checks of the host,"
            " and none knows of the others' results",
            "unset OBSKIT_STATE_URL, or name a file or a database",
        )
    if config.checks_in == "worker" and running and not any(map(_runs_checks, running)):
        yield Finding(
            "checks run in a worker, and none runs on this host",
            "start it: obskit check worker --app …; or set OBSKIT_CHECKS_IN=web",
            mild=True,
        )


def facts(server: str, words: Sequence[str]) -> Iterator[str]:
    """What a command line says of forks and threads.

    Args:
        server: What serves.
        words: Its command line.

    >>> list(facts("gunicorn", ["gunicorn", "--preload", "-k", "gevent", "shop:app"]))
    ['preloaded', 'worker class gevent']
    """
    if server == "gunicorn":
        if "--preload" in words:
            yield "preloaded"
        if found := _worker_class(words):
            yield f"worker class {found}"
    elif server == "uwsgi":
        yield "threads enabled" if _has_threads(words) else "threads not enabled"


def harms(server: str, words: Sequence[str]) -> Iterator[Finding]:
    """What is known to harm.

    Args:
        server: What serves.
        words: Its command line.
    """
    if server == "uwsgi" and not _has_threads(words):
        yield Finding(
            "uWSGI runs without threads, as its command line and the files named there say: nothing is"
            " sent while a worker waits for requests, but only when it ends",
            "start uWSGI with --enable-threads",
        )
    green = _worker_class(words) in _GREEN
    if server == "gunicorn" and green and "--preload" in words:
        yield Finding(
            f"Gunicorn imports the app before its {_worker_class(words)} workers patch: what is imported"
            " then blocks the greenlets",
            "call gevent.monkey.patch_all() at the top of Gunicorn's configuration file, or leave out"
            " --preload",
            mild=True,
        )


def _summary(service: str, folder: Path, running: Sequence[Process]) -> str:
    if not running:
        return f"no process of {service} runs on this host, as far as {folder} tells"
    servers = Counter(one.server or "no known server" for one in running)
    told = ", ".join(f"{count} of {server}" for server, count in servers.items())
    return f"{len(running)} processes of {service} run on this host: {told}"


def _process(pid: int) -> Process | None:
    """A process and its server: itself or the nearest above it; None where it has ended."""
    try:
        process = psutil.Process(pid)
        threads = process.num_threads()
        for one in (process, *process.parents()):
            words = one.cmdline()
            server = _server(words)
            if server:
                return Process(pid, server, words, threads)
        return Process(pid, "", process.cmdline(), threads)
    except psutil.Error:
        return None


def _server(words: Sequence[str]) -> str:
    """Which server a command line begins: its program, or a module or script of that name."""
    # Where a title was set, "gunicorn: worker [shop:app]" is all of it.
    heads = [Path(word.partition(":")[0]).name for word in words[:4]]
    return next((name for name in _SERVERS for head in heads if head.startswith(name)), "")


def _worker_class(words: Sequence[str]) -> str:
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in _WORKER_CLASS:
            return value if equals else next(iter(words[place + 1 :]), "")
    return ""


def _has_threads(words: Sequence[str]) -> bool:
    files = [matched[1] for word in words if (matched := _FILE.fullmatch(word))]
    return "-T" in words or any(map(_THREADS.search, (*words, *map(_text, files))))


def _text(file: str) -> str:
    try:
        with Path(file).open(encoding="utf-8", errors="replace") as opened:
            return opened.read(_MOST)
    except (OSError, ValueError):  # it is relative to another folder, or not ours to read
        return "enable-threads"


def _runs_checks(process: Process) -> bool:
    return ("check", "worker") in set(pairwise(process.words))
