"""What standard error is told of a file that cannot be written."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from obskit.logfiles.complaint import Complaint, say

PATH = Path("/logs/app.log")


@pytest.mark.parametrize(
    ("number", "what_to_do"),
    [
        (errno.ENOENT, "make the folder /logs, or name another by OBSKIT_LOG_FOLDER"),
        (errno.EACCES, "give the user of this process the right to write to /logs"),
        (errno.EROFS, "/logs can only be read: name another by OBSKIT_LOG_FOLDER"),
        (errno.ENOSPC, "the disk of /logs is full: make room there"),
        (errno.EDQUOT, "the quota of the user is used up: make room in /logs"),
        (errno.EIO, "see that /logs can be written to"),
    ],
)
def test_it_is_said_what_is_wrong_and_what_to_do(
    number: int, what_to_do: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Complaint(PATH).wrong(OSError(number, os.strerror(number)))
    told = capsys.readouterr().err
    assert told.startswith(f"obskit: /logs/app.log cannot be written ({os.strerror(number)}): ")
    assert what_to_do in told


def test_each_reason_is_told_once_and_again_after_it_went_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    complaint = Complaint(PATH)
    for number in (errno.ENOSPC, errno.ENOSPC, errno.EROFS):
        complaint.wrong(OSError(number, "no"))
    assert capsys.readouterr().err.count("cannot be written") == 2
    complaint.well()
    complaint.well()
    assert (
        capsys.readouterr().err == "obskit: /logs/app.log can be written again; 3 lines were not\n"
    )
    complaint.wrong(OSError(errno.ENOSPC, "no"))
    assert capsys.readouterr().err.count("cannot be written") == 1


def test_there_need_be_no_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert say("lost") is None  # type: ignore[func-returns-value]
