"""Starting without code: what `obskit run --instrument` puts into the Python of a command.

`path/sitecustomize.py` runs as that Python starts, and has these functions called when the host imports
a framework. The host's own `obskit.init`, wherever it stands, goes before: then all is left to it.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from weakref import WeakSet

from obskit import default_runtime
from obskit.exceptions import ObskitError

#: What stands first in PYTHONPATH.
PATH = str(Path(__file__).parent / "path")

_lock = threading.Lock()
# Whether this process is observed by us; None while nobody has asked.
_ours: bool | None = None
_begun: WeakSet[Any] = WeakSet()


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command that is to be observed.

    Args:
        given: The one that it would have.

    Raises:
        ObskitError: A package is missing.
    """
    if find_spec("wrapt") is None:
        raise ObskitError("--instrument needs a package that is not installed: pip install wrapt")
    paths = [path for path in given.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {**given, "PYTHONPATH": os.pathsep.join([PATH, *(one for one in paths if one != PATH)])}


def flask(module: Any) -> None:
    """The host has imported Flask."""
    call = module.Flask.__call__

    @functools.wraps(call)
    def called(app: Any, environ: Any, start_response: Any) -> Any:
        _begin(app, "obskit.flask")
        return call(app, environ, start_response)

    module.Flask.__call__ = called


def starlette(module: Any) -> None:
    """The host has imported Starlette, which FastAPI stands on."""
    call = module.Starlette.__call__

    @functools.wraps(call)
    async def called(app: Any, scope: Any, receive: Any, send: Any) -> None:
        if "obskit.exchange" not in scope:  # an app within an app
            _begin(app, "obskit.fastapi")
        await call(app, scope, receive, send)

    module.Starlette.__call__ = called


def django(module: Any) -> None:
    """The host has imported Django's settings, and not read its own yet."""
    read = module.Settings.__init__

    @functools.wraps(read)
    def reading(settings: Any, *given: Any, **more: Any) -> None:
        read(settings, *given, **more)
        try:
            _extend(settings)
        except Exception as error:
            complain(error)

    module.Settings.__init__ = reading


def gunicorn(module: Any) -> None:
    """Gunicorn serves: an app of Flask's is observed when it is loaded, before the first request."""
    load = module.Worker.load_wsgi

    @functools.wraps(load)
    def load_wsgi(worker: Any) -> None:
        load(worker)
        kind = getattr(sys.modules.get("flask"), "Flask", None)
        if kind is not None and isinstance(worker.wsgi, kind):
            _begin(worker.wsgi, "obskit.flask")

    module.Worker.load_wsgi = load_wsgi


def _extend(settings: Any) -> None:
    """Put the app and the middleware into a project's settings, unless it observes itself."""
    found = [*settings.INSTALLED_APPS, *settings.MIDDLEWARE]
    if default_runtime.current() is None and not any(
        str(name).startswith("obskit.") for name in found
    ):
        settings.INSTALLED_APPS = ["obskit.instrument.apps.Obskit", *settings.INSTALLED_APPS]
        settings.MIDDLEWARE = ["obskit.django.middleware.Middleware", *settings.MIDDLEWARE]


def _begin(app: Any, name: str) -> None:
    """Observe an app, once. Never raises: it must be served all the same."""
    global _ours
    if _ours is None:
        with _lock:
            if _ours is None:
                _ours = default_runtime.current() is None and _init()
    if _ours and app not in _begun:
        _begun.add(app)
        try:
            __import__(name)
            sys.modules[name].init_app(app)
        except Exception as error:
            complain(error)


def _init() -> bool:
    try:
        default_runtime.init()
    except Exception as error:  # the configuration that the command was given is wrong, say
        complain(error)
        return False
    return default_runtime.current() is not None


def complain(error: Exception) -> None:
    """Say on standard error what cannot be observed.

    Args:
        error: Why.
    """
    if sys.stderr is not None:
        sys.stderr.write(f"obskit run --instrument: {error}\n")
