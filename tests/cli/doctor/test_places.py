"""Folders and the state store: whether they can be written, how full they are."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.cli.doctor.conftest import Doctor
from tests.cli.doctor.test_logs import Usage, nobody
from tests.cli.host import Host, kept

from obskit import Registry
from obskit.cli.doctor.patient import Finding, Patient
from obskit.cli.doctor.places import diagnose
from obskit.config import load
from obskit.export.spool import Spool
from obskit.state.memory import MemoryStore
from obskit.state.opening import open_store
from obskit.state.store import Lease


def test_places_that_can_be_written_are_well(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    app.store.keep(kept("rows", time.time()))
    spool = tmp_path / "spool"
    spool.mkdir()
    found = doctor("places", OBSKIT_SPOOL_DIR=str(spool))
    lines = [line.removeprefix("OK      places        ") for line in found.stdout.splitlines()]
    run = tmp_path / "run" / "obskit" / "unknown_service_python"
    assert lines[:2] == [
        f"run directory {run} can be written, not made yet",
        f"spool {spool} can be written, 0 B of 128 MiB",
    ]
    assert lines[2].startswith(
        f"state sqlite:///{tmp_path}/state/state.sqlite3 can be written, in "
    )
    assert lines[3].startswith("the disk of ")
    assert len(lines) == 4  # they are all on one disk
    assert found.exit_code == 0


def test_looking_makes_nothing(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    found = doctor("places", OBSKIT_SPOOL_DIR=str(tmp_path / "spool"))
    assert f"state {tmp_path}/state can be written, not made yet" in found.stdout
    assert (sorted(tmp_path.rglob("*")), found.exit_code) == (before, 0)


def test_a_place_that_is_a_file_is_found(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "spool").touch()
    found = doctor("places", OBSKIT_SPOOL_DIR=str(tmp_path / "spool"))
    assert f"{tmp_path}/spool is no folder: remove it, or name another place" in found.stdout
    assert found.exit_code == 1


def test_a_place_that_cannot_be_written_is_found(host: Host) -> None:
    with TemporaryDirectory() as folder:  # below one that everybody can enter
        Path(folder).chmod(0o555)
        environ = {
            "OBSKIT_RUN_DIR": folder,
            "OBSKIT_SPOOL_DIR": f"{folder}/spool",
            "OBSKIT_STATE_URL": "memory:",
        }
        config = load({"service": "shop"}, environ)
        patient = Patient(config, Registry(), host.store, Path("alerts.toml"), time.time())
        with nobody():
            found = [each.what for each in diagnose(patient) if each.is_wrong]
    assert found == [
        f"run directory {folder}/obskit/shop: {folder} cannot be written by this user",
        f"spool {folder}/spool: {folder} cannot be written by this user",
    ]


def test_what_waits_in_the_spool_is_a_warning(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 1_000_000)
    assert spool.put("traces", b"bytes", 7).stored
    found = doctor("places", OBSKIT_SPOOL_DIR=str(spool.directory))
    assert f"WARNING places        7 records of traces wait in {spool.directory}" in found.stdout
    assert "obskit spool replay" in found.stdout
    assert found.exit_code == 0


def test_files_of_the_spool_that_are_damaged_are_a_warning(
    app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool", 1_000_000)
    assert spool.put("traces", b"bytes", 7).stored
    torn = spool.directory / "torn"
    torn.mkdir()
    for file in spool.directory.glob("*.traces"):
        file.rename(torn / file.name)
    found = doctor("places", OBSKIT_SPOOL_DIR=str(spool.directory))
    assert (
        f"WARNING places        1 damaged files were set aside in {torn}: was the disk full? Remove them:"
        " obskit spool purge"
    ) in found.stdout
    assert found.exit_code == 0


def test_all_places_are_summed_up(tmp_path: Path) -> None:
    environ = {
        "OBSKIT_RUN_DIR": f"{tmp_path}/run",
        "OBSKIT_SPOOL_DIR": f"{tmp_path}/spool",
        "OBSKIT_STATE_URL": f"sqlite:///{tmp_path}/state/state.sqlite3",
    }
    config = load({"service": "shop"}, environ)
    patient = Patient(config, Registry(), MemoryStore(), Path("alerts.toml"), time.time())
    assert [each.what for each in diagnose(patient) if each.sums_up] == [
        (
            f"what is shared and spooled can be written: {tmp_path}/run/obskit/shop, {tmp_path}/spool,"
            f" {tmp_path}/state"
        )
    ]


def test_a_spool_that_is_switched_off_is_told(app: Host, doctor: Doctor) -> None:
    found = doctor("places", OBSKIT_SPOOL_MAX_BYTES="0")
    assert "nothing is kept while a receiver is away: OBSKIT_SPOOL_MAX_BYTES is 0" in found.stdout


def test_a_disk_that_is_nearly_full_is_found(
    app: Host, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100, 96, 4))
    found = doctor("places")
    assert (
        "has 4 B of 100 B left: make room: what waits there is lost when it is full" in found.stdout
    )
    assert found.exit_code == 1


def test_a_store_that_cannot_be_written_is_found(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.mkdir()
    found = doctor("places", OBSKIT_STATE_URL=f"sqlite:///{broken}")
    assert "FAILED  places        the state cannot be written: " in found.stdout
    assert found.exit_code == 1


def test_the_right_that_proves_it_is_given_back(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    app.store.keep(kept("rows", time.time()))
    for _ in range(2):
        assert doctor("places").exit_code == 0
    lease = app.store.lease("obskit.doctor", "somebody", 1.0)
    assert lease is not None


class Ahead(MemoryStore):
    """A store whose clock is ahead, as that of a database on another host may be."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        return Lease(name, holder, 1, time.time() + self._seconds + seconds)


