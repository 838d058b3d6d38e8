"""`obskit run --instrument`: a service without a word of obskit in it, under real servers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.config import child
from tests.config.receiver import Receiver, attributes
from tests.processes import arrivals, program
from tests.processes.server import Server, free_port, running

pytest.importorskip("flask", reason="Flask is not installed")

RUN = (sys.executable, "-m", "obskit", "run", "--instrument", "--service", "plain", "--")


def gunicorn(port: int) -> list[str]:
    options = ("--bind", f"127.0.0.1:{port}", "--workers", "1", "tests.processes.plain_shop:app")
    return [*RUN, sys.executable, "-m", "gunicorn", *options]


def test_a_flask_app_under_gunicorn_is_observed_without_code(tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    pytest.importorskip("sentry_sdk")
    with Receiver() as receiver:
        with running(
            gunicorn(port := free_port()), port, receiver, tmp_path, SENTRY_DSN=receiver.dsn
        ) as server:
            assert server.get("/items/7") == b"item 7"
            assert b"Internal Server Error" in server.get("/boom")
            assert server.get("/livez").startswith(b"{")
            assert server.end() == 0, server.output
        spans = arrivals.spans(receiver)
        assert receiver.resource()["service.name"] == "plain"
    assert spans == {"GET /items/<int:number>": 1, "GET /boom": 1}
    assert arrivals.total(receiver, "http.server.request.duration") == 2
    (event,) = receiver.envelope_items("event")
    assert event["exception"]["values"][-1]["type"] == "ZeroDivisionError"


def test_an_app_that_observes_itself_is_left_as_it_is(tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    with Receiver() as receiver:
        with running(gunicorn(port := free_port()), port, receiver, tmp_path, OWN="1") as server:
            assert server.get("/items/7") == b"item 7"
            assert server.get("/-/livez").startswith(b"{")
            assert server.end() == 0, server.output
        assert receiver.resource()["service.name"] == "own"
    assert arrivals.spans(receiver) == {"GET /items/<int:number>": 1}


def test_a_starlette_app_under_uvicorn_is_observed_without_code(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn")
    pytest.importorskip("starlette")
    port = free_port()
    command = [*RUN, sys.executable, "-m", "uvicorn", "--port", str(port)]
    with Receiver() as receiver:
        with running(
            [*command, "tests.processes.plain_shop:asgi"], port, receiver, tmp_path, ASGI="1"
        ) as server:
            assert server.get("/items/7") == b"item 7"
            server.end()
            output = server.output
    assert arrivals.spans(receiver) == {"GET /items/{number}": 1}, output
    (span,) = (span for batch in receiver.span_batches() for span in batch)
    assert attributes(span.attributes)["http.route"] == "/items/{number}"


SETTINGS = """
SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "plain.urls"
INSTALLED_APPS = ()
MIDDLEWARE = ("django.middleware.common.CommonMiddleware",)
"""
OWN = """
INSTALLED_APPS = ["obskit.django"]
MIDDLEWARE = ["obskit.django.middleware.Middleware"]
OBSKIT = {"service": "own", "prefix": "/-"}
"""
URLS = """
from django.http import HttpResponse
from django.urls import path

def show(request, number):
    return HttpResponse(f"item {number}")

def boom(request):
    raise ZeroDivisionError("an empty basket")

urlpatterns = [path("items/<int:number>", show), path("boom", boom)]
"""
WSGI = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
ASGI = "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n"


@contextmanager
def project(
    receiver: Receiver,
    folder: Path,
    server: str,
    settings: str = SETTINGS,
    first: tuple[str, ...] = (),
    **variables: str,
) -> Iterator[Server]:
    """A project of Django's under a server, with its settings."""
    pytest.importorskip("django")
    pytest.importorskip(server)
    (folder / "plain").mkdir()
    files = {"settings": settings, "urls": URLS, "wsgi": WSGI, "asgi": ASGI}
    for name, text in files.items():
        (folder / "plain" / f"{name}.py").write_text(text)
    port = free_port()
    options = {
        "gunicorn": ("--bind", f"127.0.0.1:{port}", "plain.wsgi:application"),
        "uvicorn": ("--port", str(port), "plain.asgi:application"),
    }
    command = [*RUN, *first, sys.executable, "-m", server, *options[server]]
    variables = {"DJANGO_SETTINGS_MODULE": "plain.settings", **variables}
    with running(command, port, receiver, folder, **variables) as found:
        yield found


