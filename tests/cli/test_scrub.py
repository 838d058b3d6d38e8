"""`obskit scrub`, over files that were written before."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from obskit.redaction import rules as redaction_rules

click_testing = pytest.importorskip("click.testing")

from obskit.cli import main  # noqa: E402

LOG = """\
{"event": "placed", "token": "abc", "n": 1, "deep": {"a": ["password=x y"]}}
{"event":"é","pin":"1234"}
plain password=hunter2 line
{broken password=hunter2
nothing here: 12:30
"""
SCRUBBED = """\
{"event": "placed", "token": "[redacted]", "n": 1, "deep": {"a": ["password=[redacted] y"]}}
{"event":"é","pin":"[redacted]"}
plain password=[redacted] line
{broken password=[redacted]
nothing here: 12:30
"""


@pytest.fixture(autouse=True)
def defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)
    yield
    redaction_rules.install()


def scrub(*arguments: str, given: bytes = b"", **environ: str) -> Any:
    """The result of the command."""
    cleared = {
        name: None for name in os.environ if name.startswith(("OTEL_", "OBSKIT_", "SENTRY_"))
    }
    runner = click_testing.CliRunner(env={**cleared, **environ})
    return runner.invoke(main, ["scrub", *arguments], input=given)


def test_lines_of_json_and_of_text_are_masked_and_the_rest_left() -> None:
    result = scrub("-", given=LOG.encode())
    assert result.exit_code == 0
    assert result.output == SCRUBBED


def test_a_file_is_written_beside_or_replaced() -> None:
    Path("a.log").write_text(LOG)
    Path("a.log").chmod(0o640)
    assert scrub("a.log", "-o", "b.log").output == ""
    assert (Path("a.log").read_text(), Path("b.log").read_text()) == (LOG, SCRUBBED)
    assert scrub("a.log", "--in-place").exit_code == 0
    assert Path("a.log").read_text() == SCRUBBED
    assert Path("a.log").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in Path().iterdir()) == ["a.log", "b.log"]


def test_compressed_files_stay_compressed() -> None:
    Path("a.log.gz").write_bytes(gzip.compress(LOG.encode()))
    assert scrub("a.log.gz", "--in-place").exit_code == 0
    assert gzip.decompress(Path("a.log.gz").read_bytes()).decode() == SCRUBBED


def test_a_check_counts_by_line_shows_nothing_and_fails() -> None:
    result = scrub("-", "--check", given=LOG.encode())
    assert result.output == "line 1: 2\nline 2: 1\nline 3: 1\nline 4: 1\n5 to mask\n"
    assert result.exit_code == 1
    clean = scrub("-", "--check", given=SCRUBBED.encode())
    assert (clean.exit_code, clean.output) == (0, "nothing to mask\n")


def test_a_key_over_several_lines_is_masked_to_its_end() -> None:
    key = b"-----BEGIN PRIVATE KEY-----\nMIIEow\nq83v==\n-----END PRIVATE KEY-----\nafter\n"
    assert scrub("-", given=key).output == "[redacted]\n" * 4 + "after\n"


def test_bytes_that_are_no_text_and_ends_of_lines_are_kept() -> None:
    given = b"\xff\xfe token=abc \x80\r\nlast"
    assert scrub("-", given=given).stdout_bytes == b"\xff\xfe token=[redacted] \x80\r\nlast"


def test_a_line_of_more_than_16_mib_is_left_out_and_counted() -> None:
    given = b"x" * (16 * 1024 * 1024 + 5) + b"\nafter\n"
    assert scrub("-", given=given).output == "[redacted] (a line of more than 16 MiB)\nafter\n"


def test_json_that_is_too_deep_is_read_as_text() -> None:
    given = b"[" * 5_000 + b'"password=x"' + b"]" * 5_000
    assert b"password=x" not in scrub("-", given=given).stdout_bytes


def test_the_rules_are_those_of_the_configuration() -> None:
    assert scrub("-", given=b"KD-12 a@b.org\n", OBSKIT_REDACT_PATTERNS=r"KD-\d+").output == (
        "[redacted] a@b.org\n"
    )
    wrong = scrub("-", OBSKIT_REDACT_PATTERNS="(a+)+")
    assert wrong.exit_code == 1
    assert "redact_patterns is '(a+)+'" in wrong.output


def test_options_that_exclude_each_other_are_refused() -> None:
    Path("a.log").write_text(LOG)
    for wrong in (
        ["a.log", "--check", "--in-place"],
        ["-", "--in-place"],
        ["a.log", "--check", "-o", "b"],
    ):
        assert scrub(*wrong).exit_code == 2
