"""Generated files through the real promtool."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import pytest

from obskit.alerts import rule_file
from obskit.alerts.rule import Group
from obskit.alerts.yaml_text import dump

PROMTOOL = shutil.which("promtool")
Test = TypeVar("Test", bound=Callable[..., object])


def needs_promtool(test: Test) -> Test:
    """Skip a test where promtool is missing; one version of Python is enough to ask it."""
    skipped = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
    return pytest.mark.of_any_python(skipped(test))  # type: ignore[no-any-return]


def refusal(*arguments: str | Path) -> str:
    """What promtool complains of; empty where it does not."""
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *arguments],
        # It lives for seconds: a fifth of them would go to the collection of its garbage.
        env={**os.environ, "GOGC": "800"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return f"{done.stdout}{done.stderr}" if done.returncode else ""


def write(files: Mapping[str, str], directory: Path) -> list[Path]:
    """Write generated files, and return where they are."""
    written = []
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def prove(files: Mapping[str, str], directory: Path) -> int:
    """Check all rules, and hold them to all their trials.

    Returns:
        How many test files there were.
    """
    written = write(files, directory)
    rules = [path for path in written if path.parent.name == "rules"]
    trials = [path for path in written if path.parent.name == "tests"]
    assert refusal("check", "rules", *rules) == ""
    assert refusal("test", "rules", *trials) == ""
    return len(trials)


def fired(
    groups: Iterable[Group], series: Mapping[str, str], directory: Path, minutes: int
) -> set[str]:
    """The names of the alerts that fire so many minutes after the first sample of a past.

    The samples are a minute apart, and the rules evaluated four times as often.
    """
    asked = {
        "expr": "count by (alertname) (ALERTS{alertstate='firing'})",
        "eval_time": f"{minutes}m",
        "exp_samples": [{"labels": '{alertname="nobody expects this"}', "value": 0}],
    }
    test = {
        "interval": "1m",
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "promql_expr_test": [asked],
    }
    content = {"rule_files": ["rules.yml"], "evaluation_interval": "15s", "tests": [test]}
    files = {"rules.yml": dump(rule_file.rules(groups)), "rules.test.yml": dump(content)}
    _, trial = write(files, directory)
    told = refusal("test", "rules", trial).partition("got:")[2]
    return set(re.findall(r'alertname="(\w+)"', told))
