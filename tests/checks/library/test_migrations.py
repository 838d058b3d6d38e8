"""Migrations: a database that lacks one is told from one that has them all."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from textwrap import dedent

import pytest
import sqlalchemy

from obskit.checks.library import migrations
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status

REVISION = """
revision, down_revision, branch_labels, depends_on = {name!r}, {before!r}, None, None
def upgrade(): pass
def downgrade(): pass
"""
# Settings of Django are those of a process, so that each test has one of its own.
DJANGO = """
import sys
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["orders"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    USE_TZ=True,
)
django.setup()
from django.core.management import call_command
from django.db import connection
from obskit.checks.library.migrations import Django

def show():
    found = Django()()
    print(found.value, Django.default_judge(found.value).state, found.message, list(found.evidence))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Three revisions of Alembic, and a database without any."""
    pytest.importorskip("alembic")
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "migrations" / "env.py").write_text("")
    for name, before in (("aaa", None), ("bbb", "aaa"), ("ccc", "bbb")):
        (versions / f"{name}.py").write_text(REVISION.format(name=name, before=before))
    return tmp_path


@contextmanager
def database(shop: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(shop / "shop.db")) as connection:
        yield connection
        connection.commit()


def stamp(shop: Path, *revisions: str) -> None:
    with database(shop) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version(version_num TEXT)")
        connection.execute("DELETE FROM alembic_version")
        connection.executemany("INSERT INTO alembic_version VALUES(?)", [(r,) for r in revisions])


@pytest.mark.parametrize("by_engine", [True, False])
def test_revisions_that_a_database_lacks_are_critical_until_it_has_them(
    shop: Path, by_engine: bool
) -> None:
    url = f"sqlite:///{shop}/shop.db"
    given = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool) if by_engine else url
    subject = migrations.Alembic(given, shop / "migrations")
    assert subject() == Measurement(
        3, "{revision}", "at no revision: run alembic upgrade heads", evidence=["aaa", "bbb", "ccc"]
    )
    stamp(shop, "aaa")
    found = subject()
    assert found == Measurement(
        2, "{revision}", "at aaa: run alembic upgrade heads", evidence=["bbb", "ccc"]
    )
    assert subject.default_judge(2).state == "critical"
    stamp(shop, "ccc")
    assert subject() == Measurement(0, "{revision}", "at ccc", evidence=[])
    assert subject.default_judge(0).state == "ok"


def test_each_of_several_heads_is_needed(shop: Path) -> None:
    (shop / "migrations/versions/ddd.py").write_text(REVISION.format(name="ddd", before="bbb"))
    subject = migrations.Alembic(f"sqlite:///{shop}/shop.db", shop / "migrations")
    stamp(shop, "ccc")
    found = subject()
    assert isinstance(found, Measurement)
    assert (found.value, list(found.evidence)) == (1, ["ddd"])
    stamp(shop, "ccc", "ddd")
    assert isinstance(found := subject(), Measurement)
    assert found.value == 0


def test_a_revision_that_the_code_does_not_know_is_critical(shop: Path) -> None:
    stamp(shop, "newer")
    found = migrations.Alembic(f"sqlite:///{shop}/shop.db", shop / "migrations")()
    assert isinstance(found, CheckResult)
    assert found.status is Status.CRITICAL
    assert found.message.startswith(
        "the database is at newer, which this code does not know: deploy the code that made it"
    )


def test_a_function_that_connects_is_refused_for_alembic(shop: Path) -> None:
    subject = migrations.Alembic(lambda: sqlite3.connect(shop / "shop.db"), shop / "migrations")
    with pytest.raises(TypeError, match="this needs SQLAlchemy: give a URL or an engine"):
        subject()


def test_a_folder_that_is_none_of_alembics_raises(shop: Path) -> None:
    with pytest.raises(Exception, match="doesn't exist"):
        migrations.Alembic("sqlite://", shop / "none")()


def test_the_database_is_not_written_to(shop: Path) -> None:
    with database(shop) as connection:
        connection.execute("CREATE TABLE orders(id)")
    before = (shop / "shop.db").read_bytes()
    migrations.Alembic(f"sqlite:///{shop}/shop.db", shop / "migrations")()
    assert (shop / "shop.db").read_bytes() == before


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """An app of Django with two migrations."""
    pytest.importorskip("django")
    folder = tmp_path / "orders" / "migrations"
    folder.mkdir(parents=True)
    (tmp_path / "orders" / "__init__.py").write_text("")
    (folder / "__init__.py").write_text("")
    for name, before in (("0001_initial", ""), ("0002_total", "('orders', '0001_initial')")):
        (folder / f"{name}.py").write_text(
            "from django.db import migrations\n"
            f"class Migration(migrations.Migration): dependencies = [{before}]\n"
        )
    return tmp_path


def django(folder: Path, story: str) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-c", DJANGO + dedent(story), folder / "shop.db"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def test_migrations_that_a_database_lacks_are_critical_until_it_has_them(orders: Path) -> None:
    assert django(
        orders,
        """
        show()
        call_command("migrate", "orders", "0001", verbosity=0)
        show()
        call_command("migrate", verbosity=0)
        show()
        """,
    ) == [
        "2 critical run manage.py migrate ['orders.0001_initial', 'orders.0002_total']",
        "1 critical run manage.py migrate ['orders.0002_total']",
        "0 ok  []",
    ]


def test_a_connection_of_its_own_is_closed_and_the_hosts_is_kept(orders: Path) -> None:
    assert django(
        orders,
        """
        show()
        print(connection.connection)
        connection.ensure_connection()
        show()
        print(connection.connection is None)
        """,
    )[1::2] == ["None", "False"]
