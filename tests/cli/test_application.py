"""How a command finds the checks of an app, and what it says where it cannot."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.host import Host, lines

from obskit.cli import main

FLASK = """
import obskit, obskit.flask
from flask import Flask, current_app
checks = obskit.Registry()
app = obskit.flask.init_app(Flask("shop"), registry=checks)
checks.add("name", lambda: obskit.CheckResult.ok(current_app.name), every="1m")
"""


def test_the_checks_of_a_flask_app_run_in_its_context(host: Host) -> None:
    host.write("", FLASK)
    assert lines(host.run(app="app"))[0] == "NOW  OK        name  shop  (TIME)"


def test_an_attribute_may_lie_deeper(host: Host) -> None:
    host.write("class box: pass\nbox.app = app", FLASK)
    assert host.run(app="box.app").exit_code == 0


@pytest.mark.parametrize("command", ["run", "list"])
@pytest.mark.parametrize(
    ("app", "code", "message"),
    [
        ("app", "checks = ap = obskit.Registry()", "HOST has no 'app': did you mean HOST:ap?"),
        ("zzz", "", "HOST has no 'zzz'"),
        ("checks", "", "no checks are declared there"),
        ("app", "app = 5", "HOST:app is a int: name an app or a Registry"),
        (
            "make",
            "def make(): ...",
            (
                "HOST:make is a function: name an app that is made when its module is imported,"
                " or the module alone: --app HOST"
            ),
        ),
        (
            "Box",
            "class Box: ...",
            (
                "HOST:Box is a class: name an app that is made when its module is imported,"
                " or the module alone: --app HOST"
            ),
        ),
        ("x", "raise KeyError('a\\nb')", "'HOST' cannot be imported: KeyError: 'a\\nb'"),
        ("x", "raise SystemExit(0)", "'HOST' cannot be imported: SystemExit: 0"),
        (
            "x",
            "import noo",
            "'HOST' cannot be imported: ModuleNotFoundError: No module named 'noo'",
        ),
        (
            "checks",
            "checks.add('a', print, every=60, depends_on=['b'])",
            (
                "the check 'a' (FILE:4) cannot run: it depends on 'b', which is not declared:"
                " declare it, or remove it there"
            ),
        ),
    ],
)
def test_what_cannot_be_loaded_is_told_in_a_line(
    host: Host, command: str, app: str, code: str, message: str
) -> None:
    host.write(code)
    result = host.run(app=app, command=command)
    file = str((host.folder / f"{host.name}.py").resolve())
    assert result.stderr.replace(file, "FILE").replace(host.name, "HOST") == f"Error: {message}\n"
    assert (result.exit_code, result.stdout) == (4, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "which app? Give --app MODULE:ATTRIBUTE, such as --app shop:app"),
        (["--app", "no.such"], "'no.such' cannot be imported: ModuleNotFoundError: No module"),
        (["--app", "shop.py:app"], "shop.py is a file: name the module, such as --app shop"),
        (["--app", "./shop"], "./shop is a file: name the module, such as --app shop"),
        (["--app", ":app"], "'' cannot be imported: ValueError"),
        (["--ap"], "No such option"),
    ],
)
def test_wrong_arguments_have_an_exit_code_of_their_own(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(main, ["check", "run", *arguments])
    assert message in result.stderr
    assert result.exit_code == 4


def test_a_wrong_command_has_an_exit_code_of_its_own() -> None:
    result = CliRunner().invoke(main, ["check", "rnu"])
    assert "No such command 'rnu'" in result.stderr
    assert result.exit_code == 4


@pytest.mark.parametrize(
    ("name", "hint"), [("datbase", "did you mean 'database'?"), ("x", "see obskit check list")]
)
def test_an_unknown_name_gets_the_nearest_one(host: Host, name: str, hint: str) -> None:
    host.write('checks.add("database", lambda: None, every="1m")')
    result = host.run(name)
    assert result.stderr == f"Error: no check is named {name!r}: {hint}\n"
    assert result.exit_code == 4


def test_after_an_interrupt_nothing_is_known(host: Host) -> None:
    host.write("raise KeyboardInterrupt")
    result = host.run()
    assert (result.exit_code, result.stderr) == (3, "Error: interrupted\n")


APP = """
import obskit
obskit.init("shop", endpoint="http://127.0.0.1:{port}", log_format="json")

@obskit.check("cafe", every="1m")
def cafe():
    with obskit.span("inner"):
        obskit.get_logger().error("a line")
    return obskit.CheckResult.ok("café →", evidence=[str(obskit.status())])

def app(environ, start_response): ...
class Callable:
    def __call__(self, environ, start_response): ...
wsgi = Callable()
"""


@pytest.mark.parametrize("attribute", ["", ":wsgi"])
def test_a_process_runs_the_module_level_checks_and_nothing_leaves_it(
    tmp_path: Path, attribute: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        (tmp_path / "shop.py").write_text(APP.format(port=listener.getsockname()[1]))
        done = subprocess.run(
            [sys.executable, "-m", "obskit", "check", "run", "--app", f"shop{attribute}", "--json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    found = json.loads(done.stdout)["checks"][0]
    assert (found["name"], found["message"]) == ("cafe", "café →")
    assert found["evidence"] == ["{'initialised': False}"]
    assert done.returncode == 0


def test_a_terminal_of_another_encoding_shows_what_it_can(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APP.format(port=9))
    done = subprocess.run(
        [sys.executable, "-m", "obskit", "check", "run", "--app", "shop"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        encoding="latin-1",
        timeout=120,
        check=False,
    )
    assert r"cafe  café \u2192" in done.stdout
    assert done.returncode == 0
