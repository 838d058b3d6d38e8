"""Where a secret stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.receivers.secret import Variable, read


def test_a_secret_is_read_from_its_file_without_the_space_around_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" hunter2\n")
    assert read(tmp_path / "secret") == "hunter2"


def test_a_secret_is_read_from_its_variable_as_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "before")
    secret = Variable("A_SECRET")
    monkeypatch.setenv("A_SECRET", "hunter2\n")
    assert read(secret) == "hunter2"


def test_a_variable_that_is_not_set_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_SECRET", raising=False)
    assert read(Variable("A_SECRET")) == ""
