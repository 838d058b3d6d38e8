"""What the tests of the command line are given."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.host import Host


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in list(os.environ):
        if name.startswith(("OTEL_", "OBSKIT_", "SENTRY_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OBSKIT_STATE_URL", f"sqlite:///{tmp_path}/state/state.sqlite3")
    monkeypatch.setenv("OBSKIT_RUN_DIR", str(tmp_path / "run"))
    host = Host(tmp_path)
    yield host
    host.store.close()
