# ruff: noqa: INP001 - it is imported by its own name, as Python wants it
"""Runs as Python starts under `obskit run --instrument`; then the next module of this name does."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

# The module that the host imports, and what is to be called then.
_HOOKS = {
    "django.conf": "django",
    "flask": "flask",
    "starlette.applications": "starlette",
    "gunicorn.workers.base": "gunicorn",
}


def _wait() -> None:
    try:
        from wrapt import register_post_import_hook
    except ImportError as error:  # another Python than that of obskit
        _complain(error)
        return
    for module, hook in _HOOKS.items():
        register_post_import_hook(partial(_imported, hook), module)


def _imported(hook: str, module: object) -> None:
    try:
        getattr(import_module("obskit.instrument"), hook)(module)
    except Exception as error:  # the host's import must not fail by it
        _complain(error)


def _complain(error: Exception) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"obskit run --instrument: not observed by {sys.executable}: {error}\n")


def _run_next() -> None:
    here = Path(__file__).parent
    spec = PathFinder.find_spec("sitecustomize", [one for one in sys.path if Path(one) != here])
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_wait()
_run_next()
