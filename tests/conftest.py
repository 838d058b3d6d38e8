"""What every test is given: a process in which no other test has left anything."""

from __future__ import annotations

import faulthandler
import logging
import os
import re
import signal
import sys
from collections.abc import Generator, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings
from opentelemetry import context as otel_context
from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.metrics import _internal as metrics_global

from obskit import context, default_registry, default_runtime, metrics
from obskit.ledger import Ledger
from obskit.telemetry import levels, loggers, providers, stdlib, traces

# A loaded machine is no failure.
settings.register_profile(
    "obskit", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("obskit")

# What starts the tests may ignore these (nohup, a shell's `&`), and each program they start would too.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

# It chose among these tests; a pytest that a test starts has others.
os.environ.pop("PYTEST_ADDOPTS", None)

# What an application declares, where the default registry holds it.
KINDS = ("_checks", "jobs", "operations", "quotas", "objectives")


@pytest.fixture(autouse=True)
def isolation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every test begins, and leaves the process, with nothing current and nothing installed."""
    # What cannot be sent must not wait in the developer's home.
    os.environ["OBSKIT_SPOOL_DIR"] = str(tmp_path_factory.getbasetemp() / "spool")
    # Another run of the tests on this machine must not hold what this one waits for.
    os.environ["OBSKIT_RUN_DIR"] = str(tmp_path_factory.getbasetemp() / "run")
    declared = _declared(dict.fromkeys(KINDS, MappingProxyType({})))
    scope = context._scope.set(None)
    otel = otel_context.attach(Context())
    textmap = propagate.get_global_textmap()
    logs = _logging_state()
    before = default_runtime.replace(None)
    # A program that a test starts ignores what this process ignores.
    sigterm = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, sigterm)
    left = default_runtime.replace(before)
    if left is not None:
        left.forget()
    stdlib.stop()
    levels.forget()
    loggers.install(None)
    traces.install(None)
    metrics.install(Ledger())
    providers.forget()
    metrics_global._PROXY_METER_PROVIDER = metrics_global._ProxyMeterProvider()
    propagate.set_global_textmap(textmap)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    _restore_logging(*logs)
    _forget_sentry()
    _declared(declared)
    otel_context.detach(otel)
    context._scope.reset(scope)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts programs: it takes a second where others take a millisecond."""
    for item in items:
        module = getattr(item, "module", None)
        if module is not None and _starts_programs(module):
            item.add_marker(pytest.mark.starts_programs)


def pytest_collection_finish() -> None:
    """A program that is taken for a test is observed for all of them."""
    assert default_runtime.replace(None) is None, "a module that was collected calls obskit.init"


def pytest_sessionstart() -> None:
    """What failed may be run once more by the same process."""
    faulthandler.cancel_dump_traceback_later()


def pytest_sessionfinish() -> None:
    """A thread that a failed test left behind must not keep this process for ever."""
    faulthandler.dump_traceback_later(180, exit=True, file=sys.__stderr__ or 2)


@cache
def _starts_programs(module: ModuleType) -> bool:
    """Whether a module of tests, or one of theirs that it takes from, starts programs."""
    taken = {str(getattr(value, "__module__", "")) for value in vars(module).values()}
    given = [sys.modules[name] for name in taken if name.startswith("tests.")]
    sources = [Path(str(one.__file__)).read_text(encoding="utf-8") for one in (module, *given)]
    return any(
        re.search(r"\b(subprocess|sys\.executable|Popen|multiprocessing)\b", s) for s in sources
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A developer may lack a framework; where everything is required, that is a failure."""
    report = yield
    if report.skipped and os.environ.get("OBSKIT_REQUIRE_EVERYTHING"):
        report.outcome = "failed"
    return report


def _declared(held: dict[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    before = {}
    for kind, declarations in held.items():
        one = getattr(default_registry, kind)
        before[kind], one.held = one.held, declarations
    return before


def _loggers() -> list[logging.Logger]:
    known = logging.Logger.manager.loggerDict.values()
    return [logging.root, *(one for one in known if isinstance(one, logging.Logger))]


def _logging_state() -> tuple[dict[logging.Logger, dict[str, Any]], Any]:
    kept = ("level", "disabled", "propagate", "handlers", "filters")
    state = {}
    for one in _loggers():
        values = {name: getattr(one, name) for name in kept}
        state[one] = {k: list(v) if isinstance(v, list) else v for k, v in values.items()}
    return state, (logging.Logger.callHandlers, logging.basicConfig, logging.lastResort)


def _restore_logging(state: dict[logging.Logger, dict[str, Any]], hooks: Any) -> None:
    fresh = {"level": 0, "disabled": False, "propagate": True, "handlers": [], "filters": []}
    for one in _loggers():
        for name, value in state.get(one, fresh).items():
            setattr(one, name, list(value) if isinstance(value, list) else value)
    logging.Logger.callHandlers, logging.basicConfig, logging.lastResort = hooks  # type: ignore[method-assign]
    logging.disable(logging.NOTSET)
    logging.Logger.manager._clear_cache()  # type: ignore[attr-defined]


def _forget_sentry() -> None:
    scopes = sys.modules.get("sentry_sdk.scope")
    if scopes is None:
        return
    sys.modules["sentry_sdk"].get_client().close(timeout=0)
    scopes.remove_external_propagation_context()
    scopes.__dict__["_global_scope"] = None
    scopes._isolation_scope.set(None)
    scopes._current_scope.set(None)
