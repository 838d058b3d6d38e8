"""A file that is whole at every moment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from obskit.export.replacing import replace


def test_who_has_opened_the_file_before_keeps_what_it_held(tmp_path: Path) -> None:
    path = tmp_path / "told"
    replace(path, b"one", 0o600)
    with path.open("rb") as opened:
        replace(path, b"two", 0o600)
        assert (opened.read(), path.read_bytes()) == (b"one", b"two")
    assert [one.name for one in tmp_path.iterdir()] == ["told"]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_who_may_read_it_is_as_was_said_whatever_the_mask_is(mode: int, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        replace(tmp_path / "told", b"one", mode)
    finally:
        os.umask(before)
    assert (tmp_path / "told").stat().st_mode & 0o777 == mode


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "told.tmp").write_text("o")
    replace(tmp_path / "told", b"one", 0o600)
    assert (tmp_path / "told").read_bytes() == b"one"


def test_where_it_fails_what_was_there_stays_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "told"
    replace(path, b"one", 0o600)

    def refused(*_: object) -> None:
        raise OSError("refused")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(OSError, match="refused"):
        replace(path, b"two", 0o600)
    assert path.read_bytes() == b"one"
    assert [one.name for one in tmp_path.iterdir()] == ["told"]
