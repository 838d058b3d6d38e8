"""The store in a file of SQLite: its own contract, and what becomes of it when the file fails."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from tests.export.spooled import Time
from tests.state.contract import JOB, RUN, StoreContract
from tests.state.lease_contract import PassBy, taken

from obskit.exceptions import StoreError
from obskit.state import sqlite_file
from obskit.state.opening import open_store
from obskit.state.sqlite_file import APPLICATION, identity, set_aside
from obskit.state.store import Count, Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.sqlite3"


@pytest.fixture
def store(path: Path, time: Time) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{path}", "shop", time)) as opened:
        yield opened


@pytest.fixture
def pass_by(time: Time) -> PassBy:
    return time.pass_by


class TestSqliteStore(StoreContract):
    pass


def test_opening_touches_nothing(store: Store, path: Path) -> None:
    assert not path.parent.exists()


def test_only_its_user_can_read_it(store: Store, path: Path) -> None:
    store.keep(RUN)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    files = sorted(path.parent.iterdir())
    assert [one.name for one in files] == [
        "state.sqlite3",
        "state.sqlite3-shm",
        "state.sqlite3-wal",
    ]
    assert {one.stat().st_mode & 0o777 for one in files} == {0o600}


def test_it_is_all_there_when_it_is_opened_again(store: Store, path: Path) -> None:
    store.keep(RUN)
    lease = taken(store, "nightly", "a")
    store.close()
    assert [one.name for one in path.parent.iterdir()] == ["state.sqlite3"]
    with closing(open_store(f"sqlite:///{path}", "shop", Time())) as again:
        assert again.latest() == {"database": RUN}
        assert again.lease("nightly", "b", 30.0) is None
        assert taken(again, "nightly", "a").number == lease.number


def test_a_store_that_was_closed_opens_itself_again(store: Store) -> None:
    store.keep(RUN)
    store.close()
    store.close()
    assert store.latest() == {"database": RUN}


def test_services_in_one_file_do_not_see_each_other(store: Store, path: Path) -> None:
    store.keep(RUN)
    with closing(open_store(f"sqlite:///{path}", "bank")) as other:
        assert other.latest() == {}
        assert other.purge(9_000.0, 2**30) == 0
    assert store.purge(9_000.0, 2**30) == 1


def test_threads_share_one_store(store: Store) -> None:
    def add() -> None:
        for _ in range(100):
            store.add(Count("runs", {}, 1.0))

    threads = [Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.take_counts() == [Count("runs", {}, 600.0)]


@pytest.mark.parametrize("content", [b"no database at all\n" * 500, b"", b"half"])
def test_a_file_that_is_no_database_is_set_aside(
    content: bytes, store: Store, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty one is as good as none."""
    path.parent.mkdir()
    path.write_bytes(content)
    assert store.keep(RUN)
    assert store.latest() == {"database": RUN}
    aside = [one for one in path.parent.iterdir() if ".corrupt-" in one.name]
    assert [one.read_bytes() for one in aside] == ([content] if content else [])
    assert [one.name for one in aside] == (
        ["state.sqlite3.corrupt-20231114T221320.000000Z"] if content else []
    )
    told = [record for record in caplog.records if record.name == "obskit.state"]
    assert len(told) == len(aside)
    assert all("is damaged (file is not a database)" in one.getMessage() for one in told)


def damage(path: Path) -> None:
    """Overwrite the last pages, as a failing disk may: which tables there are stands before them."""
    size, lost = path.stat().st_size, 10 * 4_096
    with path.open("r+b") as file:
        file.seek(size - lost)
        file.write(b"\xa5" * lost)


