"""`obskit top`, as it is called."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib import import_module

import pytest

pytest.importorskip("click", reason="Click is not installed")

from click.testing import CliRunner
from tests.checks.given import PATIENCE, eventually
from tests.cli.doctor.conftest import base
from tests.cli.host import Host, kept
from tests.cli.top.given import DEAD, shop
from tests.faults import faulty, status

from obskit.cli import main
from obskit.cli.group import Refused

ROWS = """
    def never():
        raise AssertionError
    checks.add("rows", never, every="1m", unit="{row}")
"""


def test_once_prints_what_is_kept_and_runs_nothing(host: Host) -> None:
    host.write(ROWS)
    host.store.keep(kept("rows", time.time() - 3_600, value=1.0, unit="{row}"))
    host.store.keep(kept("rows", time.time(), value=3.0, unit="{row}"))
    done = CliRunner().invoke(main, ["top", "--once", "--app", f"{host.name}:checks"])
    head, *others = done.stdout.splitlines()
    assert done.exit_code == 0
    assert head.startswith("HEALTHY  unknown_service:python  checks: 1 ok  ")
    assert others[1:4] == ["Counts", "OK  rows  3 row  ▁█  +2 in 1h", ""]


def test_json_is_all_that_is_known(host: Host) -> None:
    host.write(ROWS)
    host.store.keep(kept("rows", 1_000.0, value=3.0, unit="{row}", details={"inf": float("inf")}))
    done = CliRunner().invoke(main, ["top", "--json", "--app", f"{host.name}:checks"])
    (look,) = json.loads(done.stdout)
    assert (done.exit_code, look["trouble"]) == (0, "")
    (check,) = look["overview"]["checks"]
    assert (check["name"], check["status"], check["latest"]["value"]) == ("rows", "unknown", 3.0)
    assert check["latest"]["details"] == {"inf": None}


def test_what_processes_alone_know_is_shown(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("flask", reason="Flask is not installed")
    command = [sys.executable, "-m", "obskit", "top", "--once", "--app", "shop:app"]
    monkeypatch.setenv("OBSKIT_CONSOLE", "true")

    def shown() -> str:
        done = subprocess.run(
            command, cwd=host.folder, capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        return done.stdout

    with shop(host.folder) as url:
        with pytest.raises(urllib.error.HTTPError) as failed:
            urllib.request.urlopen(f"{url}/boom")
        failed.value.close()
        # The error may be heard of after what the operation has counted.
        eventually(lambda: "voucher" in shown())
        told = shown()
    assert "failing  payment  100 % of 1 failed (at most 1 %): declined 1; p95 " in told
    assert "OK  calls  ████████░░░░░░░░░░░░ 4 of 10, 6 left in 1h; empty in " in told
    assert re.search(
        r"\n +all +▁{19}█  1 in the last 1h\n\S+ ago +KeyError  'voucher'; in /boom; ", told
    )
    assert re.search(r"\nok  pid \d+  nothing dropped; for ", told)


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


def test_who_answers_no_more_is_shown_as_it_was(host: Host) -> None:
    host.write(ROWS)
    with faulty(status(200, body=b'{"status": "healthy"}')) as server:
        shown = host.begin("top", "--every", "50ms", "--url", base(server))
        assert shown.stdout is not None
        read = iter(shown.stdout)
        assert any(line.startswith(f"HEALTHY  {base(server)}") for line in read)
    with shown:
        assert any("what follows was so at " in line for line in read)
        shown.send_signal(signal.SIGINT)
        shown.communicate(timeout=PATIENCE)
    assert shown.returncode == 0


def test_each_service_is_brought_its_own_token(host: Host) -> None:
    for name in ("first", "second"):
        (host.folder / name).write_text(f"of-the-{name}\n")
    with faulty(status(200, body=b"{}")) as one, faulty(status(200, body=b"{}")) as other:
        urls = ["--url", base(one), "--url", base(other)]
        files = ["--token-file", "first", "--token-file", "second"]
        CliRunner().invoke(main, ["top", "--once", *urls, *files])
        CliRunner().invoke(main, ["top", "--once", *urls, *files[:2]])
        CliRunner(env={"OBSKIT_HEALTH_TOKEN": "of-all"}).invoke(main, ["top", "--once", *urls])
    assert [request.headers["authorization"] for request in one.requests] == [
        "Bearer of-the-first",
        "Bearer of-the-first",
        "Bearer of-all",
    ]
    assert [request.headers["authorization"] for request in other.requests] == [
        "Bearer of-the-second",
        "Bearer of-the-first",
        "Bearer of-all",
    ]


@pytest.mark.parametrize(
    ("environ", "begin"),
    [
        ({"TERM": "xterm", "NO_COLOR": None}, "\x1b[31mNO ANSWER\x1b[0m"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "NO ANSWER"),
        ({"TERM": "dumb", "NO_COLOR": None}, "NO ANSWER"),
    ],
    ids=["colour", "NO_COLOR", "dumb"],
)
def test_a_state_is_printed_in_its_colour_where_colours_are_wanted(
    environ: dict[str, str | None], begin: str
) -> None:
    done = CliRunner(env=environ).invoke(main, ["top", "--once", "--url", DEAD], color=True)
    assert done.stdout == f"{begin}  {DEAD}  tcp failed: Connection refused\n"


def test_without_textual_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obskit.cli.top.screen", None)
    with pytest.raises(Refused, match=r"obskit-otel\[cli\]"):
        import_module("obskit.cli.top")._show([], 1.0)


def test_without_a_service_it_says_which_option_is_missing() -> None:
    done = CliRunner().invoke(main, ["top"])
    assert done.exit_code == 4
    assert "which app? Give --app MODULE:ATTRIBUTE" in done.stderr
    assert "or --url https://shop.example/health" in done.stderr


def test_a_service_that_does_not_answer_is_a_line_beside_the_others(host: Host) -> None:
    host.write(ROWS)
    wanted = ["top", "--once", "--app", f"{host.name}:checks", "--url", DEAD]
    done = CliRunner().invoke(main, wanted)
    assert done.exit_code == 0
    assert done.stdout.startswith(
        f"NO ANSWER  {DEAD}  tcp failed: Connection refused\n\nDEGRADED  "
    )


def test_where_nobody_answers_the_exit_code_tells() -> None:
    done = CliRunner().invoke(main, ["top", "--once", "--url", DEAD])
    assert (done.exit_code, done.stderr) == (4, "")
    assert done.stdout == f"NO ANSWER  {DEAD}  tcp failed: Connection refused\n"


def test_a_password_in_a_url_is_not_shown() -> None:
    done = CliRunner().invoke(main, ["top", "--once", "--url", "http://ada:hunter2@127.0.0.1:9/x"])
    assert "hunter2" not in done.output
    assert "127.0.0.1:9/x" in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--url", "shop.test/health"], r"'shop.test/health' is no URL"),
        (["--token-file", "t"], "--token-file is for --url, and there is none"),
        (["--url", DEAD, "--token-file", "gone"], "--token-file gone cannot be read: No such file"),
        (["--url", DEAD, "--token-file", "empty"], "--token-file empty holds no token"),
        (
            ["--url", DEAD, "--token-file", "t", "--token-file", "t"],
            "2 times --token-file, 1 times --url: give one file for all, or one for each",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(host: Host, arguments: list[str], told: str) -> None:
    (host.folder / "t").write_text("s3cret\n")
    (host.folder / "empty").write_text("\n")
    host.write(ROWS)
    app = [] if "--url" in arguments else ["--app", f"{host.name}:checks"]
    done = CliRunner().invoke(main, ["top", "--once", *app, *arguments])
    assert done.exit_code == 4
    assert re.search(told, " ".join(done.stderr.split()))
    assert "s3cret" not in done.output
