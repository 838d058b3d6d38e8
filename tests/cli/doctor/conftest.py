"""What the tests of the doctor are given: an app, and what the doctor says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.cli.host import Host

from obskit.cli import main

Doctor = Callable[..., Result]


@pytest.fixture
def doctor(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Runs `obskit doctor`, about a service whose logs go to the folder `log`, without proxies."""
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    folder = tmp_path / "log"
    folder.mkdir()

    def run(*words: str, **environ: str | None) -> Result:
        given = {"OBSKIT_LOG_FOLDER": str(folder), **environ}
        arguments = ["doctor", "--app", f"{host.name}:checks", *words]
        return CliRunner(env=given).invoke(main, arguments)

    return run


@pytest.fixture
def app(host: Host) -> Host:
    """An app with a check that runs each minute."""
    host.write('checks.add("rows", lambda: None, every="1m", timeout="10s")')
    return host
