"""What `import obskit` offers, and that it costs little until it is used."""

from __future__ import annotations

import ast
import json
import pickle
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import obskit


def answer(program: str) -> Any:
    """What a program of a process of its own prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import json, sys, obskit\n{program}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def seen_by_type_checkers() -> dict[str, str]:
    """Name → module, as the source imports them for type checkers."""
    tree = ast.parse(Path(obskit.__file__).read_text(encoding="utf-8"))
    guarded = next(each for each in tree.body if isinstance(each, ast.If))
    imports = [each for each in guarded.body if isinstance(each, ast.ImportFrom)]
    assert len(imports) == len(guarded.body)
    return {alias.name: str(each.module) for each in imports for alias in each.names}


def test_every_public_name_is_there_and_they_are_no_more_than_28() -> None:
    assert all(hasattr(obskit, name) for name in obskit.__all__)
    assert obskit.__all__ == sorted(obskit.__all__)
    assert len(obskit.__all__) <= 28


def test_importing_obskit_imports_nothing_that_it_stands_on() -> None:
    found = answer("""
ours = ("obskit", "opentelemetry", "structlog", "psutil", "logging")
print(json.dumps([name for name in sys.modules if name.partition(".")[0] in ours]))
""")
    assert found == ["obskit"]


def test_using_every_name_imports_no_framework_and_no_sdk_of_others() -> None:
    found = answer("""
for name in obskit.__all__:
    getattr(obskit, name)
heavy = ("flask", "django", "fastapi", "celery", "sentry_sdk", "requests", "grpc", "click")
print(json.dumps([name for name in heavy if name in sys.modules]))
""")
    assert found == []


@pytest.mark.parametrize(
    "name",
    [
        "CheckResult",
        "ConfigError",
        "Issue",
        "above",
        "bind",
        "changed",
        "check",
        "get_logger",
        "job",
        "metrics",
        "operation",
        "quota",
        "set_level",
        "span",
    ],
)
def test_a_name_can_be_the_first_that_is_used(name: str) -> None:
    """Each stands for the module it comes from: what that needs must not need it in turn."""
    assert answer(f"from obskit import {name}\nprint(json.dumps({name} is obskit.{name}))") is True


def test_type_checkers_see_the_names_that_are_there() -> None:
    seen = seen_by_type_checkers()
    assert sorted({*seen, "flush", "init", "shutdown", "status"}) == obskit.__all__
    for name, module in seen.items():
        assert getattr(import_module(module), name) is getattr(obskit, name)


def test_all_names_are_listed_before_any_is_used() -> None:
    assert answer("print(json.dumps(sorted(set(obskit.__all__) - set(dir(obskit)))))") == []


def test_a_star_imports_every_name() -> None:
    program = "from obskit import *\nprint(json.dumps([set(obskit.__all__) <= set(globals())]))"
    assert answer(program) == [True]


def test_a_name_that_is_not_there_is_missing_as_elsewhere() -> None:
    assert not hasattr(obskit, "chek")
    with pytest.raises(AttributeError, match=r"^module 'obskit' has no attribute 'chek'$"):
        getattr(obskit, "chek")  # noqa: B009 - a type checker knows better
    with pytest.raises(ImportError, match="cannot import name 'chek' from 'obskit'"):
        exec("from obskit import chek")


@pytest.mark.parametrize("name", ["CheckResult", "ConfigError", "Issue", "Status", "bind", "init"])
def test_what_was_pickled_is_found_again_where_no_name_was_used(name: str) -> None:
    pickled = pickle.dumps(getattr(obskit, name))
    assert pickle.loads(pickled) is getattr(obskit, name)
    loaded = f"pickle.loads({pickled!r}) is obskit.{name}"
    assert answer(f"import pickle\nprint(json.dumps({loaded}))") is True
