"""A PostgreSQL server that can be killed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from tests.e2e.processes import Process
from tests.e2e.services import LOOPBACK, free_ports
from tests.e2e.waiting import wait_until
from tests.servers.install import postgresql_bin


class Postgres:
    """Listens on a free loopback port until it is closed."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="obskit-faulty-"))
        self._port = free_ports(["postgres"])["postgres"]
        self.address = f"postgresql://obskit@{LOOPBACK}:{self._port}/postgres"
        # PostgreSQL refuses to run as root.
        self._as: tuple[str, ...] = ()
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._as = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}")
            # Whoever becomes another is no longer told when this process dies.
            self._as += ("--clear-groups", "--pdeathsig", "INT", "--")
        programs = postgresql_bin()
        assert programs is not None, "PostgreSQL is missing: python -m tests.e2e.build installs it"
        self._programs = programs
        made = ("-D", self._data, "-U", "obskit", "--auth=trust", "--no-sync")
        subprocess.run(
            [*self._as, str(programs / "initdb"), *made],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
        )
        self._process = self._started()

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _started(self) -> Process:
        options = ["-D", self._data, "-p", str(self._port), "-k", str(self._folder)]
        process = Process(
            "postgres",
            [*self._as, str(self._programs / "postgres"), *options, "-c", "fsync=off"],
            cwd=self._folder,
            log=self._folder / "postgres.log",
            env={},
        )

        def answers() -> bool:
            process.require_alive()
            try:
                psycopg.connect(self.address, connect_timeout=2).close()
            except psycopg.Error:
                return False
            return True

        wait_until("PostgreSQL answers", answers)
        return process

    @contextmanager
    def down(self) -> Iterator[None]:
        """Kill it meanwhile."""
        self._process.kill()
        try:
            yield
        finally:
            self._process = self._started()

    def close(self) -> None:
        """Stop it, and throw its data away."""
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
