"""The app that a command is about: imported, and its registry found."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from difflib import get_close_matches
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

import click

from obskit import default_runtime
from obskit.cli.group import Refused
from obskit.redaction import describe
from obskit.registry import Registry, default_registry
from obskit.telemetry.console import visible

#: The option that names it.
APP = click.option(
    "--app",
    metavar="MODULE[:ATTRIBUTE]",
    help="The app, or a Registry. A module alone: what it declares with @check and @freshness.",
)


@contextmanager
def inert() -> Iterator[None]:
    """While it lasts the app sends nothing, and what it prints goes to standard error.

    The output is ours: what reads JSON from it must not find an app's greeting there.
    """
    with default_runtime.inert(), redirect_stdout(sys.stderr):
        yield


def load(app: str | None) -> Registry:
    """Import an app and find its registry.

    Args:
        app: `module:attribute`, or a module.

    Raises:
        Refused: There is no such app.
    """
    if not app:
        raise Refused("which app? Give --app MODULE:ATTRIBUTE, such as --app shop:app")
    module_name, colon, attribute = app.partition(":")
    module = _module(module_name)
    if not colon:
        return default_registry
    try:
        found = attrgetter(attribute)(module)
    except AttributeError:
        near = get_close_matches(attribute, vars(module), 1)
        hint = f": did you mean {module_name}:{near[0]}?" if near else ""
        raise Refused(f"{module_name} has no {attribute!r}{hint}") from None
    return _registry_of(app, found)


def _module(name: str) -> Any:
    if name.endswith(".py") or "/" in name:
        raise Refused(f"{name} is a file: name the module, such as --app {Path(name).stem}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = import_module(name)
        if "obskit.celery" in sys.modules:
            sys.modules["obskit.celery"].declare_schedules()
        return module
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the app's code; it may even call sys.exit
        raise Refused(f"{name!r} cannot be imported: {visible(describe(error))}") from None


def _registry_of(app: str, found: object) -> Registry:
    if isinstance(found, Registry):
        return found
    extensions = getattr(found, "extensions", None)
    registry = getattr(extensions.get("obskit"), "registry", None) if extensions else None
    if registry is None and "obskit.celery" in sys.modules:
        registry = sys.modules["obskit.celery"].registry_of(found)
    if isinstance(registry, Registry):
        return registry
    if inspect.isroutine(found) or inspect.isclass(found):
        raise Refused(
            f"{app} is a {'class' if inspect.isclass(found) else 'function'}: name an app that is"
            f" made when its module is imported, or the module alone: --app {app.partition(':')[0]}"
        )
    if not callable(found):
        raise Refused(f"{app} is a {type(found).__name__}: name an app or a Registry")
    return default_registry
