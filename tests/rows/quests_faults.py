"""What goes wrong with the quests: each a thing that somebody does to them, and how it is undone."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tests.rows.quests_service import Quests

from obskit.state.opening import open_store
from obskit.state.store import Run


@contextmanager
def locked(quests: Quests) -> Iterator[None]:
    """Somebody else writes into the database, and takes long over it."""
    connection = sqlite3.connect(quests.database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def wound(quests: Quests) -> None:
    """Take participants away from quest 5, whose applications stay approved."""
    quests.sql("DELETE FROM quests_participant WHERE quest_id = 5")


def heal(quests: Quests, seed: Path) -> None:
    """Give the database back as it was."""
    shutil.copy(seed / "quests.sqlite3", quests.database)


def ruin(quests: Quests) -> None:
    """Leave no database that could be opened."""
    quests.database.write_bytes(b"no database at all" * 512)


def forge(quests: Quests) -> int:
    """A form that another site sends."""
    return quests.ask("/admin/login/", {"username": "ada", "password": "hunter2-and-more"}).status


def log_in_wrongly(quests: Quests, password: str) -> int:
    """A login that fails, at the door that the admin has."""
    form = quests.ask("/admin/login/?next=/admin/").body
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert token is not None, form
    said = {"username": "ada", "password": password, "csrfmiddlewaretoken": token[1]}
    return quests.ask("/admin/login/?next=/admin/", said).status


def past(quests: Quests, check: str, value: float) -> None:
    """Three weeks in which a check measured this at this hour of the week."""
    store = open_store(quests.env["OBSKIT_STATE_URL"], "quests")
    try:
        for weeks in (3, 2, 1):
            at = time.time() - weeks * 7 * 86_400
            run = Run(check, "ok", "ok", at, at, 1, value, "", "", {}, (), at, 0.01)
            assert store.keep(run)
    finally:
        store.close()


def aged(quests: Quests) -> None:
    """Files that were rotated so many days ago, each with a line of each level."""
    for days in (8, 31, 91, 366, 1_000):
        at = datetime.now(timezone.utc) - timedelta(days=days)
        file = quests.lines / f"app.log-{at:%Y%m%dT%H%M%S}.000000-77"
        stamp = f"{at:%Y-%m-%dT%H:%M:%S}.000000Z"
        levels = ("debug", "info", "warning", "error", "critical")
        file.write_text(
            "".join(
                f'{{"timestamp":"{stamp}","level":"{level}","event":"{days} days"}}\n'
                for level in levels
            )
        )
        os.utime(file, (at.timestamp(), at.timestamp()))
