"""What obskit knows of application servers: uWSGI forks in C, and gevent patches what obskit uses."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Any

from obskit.exceptions import ObskitError

_log = logging.getLogger("obskit")
_LATE = (
    "gevent patched threading after obskit.init: what obskit made before blocks the greenlets."
    " Call gevent.monkey.patch_all() before obskit.init, at the top of the program"
)
_MISSING = (
    "this Gunicorn has gevent workers, and gevent has patched nothing yet: what is imported now"
    " blocks the greenlets. Call gevent.monkey.patch_all() at the top of Gunicorn's configuration"
    " file, or leave out --preload"
)
_NO_THREADS = (
    "uWSGI runs without threads: nothing is sent while a worker waits for requests, but only when it"
    " ends. Start uWSGI with --enable-threads"
)
_SUBINTERPRETER = (
    "obskit.init was called in a subinterpreter, and what obskit stands on knows the main one only."
    " mod_wsgi: set WSGIApplicationGroup %{GLOBAL}; uWSGI: --single-interpreter"
)
_GEVENT_WORKER = "gunicorn.workers.ggevent"
#: The name of a process that runs one check and nothing else.
ISOLATED = "obskit-isolated-check"


def refuse_subinterpreter() -> None:
    """Say it at once where threads, extension modules and signals cannot work.

    Raises:
        ObskitError: This is not the main interpreter.
    """
    interpreters = _interpreters()
    if interpreters is not None and interpreters.get_current() != interpreters.get_main():
        raise ObskitError(_SUBINTERPRETER)


def is_isolated() -> bool:
    """Whether this process runs one check of another one: it serves nothing and sends nothing."""
    module = sys.modules.get("multiprocessing.process")
    return module is not None and module.current_process().name == ISOLATED


def is_patched() -> bool:
    """Whether threads are greenlets."""
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def will_patch() -> bool:
    """Whether a worker of Gunicorn is going to make greenlets of threads, and has not yet."""
    return _GEVENT_WORKER in sys.modules and not is_patched()


def will_fork_in_c() -> bool:
    """Whether this is uWSGI's master before it forks its workers.

    No thread may run there: what it holds at that moment, a worker waits for in vain.
    """
    uwsgi: Any = sys.modules.get("uwsgi")
    return uwsgi is not None and uwsgi.masterpid() > 0 and uwsgi.worker_id() == 0


class Hosting:
    """The server that this process runs under, as far as it has to be warned of, once.

    Attributes:
        spent: What the server's own ending has taken already of the budget of this exit, seconds.
    """

    def __init__(self) -> None:
        self.spent = 0.0
        self._was_patched = is_patched()
        self._told = False

    def warn(self) -> None:
        """Tell of what is wrong from the beginning."""
        uwsgi = sys.modules.get("uwsgi")
        if uwsgi is not None and not _has_threads(uwsgi):
            _log.warning(_NO_THREADS)
        if will_patch():
            self._told = True
            _log.warning(_MISSING)

    def warn_if_late(self) -> None:
        """Tell of it if gevent has patched since. Costs little: call it often."""
        if not self._told and not self._was_patched and is_patched():
            self._told = True
            _log.warning(_LATE)


def when_served(start: Callable[[], object]) -> None:
    """Have each worker of Gunicorn or uWSGI call this before it waits for its first request.

    Nothing is done in other servers, nor where uWSGI's workers load the app themselves. Where
    Gunicorn's master loads it (`--preload`), no worker is there yet.

    Args:
        start: What is called.
    """
    if will_fork_in_c():
        after_fork_in_c(partial(_in_worker, start))
        return
    base: Any = getattr(sys.modules.get("gunicorn.workers.base"), "Worker", None)
    if base is None:
        return
    worker = _loading(base)
    if worker is not None:
        _before_run(worker, start)
        return
    load = base.load_wsgi

    def load_wsgi(one: Any) -> None:
        load(one)
        _before_run(one, start)

    base.load_wsgi = load_wsgi


def _in_worker(start: Callable[[], object]) -> None:
    uwsgi: Any = sys.modules["uwsgi"]
    if uwsgi.worker_id() > 0:  # a mule or a spooler is forked too, and serves nothing
        with suppress(Exception):
            start()


def _loading(kind: type) -> Any:
    """The worker that loads the app now, among those who called. Uvicorn's handles no signals yet."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        found = frame.f_locals.get("self")
        if issubclass(type(found), kind):
            return found
        frame = frame.f_back
    return None


def _before_run(worker: Any, start: Callable[[], object]) -> None:
    run = worker.run

    def started() -> None:
        with suppress(Exception):
            start()
        run()

    worker.run = started


def after_fork_in_c(hook: Callable[[], object]) -> None:
    """Have uWSGI call this in each worker that it forks, where Python's fork hooks do not run.

    Args:
        hook: What is called.
    """
    uwsgi: Any = sys.modules.get("uwsgi")
    if uwsgi is None:
        return
    before: Any = getattr(uwsgi, "post_fork_hook", None)
    try:
        # Imported by the host later it would put its own hook in the place of ours.
        import_module("uwsgidecorators").postfork_chain.append(hook)
        ours = uwsgi.post_fork_hook
    except Exception:  # not installed, or it refuses to be without a master
        ours = hook

    def both() -> None:
        before()
        ours()

    uwsgi.post_fork_hook = ours if before in (None, ours) else both


def _interpreters() -> Any:
    for name in ("_interpreters", "_xxsubinterpreters"):  # since Python 3.13, and before
        with suppress(ImportError):  # another Python, which may know none
            return import_module(name)
    return None


def _has_threads(uwsgi: Any) -> bool:
    given = {name.decode() if isinstance(name, bytes) else name for name in uwsgi.opt}
    return not given.isdisjoint({"enable-threads", "threads"})
