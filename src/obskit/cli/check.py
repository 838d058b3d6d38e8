"""`obskit check`: run the checks of an app now, or list them."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from difflib import get_close_matches
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

import click

from obskit import default_runtime
from obskit.checks.health import overall_health
from obskit.checks.model import CheckResult, Status
from obskit.checks.order import in_order
from obskit.checks.results import Results
from obskit.checks.runner import Runner
from obskit.clock import SYSTEM_CLOCK, to_rfc3339
from obskit.declaration import Check
from obskit.duration import format_duration
from obskit.exceptions import DeclarationError
from obskit.redaction import describe
from obskit.registry import Registry, default_registry
from obskit.telemetry.console import visible

_UNKNOWN = 3
_COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.CRITICAL: "red"}
_OTHER_COLOUR = "magenta"
_WIDEST = max(len(status.value) for status in Status)
# Which status decides the exit code: the first of these that any check has.
_WORST_FIRST = (Status.CRITICAL, Status.UNKNOWN, Status.SKIPPED, Status.WARNING, Status.OK)

Found = list[tuple[Check, CheckResult]]


class Refused(click.ClickException):
    """Nothing could be run. Monitoring reads that as unknown."""

    exit_code = _UNKNOWN


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            error.show()
            ctx.exit(_UNKNOWN)  # Click's own 2 would be read as critical
        except KeyboardInterrupt:
            raise Refused("interrupted") from None  # Click's own 1 would be read as a warning


_APP = click.option(
    "--app",
    metavar="MODULE[:ATTRIBUTE]",
    help="The app, or a Registry. A module alone: what it declares with @check and @freshness.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=_Group)
def check() -> None:
    """Run the checks of an app now, or list them.

    The app is imported without being started: obskit.init does nothing, and nothing is sent.
    What the app prints goes to standard error.
    """


@check.command()
@_APP
@_JSON
@click.argument("names", nargs=-1)
def run(app: str | None, as_json: bool, names: tuple[str, ...]) -> None:
    """Run checks: those NAMED and what they depend on, else all. Print all that ran.

    Each runs after what it depends on, and is skipped where that is down. Several run at once.

    \b
    Exit code, of all that ran, in this order:
      2  a check is critical
      3  one is unknown or skipped, or nothing could be run
      1  one is a warning
      0  all are ok
    """  # noqa: D301 - Click reads the backspace itself
    with _inert():
        registry = _load(app)
        found = _run(registry, _select(registry.checks, names))
    overall = overall_health(found)
    if as_json:
        _print_json({"status": overall, "checks": [_result(*each) for each in found]})
    else:
        widest = max(len(each.name) for each, _ in found)
        _print([*(_line(*each, widest) for each in found), overall.upper()])
    statuses = {result.status for _, result in found}
    worst = next(status for status in _WORST_FIRST if status in statuses)
    click.get_current_context().exit(worst.exit_code)


@check.command("list")
@_APP
@_JSON
def list_(app: str | None, as_json: bool) -> None:
    """List the declared checks, each after what it depends on. Run none."""
    with _inert():
        checks = [each for group in _select(_load(app).checks, ()) for each in group]
    if as_json:
        _print_json({"checks": [_declaration(each) for each in checks]})
        return
    widest = max(len(each.name) for each in checks)
    _print(
        f"{each.name:<{widest}}  {each.severity}  every {format_duration(each.every):<6}"
        f"  {visible(each.description)}".rstrip()
        for each in checks
    )


@contextmanager
def _inert() -> Iterator[None]:
    # The output is ours: what reads JSON from it must not find an app's greeting there.
    with default_runtime.inert(), redirect_stdout(sys.stderr):
        yield


def _load(app: str | None) -> Registry:
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
        return import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the app's code; it may even call sys.exit
        raise Refused(f"{name!r} cannot be imported: {visible(describe(error))}") from None


def _registry_of(app: str, found: object) -> Registry:
    if isinstance(found, Registry):
        return found
    extensions = getattr(found, "extensions", None)
    registry = getattr(extensions.get("obskit"), "registry", None) if extensions else None
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


def _select(checks: Mapping[str, Check], names: Iterable[str]) -> list[list[Check]]:
    """Groups of what is to be run, each after what it depends on."""
    if not checks:
        raise Refused("no checks are declared there")
    try:
        groups = in_order(checks)
    except DeclarationError as error:
        raise Refused(visible(str(error))) from None
    wanted: set[str] = set()
    waiting = list(names) or list(checks)
    while waiting:
        name = waiting.pop()
        if name not in checks:
            near = get_close_matches(name, checks, 1)
            hint = f"did you mean {near[0]!r}?" if near else "see obskit check list"
            raise Refused(f"no check is named {name!r}: {hint}")
        if name not in wanted:
            wanted.add(name)
            waiting += checks[name].depends_on
    chosen = [[each for each in group if each.name in wanted] for group in groups]
    return [group for group in chosen if group]


def _run(registry: Registry, groups: list[list[Check]]) -> Found:
    runner = Runner(registry, Results(SYSTEM_CLOCK), SYSTEM_CLOCK)
    found: Found = []
    for group in groups:
        attempts = [(each, runner.start(each)) for each in group]
        found += [(each, runner.wait(attempt)) for each, attempt in attempts]
    return found


def _print(lines: Iterable[str]) -> None:
    # A terminal of another encoding must not turn a result into a UnicodeEncodeError.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    for line in lines:
        click.echo(line)


def _print_json(shown: Any) -> None:
    _print([json.dumps(shown, indent=2)])


def _line(check: Check, result: CheckResult, widest: int) -> str:
    status = click.style(
        f"{result.status.value.upper():<{_WIDEST}}",
        fg=_COLOURS.get(result.status, _OTHER_COLOUR),
    )
    took = format_duration(result.duration)
    parts = [to_rfc3339(result.started), status, f"{check.name:<{widest}}", visible(result.message)]
    return "  ".join([*(part for part in parts if part), f"({took})"])


def _result(check: Check, result: CheckResult) -> dict[str, Any]:
    return {
        "name": check.name,
        "status": result.status.value,
        "message": result.message,
        "value": result.value,
        "unit": result.unit,
        "details": dict(result.details),
        "evidence": list(result.evidence),
        "started": to_rfc3339(result.started),
        "duration_seconds": round(result.duration, 6),
        "severity": check.severity,
        "owner": check.owner,
        "runbook": check.runbook,
    }


def _declaration(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "kind": check.kind,
        "description": check.description,
        "every_seconds": check.every,
        "timeout_seconds": check.timeout,
        "severity": check.severity,
        "owner": check.owner,
        "runbook": check.runbook,
        "readiness": check.readiness,
        "unit": check.unit,
        "depends_on": list(check.depends_on),
        "declared": str(check.place),
    }