def wrong(tmp_path: Path, ahead: float) -> list[Finding]:
    """What is wrong with a store whose clock is so many seconds ahead."""
    file = tmp_path / "state.sqlite3"
    with closing(open_store(f"sqlite:///{file}", "shop")) as store:
        store.keep(kept("rows"))
    environ = {"OBSKIT_STATE_URL": f"sqlite:///{file}", "OBSKIT_RUN_DIR": str(tmp_path)}
    config = load({"service": "shop"}, environ)
    patient = Patient(config, Registry(), Ahead(ahead), Path("alerts.toml"), time.time())
    return [each for each in diagnose(patient) if each.is_wrong]


@pytest.mark.parametrize(("ahead", "where"), [(7_200.0, "ahead of"), (-7_200.0, "behind")])
def test_a_store_whose_clock_is_wrong_is_found(tmp_path: Path, ahead: float, where: str) -> None:
    (found,) = wrong(tmp_path, ahead)
    assert found.what.startswith("the clock of the state store is ")
    assert found.what.endswith(f"{where} ours: checks of a fleet run too early, too late or twice")


def test_a_store_whose_clock_is_apart_by_less_than_five_seconds_is_well(tmp_path: Path) -> None:
    assert wrong(tmp_path, 4.5) == []


def test_memory_is_told(app: Host, doctor: Doctor) -> None:
    found = doctor("places", OBSKIT_STATE_URL="memory:")
    assert "state is kept in memory: each process has its own, until it ends" in found.stdout


def test_a_database_is_not_asked_offline(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("psycopg")
    url = "postgresql://ada:hunter22@127.0.0.1:1/shop"
    found = doctor("places", "--offline", OBSKIT_STATE_URL=url)
    assert "postgresql://ada:[redacted]@127.0.0.1:1/shop is not asked: --offline" in found.stdout
    assert found.exit_code == 0


def test_a_database_that_is_away_is_found(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("psycopg")
    found = doctor("places", OBSKIT_STATE_URL="postgresql://ada:hunter22@127.0.0.1:1/shop")
    assert "FAILED  places        the state cannot be written: " in found.stdout
    assert "hunter22" not in found.output
    assert found.exit_code == 1