def test_a_file_that_is_damaged_inside_is_set_aside(
    store: Store, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The call that meets it fails, the next begins anew."""
    for number in range(200):
        store.keep(replace(RUN, started=float(number)))
    store.close()
    damage(path)
    with pytest.raises(StoreError, match="malformed"):
        store.keep(RUN)
    assert store.keep(RUN)
    assert store.runs("database") == [RUN]
    (told, error) = caplog.records
    assert "is damaged (database disk image is malformed)" in told.getMessage()
    assert "cannot be used: database disk image is malformed" in error.getMessage()


@pytest.mark.parametrize("inside", [True, False])
def test_who_only_looks_leaves_a_damaged_file_as_it_is_and_logs_nothing(
    inside: bool, store: Store, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(200):
        store.keep(replace(RUN, started=float(number)))
    store.close()
    if inside:
        damage(path)
    else:
        path.write_bytes(b"no database at all\n" * 500)
    content = path.read_bytes()
    with closing(open_store(f"sqlite:///{path}", "shop", looks=True)) as looking:
        for _ in range(2):
            with pytest.raises(StoreError, match=r"It is left as it is: put a good copy"):
                looking.runs("database")
    assert [one.name for one in path.parent.iterdir()] == ["state.sqlite3"]
    assert path.read_bytes() == content
    assert caplog.records == []


def test_at_most_three_damaged_files_are_kept(store: Store, path: Path, time: Time) -> None:
    path.parent.mkdir()
    for number in range(5):
        store.close()
        path.write_bytes(b"damaged %d\n" % number * 100)
        store.keep(RUN)
        time.pass_by(1.0)
    store.close()
    aside = sorted(one for one in path.parent.iterdir() if ".corrupt-" in one.name)
    assert [one.read_bytes()[:9] for one in aside] == [b"damaged 2", b"damaged 3", b"damaged 4"]


def test_who_still_has_the_damaged_file_open_follows_and_harms_nothing(
    store: Store, path: Path, time: Time
) -> None:
    """The log of SQLite's is found by its name: closing the old file must not remove the new one's."""
    with closing(open_store(f"sqlite:///{path}", "shop", time)) as other:
        store.keep(RUN)
        other.latest()
        path.rename(path.with_name("moved"))
        fresh = replace(RUN, check="fresh")
        store.keep(fresh)
        assert other.latest() == {"fresh": fresh}
        other.keep(replace(RUN, check="other"))
        other.close()
        assert set(store.latest()) == {"fresh", "other"}
    store.close()
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("SELECT count(*) FROM history").fetchone() == (2,)


def test_a_folder_that_vanished_is_made_again(store: Store, path: Path) -> None:
    store.keep(RUN)
    for one in path.parent.iterdir():
        one.unlink()
    path.parent.rmdir()
    assert store.keep(RUN)
    assert store.runs("database") == [RUN]


def test_a_database_of_something_else_is_left_alone(store: Store, path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE orders (id)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="it is a database of something else: give another path"):
        store.keep(RUN)
    assert path.read_bytes() == before


def test_a_file_of_a_newer_version_is_left_alone(
    store: Store, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA application_id = {APPLICATION}")
        newer.execute("PRAGMA user_version = 6")
        newer.execute("CREATE TABLE something_new (id)")
    for _ in range(2):
        with pytest.raises(StoreError) as raised:
            store.latest()
    assert str(raised.value) == (
        f"the state in {path} cannot be used: a newer obskit wrote it (version 6 of its tables,"
        " this one knows 5): use the newer one, or give another path"
    )
    assert len(caplog.records) == 1


def test_a_file_of_an_older_version_gets_the_newer_tables(store: Store, path: Path) -> None:
    """The oldest has none."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as older:
        older.execute(f"PRAGMA application_id = {APPLICATION}")
        older.execute("PRAGMA user_version = 0")
    assert store.keep(RUN)
    store.close()
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (5,)


def test_a_file_of_the_first_version_keeps_what_is_in_it(
    store: Store, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.keep(RUN)
    store.put_job(JOB)
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        for table in ("known_jobs", "noted", "notices", "deploys", "latest_of_hosts", "hosts"):
            older.execute(f"DROP TABLE {table}")
        older.execute("ALTER TABLE history DROP COLUMN host")
        older.execute("PRAGMA user_version = 1")
    assert store.know_jobs(["import"], 7.0) == {"import": 7.0}
    assert store.latest() == {"database": RUN}
    assert store.job_runs("import") == [JOB]
    assert caplog.records == []


def test_what_another_holds_for_too_long_is_an_error_that_is_logged_once(
    store: Store, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.keep(RUN)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(StoreError, match="another process has held it for longer than 1 s"):
                store.keep(RUN)
        assert store.latest() == {"database": RUN}  # readers wait for nobody
        other.execute("ROLLBACK")
    assert store.keep(RUN)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with closing(open_store(f"sqlite:///{tmp_path}/file/state.sqlite3", "shop")) as store:
        with pytest.raises(StoreError, match="this user must be able to write there"):
            store.keep(RUN)


def test_a_name_that_cannot_be_written_is_an_error(store: Store) -> None:
    with pytest.raises(StoreError, match="surrogates not allowed"):
        store.keep(replace(RUN, check="\ud800"))
    assert store.keep(RUN)


def test_where_other_machines_share_the_file_nothing_is_shared_in_memory(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obskit.state.sqlite_file.is_remote", lambda _: True)
    store.keep(RUN)
    assert store.latest() == {"database": RUN}
    assert [one.name for one in path.parent.iterdir()] == ["state.sqlite3"]


def test_a_fork_in_c_is_noticed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """UWSGI calls no hook of Python's: the process id tells."""
    store.keep(RUN)
    before = store._database._connection  # type: ignore[attr-defined]
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert store.latest() == {"database": RUN}
    assert store._database._connection is not before  # type: ignore[attr-defined]


def is_open(path: Path) -> bool:
    """Whether this process has it open."""
    for number in range(256):
        with suppress(OSError):
            if os.path.samestat(os.fstat(number), path.stat()):
                return True
    return False


def test_a_child_inherits_no_open_file(store: Store, path: Path) -> None:
    """SQLite's locks are a process's: in a child they would be believed, and not be there."""
    store.keep(RUN)
    assert is_open(path)
    child = os.fork()
    if not child:
        os._exit(is_open(path))
    assert os.waitpid(child, 0)[1] == 0


def test_a_good_file_that_another_put_there_is_not_set_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("good")
    broken = identity(path)
    path.rename(path.with_name("broken"))
    path.write_text("good")
    assert set_aside(path, broken, 0.0) is None
    assert path.read_text() == "good"
    aside = set_aside(path, identity(path), 0.0)
    assert aside is not None
    assert aside.name == "state.sqlite3.corrupt-19700101T000000.000000Z"


def test_a_file_that_another_makes_at_the_same_moment_is_known_as_ours(path: Path) -> None:
    path.parent.mkdir()

    def makes_it(statement: str) -> None:
        if "user_version" in statement:
            connection.set_trace_callback(None)
            with closing(open_store(f"sqlite:///{path}", "shop")) as other:
                other.keep(RUN)

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.set_trace_callback(makes_it)
        assert sqlite_file._version(connection) == 5
