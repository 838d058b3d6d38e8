"""`obskit top`, as it is called."""

from __future__ import annotations

import signal
import time

from click.testing import CliRunner
from tests.checks.given import PATIENCE
from tests.cli.host import Host, kept

from obskit.cli import main

ROWS = """
    def never():
        raise AssertionError
    checks.add("rows", never, every="1m", unit="{row}")
"""


def test_once_prints_what_is_kept_and_runs_nothing(host: Host) -> None:
    host.write(ROWS)
    host.store.keep(kept("rows", time.time(), value=3.0, unit="{row}"))
    done = CliRunner().invoke(main, ["top", "--once", "--app", f"{host.name}:checks"])
    assert (done.exit_code, done.stdout.splitlines()[1:]) == (0, ["OK        rows  3 row"])


def test_it_looks_again_until_ctrl_c(host: Host) -> None:
    host.write(ROWS)
    with host.begin("top", "--every", "50ms") as shown:
        assert shown.stdout is not None
        read = iter(shown.stdout)
        assert any("it has not run yet" in line for line in read)
        host.store.keep(kept("rows", time.time(), value=3.0, unit="{row}"))
        assert any("3 row" in line for line in read)
        shown.send_signal(signal.SIGINT)
        _, errors = shown.communicate(timeout=PATIENCE)
    assert (shown.returncode, errors) == (0, "")


def test_without_an_app_it_says_which_option_is_missing() -> None:
    done = CliRunner().invoke(main, ["top"])
    assert done.exit_code == 4
    assert "which app? Give --app MODULE:ATTRIBUTE" in done.stderr
