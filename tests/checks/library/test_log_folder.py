"""What obskit's own log files say of a window that ends now, whoever wrote them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import orjson
import pytest

from obskit.checks.library import log_folder
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status


def ago(seconds: float) -> str:
    at = datetime.now(timezone.utc) - timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def line(
    event: str, seconds: float, level: str = "info", logger: str = "shop", **fields: object
) -> bytes:
    told = {"timestamp": ago(seconds), "level": level, "logger": logger, "event": event, **fields}
    return orjson.dumps(told) + b"\n"


def measured(subject: Callable[[], Measurement | CheckResult]) -> Measurement:
    told = subject()
    assert isinstance(told, Measurement)
    return told


def test_lines_of_the_window_count_and_older_ones_do_not(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(
        line("card declined", 3_700) + line("card declined", 3_500) + line("card taken", 10)
    )
    told = measured(log_folder.PatternCount(tmp_path, "card declined", window="1h"))
    assert (told.value, told.unit, told.message) == (1, "{line}", "card declined in 1h")
    assert [orjson.loads(str(row))["event"] for row in told.evidence] == ["card declined"]


def test_a_burst_before_and_after_the_full_hour_is_one(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"".join(line("boom", 1_200 * n) for n in (2, 1, 0)))
    assert measured(log_folder.PatternCount(tmp_path, "boom", window="1h")).value == 3


def test_lines_of_other_processes_in_rotated_and_compressed_files_count(tmp_path: Path) -> None:
    (tmp_path / "app.log-20260101T000000.000000-7").write_bytes(line("boom", 20))
    with gzip.open(tmp_path / "app.log-20260101T000001.000000-8.gz", "wb") as packed:
        packed.write(line("boom", 10))
    (tmp_path / "quests.log").write_bytes(line("boom", 5))
    assert measured(log_folder.PatternCount(tmp_path, "boom")).value == 3


def test_a_line_that_stands_in_the_error_file_too_counts_once(tmp_path: Path) -> None:
    for stream in ("app", "error"):
        (tmp_path / f"{stream}.log").write_bytes(line("boom", 5, "error"))
    assert measured(log_folder.PatternCount(tmp_path, "boom")).value == 1


def test_what_a_check_quotes_is_not_found_again(tmp_path: Path) -> None:
    (tmp_path / "monitoring.log").write_bytes(line("found: boom", 5, logger="obskit.check"))
    assert measured(log_folder.PatternCount(tmp_path, "boom")).value == 0


def test_only_lines_of_the_level_or_above_count(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(line("a", 5, "error") + line("b", 5, "critical"))
    told = measured(log_folder.PatternCount(tmp_path, level="critical"))
    assert (told.value, told.message) == (1, "lines of level critical or above in 1h")


def test_a_folder_without_any_file_has_no_line(tmp_path: Path) -> None:
    assert measured(log_folder.PatternCount(tmp_path, "boom")).value == 0


def test_a_folder_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    told = log_folder.PatternCount(tmp_path / "gone", "boom")()
    assert isinstance(told, CheckResult)
    assert (told.status, told.message) == (
        Status.UNKNOWN,
        f"{tmp_path}/gone cannot be read: No such file or directory",
    )


def test_the_last_fifty_lines_are_the_evidence(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"".join(line(f"boom {n}", 60 - n) for n in range(60)))
    told = measured(log_folder.PatternCount(tmp_path, "boom"))
    events = [orjson.loads(str(row))["event"] for row in told.evidence]
    assert (told.value, len(events), events[0], events[-1]) == (60, 50, "boom 10", "boom 59")


def test_a_share_is_of_the_lines_that_are_asked_for(tmp_path: Path) -> None:
    rows = [line("card declined", 3, n=1)] + [line("card charged", 2)] * 3 + [line("card seen", 1)]
    (tmp_path / "app.log").write_bytes(b"".join(rows))
    subject = log_folder.Share(tmp_path, "declined", of="declined|charged", least=4)
    told = measured(subject)
    assert (told.value, told.unit, told.message) == (0.25, "1", "1 of 4 lines in 1h")
    assert told.details == {"lines": 4, "fitting": 1}
    assert [orjson.loads(str(row))["n"] for row in told.evidence] == [1]


@pytest.mark.parametrize(
    ("few", "told"),
    [
        (partial(log_folder.Share, pattern="declined", of="card"), "3 of 3 lines in 1h"),
        (partial(log_folder.Quantile, field="took"), "of 3 lines in 1h"),
    ],
)
def test_few_lines_are_not_judged(
    tmp_path: Path, few: Callable[..., Callable[[], object]], told: str
) -> None:
    (tmp_path / "app.log").write_bytes(line("card declined", 3, took=1.5) * 3)
    found = few(tmp_path, least=4)()
    assert isinstance(found, CheckResult)
    assert (found.status, found.nothing_to_do) == (Status.OK, True)
    assert found.message == f"not judged: {told}, of at least 4"


def test_a_quantile_is_of_the_numbers_of_a_field(tmp_path: Path) -> None:
    rows = [line("asked", 60 - n, took=n) for n in range(1, 21)]
    other = [line("asked", 1), line("asked", 1, took="long"), line("left", 1, took=900)]
    (tmp_path / "app.log").write_bytes(b"".join([*rows, *other]))
    p95 = measured(log_folder.Quantile(tmp_path, "took", of="asked"))
    assert (p95.value, p95.message) == (19, "of 20 lines in 1h")
    whole = measured(log_folder.Quantile(tmp_path, "took", of="asked", share=1.0))
    assert whole.value == 20
    least = measured(log_folder.Quantile(tmp_path, "took", of="asked", share=0.0))
    assert least.value == 1


@pytest.mark.parametrize(
    "subject",
    [
        log_folder.Share("/no/such/folder", "a", of="b"),
        log_folder.Quantile("/no/such/folder", "took"),
    ],
)
def test_what_cannot_be_read_has_neither_share_nor_quantile(
    subject: Callable[[], Measurement | CheckResult],
) -> None:
    told = subject()
    assert isinstance(told, CheckResult)
    assert told.message == "/no/such/folder cannot be read: No such file or directory"


def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="share is 95: use a number from 0 to 1"):
        log_folder.Quantile("logs", "took", share=95)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"pattern": "("}, "pattern is '(': no pattern"),
        ({"level": "loud"}, "level is 'loud': use one of debug, info, warning, error, critical"),
        ({"window": "soon"}, "soon"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(wrong: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match="is") as refused:
        log_folder.PatternCount("logs", **wrong)
    assert told in str(refused.value)
