"""`obskit console`: the status page of a service, by itself."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing

import pytest

pytest.importorskip("click", reason="Click is not installed")
pytest.importorskip("jinja2", reason="Jinja is not installed")

from tests.checks.given import PATIENCE
from tests.cli.host import Host, kept

from obskit.clock import SYSTEM_CLOCK

CODE = """
@checks.check("rows", every="1h")
def rows():
    return 3
"""


def ask(
    port: int, path: str, cookie: str = "", body: str | None = None
) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with closing(connection):
        connection.request("GET" if body is None else "POST", path, body, {"Cookie": cookie})
        response = connection.getresponse()
        return response, response.read().decode()


def test_the_link_opens_the_page_once_and_whoever_opens_it_may_act(host: Host) -> None:
    host.write(CODE)
    host.store.keep(kept("rows", SYSTEM_CLOCK.now() - 60, status="critical", message="9 rows"))
    with host.begin("console") as begun:
        assert begun.stderr is not None
        words = begun.stderr.readline(), begun.stderr.readline()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/enter\?key=\S+)\n", words[1])
        assert found is not None, words
        port, link = int(found[1]), found[2]
        assert ask(port, "/")[0].status == 401
        opened, _ = ask(port, link)
        assert (opened.status, opened.headers["Location"]) == (303, "/")
        cookie = str(opened.headers["Set-Cookie"]).partition(";")[0]
        assert ask(port, link)[0].status == 401
        assert "9 rows" in ask(port, "/", cookie)[1]
        page = ask(port, "/check/rows", cookie)[1]
        token = page.partition('name="csrf" value="')[2].partition('"')[0]
        done, _ = ask(port, "/check/rows/run", cookie, f"csrf={token}")
        assert (done.status, done.headers["Location"]) == (303, "/check/rows?done=ran")
        assert "✓</span> ok" in ask(port, "/check/rows", cookie)[1]
        begun.send_signal(signal.SIGINT)
        _, errors = begun.communicate(timeout=PATIENCE)
    assert (begun.returncode, errors) == (0, "check.run rows by console\n")
    assert host.store.latest()["rows"].value == 3.0


def test_an_address_of_ipv6_is_listened_on(host: Host) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this host has no IPv6")
    host.write(CODE)
    with host.begin("console", "--host", "::1") as begun:
        assert begun.stderr is not None
        words = begun.stderr.readline(), begun.stderr.readline()
        found = re.fullmatch(r"http://\[::1\]:(\d+)/enter\?key=\S+\n", words[1])
        assert found is not None, words
        with closing(http.client.HTTPConnection("::1", int(found[1]), timeout=PATIENCE)) as asked:
            asked.request("GET", "/")
            assert asked.getresponse().status == 401
        begun.send_signal(signal.SIGINT)
        begun.communicate(timeout=PATIENCE)
    assert begun.returncode == 0


def test_a_check_of_the_fleet_is_not_run_from_here(host: Host) -> None:
    host.write('checks.add("rows", lambda: 3, every="1h", scope="fleet")')
    with host.begin("console") as begun:
        assert begun.stderr is not None
        words = begun.stderr.readline(), begun.stderr.readline()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/enter\?key=\S+)\n", words[1])
        assert found is not None, words
        opened, _ = ask(int(found[1]), found[2])
        cookie = str(opened.headers["Set-Cookie"]).partition(";")[0]
        page = ask(int(found[1]), "/check/rows", cookie)[1]
        begun.send_signal(signal.SIGINT)
        begun.communicate(timeout=PATIENCE)
    assert "<h1>rows</h1>" in page
    assert "Run now" not in page


def test_a_port_that_is_taken_is_said(host: Host) -> None:
    host.write(CODE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = host.process("console", "--port", str(port))
    assert ended.returncode == 4
    assert ended.stderr == (
        f"Error: 127.0.0.1:{port} cannot be listened on: Address already in use;"
        " choose another --host or --port\n"
    )


def test_without_jinja_it_says_what_is_missing(host: Host) -> None:
    host.write(CODE)
    program = (
        "import sys; sys.modules['jinja2'] = None\n"
        "from obskit.cli import main\n"
        f"main(['console', '--app', '{host.name}:checks'])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=host.folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 4
    assert ended.stderr == (
        "Error: obskit.console needs a package that is not installed:"
        " pip install 'obskit-otel[console]'\n"
    )
