"""Plugins, each a real command: what they say, by which number, and with which numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.checks.library.nagios import Plugin
from obskit.checks.model import Status


def plugin(script: str, *words: str | Path) -> Plugin:
    return Plugin(["sh", "-c", script, "sh", *map(str, words)])


@pytest.mark.parametrize(
    ("code", "status"),
    [(0, Status.OK), (1, Status.WARNING), (2, Status.CRITICAL), (3, Status.UNKNOWN)],
)
def test_the_exit_code_is_the_status(code: int, status: Status) -> None:
    told = plugin(f"echo 'USERS - 7 users'; exit {code}")()
    assert (told.status, told.message, told.value) == (status, "USERS - 7 users", None)


def test_a_plugin_turns_with_what_it_watches_and_recovers(tmp_path: Path) -> None:
    file = tmp_path / "queue"
    subject = plugin('n=$(wc -l < "$1"); echo "QUEUE $n|queue=$n;2"; [ $n -lt 2 ] || exit 1', file)
    states = []
    for text in ("one\n", "one\ntwo\n", ""):
        file.write_text(text)
        told = subject()
        states.append((str(told.status), told.message, told.value))
    assert states == [
        ("ok", "QUEUE 1", 1.0),
        ("warning", "QUEUE 2", 2.0),
        ("ok", "QUEUE 0", 0.0),
    ]


def test_the_numbers_of_all_lines_are_details_and_the_first_is_the_value() -> None:
    told = plugin(
        "echo 'DISK OK - 3326 MB | /=2643MB;5948;5958;0;5968'\n"
        "echo '/ 15272 MB (77%);'\n"
        "echo '/boot 68 MB (69%); | /boot=68MB;88;93;0;98'\n"
        "echo '/home=69357MB;253404;253409;0;253414'"
    )()
    assert told.message == "DISK OK - 3326 MB"
    assert (told.value, told.unit) == (2643.0, "MBy")
    assert told.details["/home"] == {
        "value": 69357.0,
        "unit": "MBy",
        "warning": "253404",
        "critical": "253409",
        "least": "0",
        "most": "253414",
    }
    assert list(told.details) == ["/", "/boot", "/home"]
    assert told.evidence == ("/ 15272 MB (77%);", "/boot 68 MB (69%);")


@pytest.mark.parametrize(
    ("written", "details"),
    [
        ("time=0.003s;;;0", {"time": {"value": 0.003, "unit": "s", "least": "0"}}),
        ("'free space'=12%", {"free space": {"value": 12.0, "unit": "%"}}),
        ("'it''s'=7c", {"it's": {"value": 7.0, "unit": ""}}),
        (
            "a=-1.5e3;@1:2;~:4",
            {"a": {"value": -1500.0, "unit": "", "warning": "@1:2", "critical": "~:4"}},
        ),
        ("size=10B", {"size": {"value": 10.0, "unit": "By"}}),
        ("size=10KB", {"size": {"value": 10.0, "unit": "kBy"}}),
        ("unknown=U b=1", {"b": {"value": 1.0, "unit": ""}}),
        ("=1 a= b;c 'x=2 d=x5", {}),
    ],
)
def test_a_number_is_read_with_its_unit_and_bounds(
    written: str, details: dict[str, object]
) -> None:
    told = Plugin(["echo", f"OK | {written}"])()
    assert dict(told.details) == details


def test_another_exit_code_is_unknown() -> None:
    told = plugin("echo 'not a plugin' >&2; exit 127")()
    assert told.status is Status.UNKNOWN
    assert told.message == "sh ended with 127, and no plugin does: not a plugin"


def test_a_plugin_that_a_signal_ended_is_unknown() -> None:
    told = plugin("kill -KILL $$")()
    assert told.status is Status.UNKNOWN
    assert told.message == "sh was ended by SIGKILL, and no plugin does: it wrote nothing"


def test_a_plugin_that_is_not_installed_is_unknown() -> None:
    told = Plugin(["/usr/lib/no/check_disk"])()
    assert told.status is Status.UNKNOWN
    assert told.message == "/usr/lib/no/check_disk cannot be started: No such file or directory"


def test_errors_are_evidence_and_never_the_message() -> None:
    told = plugin("echo 'Use of uninitialized value' >&2; echo 'OK - fine'")()
    assert (told.message, told.evidence) == ("OK - fine", ("Use of uninitialized value",))


def test_a_plugin_that_hangs_is_killed() -> None:
    with pytest.raises(TimeoutError, match="sleep did not end within 50ms"):
        Plugin(["sleep", "600"], timeout=0.05)()


def test_a_time_out_is_written_as_elsewhere_or_refused_where_it_is_declared() -> None:
    with pytest.raises(TimeoutError, match="sleep did not end within 50ms"):
        Plugin(["sleep", "600"], timeout="50ms")()
    with pytest.raises(ValueError, match="'soon' is no span of time"):
        Plugin(["true"], timeout="soon")


def test_what_a_plugin_writes_without_end_is_bounded() -> None:
    many = 'i=0; while [ $i -lt 500 ]; do echo "line $i | n$i=1"; i=$((i+1)); done'
    told = plugin(many)()
    assert len(tuple(told.evidence)) <= 50
    assert len(told.details) <= 64
    long = plugin("head -c 1000000 /dev/zero | tr '\\0' '=' ; echo; printf \"%01000000d|a=1\" 1")()
    assert len(long.message) == 1_000


def test_a_password_among_the_arguments_is_shown_nowhere() -> None:
    subject = plugin("exit 9", "--password=hunter2")
    assert "hunter2" not in repr(subject) + repr(subject())
