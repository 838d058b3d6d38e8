"""What each process of this host tells of itself, read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.overview.given import NOW, run, told, write

from obskit.config import Config
from obskit.overview import standing
from obskit.overview.model import ErrorView, ProcessView
from obskit.state import text
from obskit.telemetry.instance import Slot, run_directory


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(service="shop", environment="test", run_dir=str(tmp_path), console=True)


def test_processes_tell_beside_the_slots_of_their_service(config: Config, tmp_path: Path) -> None:
    assert standing.folder(config) == tmp_path / "obskit" / "shop" / "test" / "standing"
    anywhere = Config(service="shop", run_dir=str(tmp_path))
    assert standing.folder(anywhere) == tmp_path / "obskit" / "shop" / "any" / "standing"


def test_where_nobody_tells_nothing_is_read(config: Config) -> None:
    assert standing.read(config, NOW) == ([], [])


def test_all_that_a_process_tells_is_read(config: Config) -> None:
    ready = run("ready")
    error = {
        "time": NOW - 5,
        "type": "KeyError",
        "message": "'sku'",
        "where": "/buy",
        "request_id": "r-1",
        "trace_id": "ab" * 16,
        "event_id": "cd" * 16,
    }
    durations = [0, 2, *[0] * 17]
    write(
        config,
        "i-1",
        told(
            operations={"payment": {"failed": {"declined": 1}, "durations": durations}},
            quotas={"crm": [7, 2]},
            checks=[text.write(ready)],
            errors=[error],
        ),
    )
    (found,), problems = standing.read(config, NOW)
    assert problems == []
    assert found.process == ProcessView(
        pid=os.getpid(),
        instance="i-1",
        started=NOW - 100,
        heard=NOW - 2,
        release="1.4.2",
        ledger={"traces": {"accepted": 3}},
        exporters={"traces": {"exporter": "otlp", "reached": True}},
    )
    assert (found.operations["payment"].runs, found.operations["payment"].failures) == (2, 1)
    assert found.quotas == {"crm": (7, 2)}
    assert found.checks == [ready]
    assert found.errors == [
        ErrorView(NOW - 5, "KeyError", "'sku'", "/buy", "r-1", "ab" * 16, "cd" * 16)
    ]


def test_a_process_that_has_not_told_for_half_a_minute_counts_no_more(config: Config) -> None:
    write(config, "i-1", told(heard=NOW - 30))
    assert len(standing.read(config, NOW)[0]) == 1
    write(config, "i-1", told(heard=NOW - 31))
    assert standing.read(config, NOW) == ([], [])


def test_a_process_that_is_gone_counts_no_more(config: Config) -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    write(config, "i-1", told(pid=int(gone.stdout)))
    assert standing.read(config, NOW) == ([], [])


def test_a_file_that_goes_while_it_is_read_is_no_problem(config: Config) -> None:
    write(config, "i-1", told())
    (standing.folder(config) / "i-2.json").symlink_to("nowhere")
    found, problems = standing.read(config, NOW)
    assert ([each.process.instance for each in found], problems) == (["i-1"], [])


def test_a_process_lives_as_long_as_it_holds_its_slot(config: Config) -> None:
    slot = Slot(run_directory(config.run_dir, config.service))
    write(config, "i-1", told(slot=slot.number))
    write(config, "i-2", told(slot=1, instance="i-2"))
    assert [each.process.instance for each in standing.read(config, NOW)[0]] == ["i-1"]
    slot.release()
    assert standing.read(config, NOW) == ([], [])


def test_processes_are_told_of_in_the_order_in_which_they_began(config: Config) -> None:
    write(config, "a", told(instance="a", started=NOW - 10))
    write(config, "b", told(instance="b", started=NOW - 20))
    assert [each.process.instance for each in standing.read(config, NOW)[0]] == ["b", "a"]


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"heard": "now"}',
        pytest.param(told(quotas={"crm": 7}), id="a quota of one number"),
        pytest.param(told(checks=["{}"]), id="a check that is none"),
        pytest.param(told(checks=[text.write(run(status="fine"))]), id="no status"),
        pytest.param(
            told(operations={"payment": {"failed": {}, "durations": [1]}}), id="other buckets"
        ),
    ],
)
def test_a_file_that_is_none_is_a_problem_and_hides_no_other(
    broken: object, config: Config
) -> None:
    path = write(config, "a", broken)
    write(config, "b", told())
    found, problems = standing.read(config, NOW)
    assert [each.process.instance for each in found] == ["i-1"]
    (problem,) = problems
    assert problem.startswith(f"{path} cannot be read: ")
    assert problem.endswith(": its process will write it again")


def test_a_file_larger_than_any_is_not_taken_in(config: Config) -> None:
    write(config, "a", " " * (4 * 1_024 * 1_024 + 1))
    _, (problem,) = standing.read(config, NOW)
    assert "it is larger than 4194304 bytes" in problem