@pytest.mark.parametrize("kind", ["gunicorn", "uvicorn"])
def test_a_django_project_is_observed_without_code(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk")
    with Receiver() as receiver:
        with project(receiver, tmp_path, kind, SENTRY_DSN=receiver.dsn) as server:
            assert server.get("/items/7") == b"item 7"
            assert b"Server Error" in server.get("/boom")
            assert server.get("/livez") == b'{"status":"alive"}'
            server.end()
            output = server.output
        assert arrivals.spans(receiver) == {"GET /items/<int:number>": 1, "GET /boom": 1}, output
        assert receiver.resource()["service.name"] == "plain"
        (event,) = receiver.envelope_items("event")
    assert arrivals.total(receiver, "http.server.request.duration") == 2
    assert event["exception"]["values"][-1]["type"] == "ZeroDivisionError"


def test_a_django_project_that_observes_itself_is_left_as_it_is(tmp_path: Path) -> None:
    with Receiver() as receiver:
        with project(receiver, tmp_path, "gunicorn", SETTINGS + OWN) as server:
            assert server.get("/items/7") == b"item 7"
            assert server.get("/-/livez") == b'{"status":"alive"}'
            assert server.end() == 0, server.output
        assert receiver.resource()["service.name"] == "own"
    assert arrivals.spans(receiver) == {"GET /items/<int:number>": 1}


def test_a_django_project_that_has_called_init_is_left_as_it_is(tmp_path: Path) -> None:
    settings = SETTINGS + "import obskit\nobskit.init('own')\n"
    with Receiver() as receiver:
        with project(receiver, tmp_path, "gunicorn", settings) as server:
            assert server.get("/items/7") == b"item 7"
            assert server.end() == 0, server.output
    assert arrivals.spans(receiver) == {}


def test_a_django_project_is_served_where_obskit_refuses_its_configuration(tmp_path: Path) -> None:
    wrong = ("env", "OBSKIT_LOG_FORMAT=prose")
    with (
        Receiver() as receiver,
        project(receiver, tmp_path, "gunicorn", first=wrong) as server,
    ):
        assert server.get("/items/7") == b"item 7"
        assert "obskit run --instrument: " in server.output
        assert "OBSKIT_LOG_FORMAT" in server.output


def test_a_sitecustomize_of_the_host_runs_too(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import sys\nsys.own = 'host'\n")
    environ = child.environment({"PYTHONPATH": str(tmp_path / "site")}, tmp_path)
    script = f"""
import subprocess, sys, json
command = [*{RUN!r}, sys.executable, "-c", "import sys; print(sys.own); sys.exit(3)"]
done = subprocess.run(command, capture_output=True, text=True, timeout=60)
print(json.dumps([done.returncode, done.stdout, done.stderr]))
"""
    ended = program.run(script, environ, tmp_path)
    assert ended.status == 0, ended.errors
    assert ended.answer == [3, "host\n", ""]


def test_a_command_that_does_not_exist_is_told(tmp_path: Path) -> None:
    script = f"""
import subprocess, json
done = subprocess.run([*{RUN!r}, "no-such-command"], capture_output=True, text=True, timeout=60)
print(json.dumps([done.returncode, done.stderr]))
"""
    ended = program.run(script, {}, tmp_path)
    assert ended.status == 0, ended.errors
    assert ended.answer == [
        125,
        "obskit run: no-such-command cannot be run: No such file or directory\n",
    ]
