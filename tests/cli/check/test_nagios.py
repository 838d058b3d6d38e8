"""`obskit check run --nagios`, and the project's own reader of such plugins."""

from __future__ import annotations

import sys

import pytest
from tests.cli.host import Host

from obskit.checks.library.nagios import Plugin
from obskit.checks.model import Status

LIMITS = """
    from datetime import datetime, timezone
    past = datetime(2020, 1, 1, tzinfo=timezone.utc)
    checks.add("a", lambda: 3, every="1m", judge=obskit.above(warning=1, critical=5), unit="{row}")
    checks.add("b", lambda: 0.25, every="1m", judge=obskit.below(critical=0.1), unit="s")
    checks.add("c", lambda: 1e21, every="1m", judge=obskit.outside(warning=(1, 2)), unit="By")
    checks.add("d", lambda: 5, every="1m", unit="%")
    checks.add("e", lambda: 0.99, every="1m", score=True)
    checks.add("f", lambda: None, every="1m")
"""


def test_a_run_is_one_line_the_worst_first_and_numbers_with_their_ranges(host: Host) -> None:
    host.write(LIMITS + '    checks.add("g", lambda: 1 / 0, every="1m")\n')
    result = host.run("--nagios")
    assert result.stdout == (
        "CRITICAL - g critical: ZeroDivisionError: division by zero;"
        " a warning: 3 row: warning from 1 upward;"
        " c warning: 1e+21 By: warning unless between 1 and 2; 4 ok"
        " | a=3;~:1;~:5 b=0.25s;;0.1: c=1000000000000000000000B;1:2 d=5% e=0.99;0.85:;0.7:\n"
    )
    assert result.exit_code == 2


def test_an_age_has_its_limits(host: Host) -> None:
    host.write("""
        from datetime import datetime, timedelta, timezone
        def last():
            return datetime.now(timezone.utc) + timedelta(seconds=30)
        checks.add("sync", last, every="1m", warning_after="90m", critical_after="2h")
    """)
    assert host.run("--nagios").stdout == "OK - 1 ok | sync=0s;~:5400;~:7200\n"


def test_where_nothing_was_measured_there_are_no_numbers(host: Host) -> None:
    host.write('checks.add("a", lambda: None, every="1m")')
    result = host.run("--nagios")
    assert (result.stdout, result.exit_code) == ("OK - 1 ok\n", 0)


def test_no_message_can_pass_for_numbers_or_for_another_line(host: Host) -> None:
    host.write(r"""
        checks.add("a", lambda: obskit.CheckResult.warning("x | y=1\nz\x1b[31m"), every="1m")
    """)
    result = host.run("--nagios")
    assert (result.stdout, result.exit_code) == (
        "WARNING - a warning: x ¦ y=1 z\\x1b[31m; 0 ok\n",
        1,
    )


def test_many_and_long_messages_are_cut(host: Host) -> None:
    host.write("""
        for number in range(12):
            checks.add(f"c{number}", lambda: obskit.CheckResult.critical("x" * 900), every="1m")
    """)
    line = host.run("--nagios").stdout
    assert line.count("critical: xxx") == 10
    assert line.endswith("; 2 more; 0 ok\n")
    assert len(line) < 2_400


def test_skipped_and_unknown_are_unknown(host: Host) -> None:
    host.write("""
        checks.add("a", lambda: "what", every="1m")
        checks.add("b", lambda: None, every="1m", depends_on=["a"])
    """)
    result = host.run("--nagios", "b")
    assert result.stdout.startswith("UNKNOWN - a unknown: it returned 'what'")
    assert "; b skipped: not run: a is unknown; 0 ok" in result.stdout
    assert result.exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a", "--nagios"], "UNKNOWN - no check is named 'a': see obskit check list\n"),
        (["--nagios", "--json"], "UNKNOWN - give one of --json, --nagios and --junit\n"),
        (["--nagios", "--jsno"], "UNKNOWN - No such option '--jsno'"),
    ],
)
def test_a_plugin_that_cannot_run_says_so_in_nagios_own_way(
    host: Host, arguments: list[str], said: str
) -> None:
    """Nagios takes any code but 0 to 3 for critical."""
    host.write('checks.add("xyz", lambda: None, every="1m")')
    result = host.run(*arguments)
    assert result.stdout.startswith(said)
    assert len(result.stdout.splitlines()) == 1
    assert result.exit_code == 3


def test_a_reader_of_plugins_understands_it(host: Host) -> None:
    host.write(LIMITS)
    argv = (sys.executable, "-m", "obskit", "check", "run", "--nagios", "--app")
    result = Plugin((*argv, f"{host.name}:checks"), timeout=60)()
    assert result.status is Status.WARNING
    assert result.details["a"] == {"value": 3.0, "unit": "", "warning": "~:1", "critical": "~:5"}
    assert result.details["b"] == {"value": 0.25, "unit": "s", "critical": "0.1:"}
