"""What the tests of the command line are given."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.cli.host import Host


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Host(tmp_path)
