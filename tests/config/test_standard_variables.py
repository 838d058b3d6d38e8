"""Every variable has a test of its effect, and a row in the reference."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from obskit.config import OPTIONS, load

from .variables import SHOWN

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "configuration.md"
VARIABLES = sorted(variable for option in OPTIONS for variable in option.env)


@pytest.fixture(scope="module")
def shown() -> dict[str, set[str]]:
    """What the tests of this folder say that they show; each is read, collected or not."""
    for path in sorted(Path(__file__).parent.glob("test_*_variables.py")):
        import_module(f"{__package__ or 'tests.config'}.{path.stem}")
    return SHOWN


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_variable_is_shown_to_work_and_is_in_the_reference(
    variable: str, shown: dict[str, set[str]]
) -> None:
    """A test says that it fails when the variable has no effect; a row of a table names it."""
    rows = [line for line in REFERENCE.read_text().splitlines() if line.startswith("| `")]
    assert shown.get(variable)
    assert sum(f"`{variable}`" in row for row in rows) == 1


def test_no_test_shows_a_variable_that_does_not_exist(shown: dict[str, set[str]]) -> None:
    """A slip of the pen in a test would hide a variable that nothing tests."""
    assert set(shown) <= set(VARIABLES)


def test_the_reference_is_what_the_options_say() -> None:
    """On drift: python scripts/configuration_reference.py > docs/configuration.md ."""
    script = ROOT / "scripts" / "configuration_reference.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout == REFERENCE.read_text(encoding="utf-8"), (
        "run: python scripts/configuration_reference.py > docs/configuration.md"
    )


def test_the_files_in_the_reference_can_be_read(tmp_path: Path) -> None:
    """The examples hold real options, and the masked header is the only thing to fill in."""
    text = REFERENCE.read_text(encoding="utf-8").replace("…", "abc")
    own, pyproject = (part.split("```")[0] for part in text.split("```toml\n")[1:])
    (tmp_path / "obskit.toml").write_text(own, encoding="utf-8")
    config = load({}, {}, tmp_path)
    assert config.service == "shop"
    assert config.traces.endpoint == "https://collector.example:4318/v1/traces"
    assert config.logs.endpoint == "https://logs.example/v1/logs"
    assert config.metrics.headers == {"authorization": "Bearer abc"}
    assert config.log_levels == {"sqlalchemy.engine": "WARNING"}
    assert config.trust_inbound == ("10.0.0.0/8", "fd00::/8")
    (tmp_path / "obskit.toml").rename(tmp_path / "unused.toml")
    (tmp_path / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    config = load({}, {}, tmp_path)
    assert (config.service, config.logs.endpoint) == (
        "shop",
        "https://collector.example:4318/v1/logs",
    )
