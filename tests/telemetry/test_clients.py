"""Client libraries: the instrumentations that are installed, switched on and off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.config.child import START, run
from tests.config.receiver import Receiver, attributes

_CALL = """
import requests
requests.get({url!r}, timeout=30)
"""


@pytest.fixture
def environ() -> dict[str, str]:
    """Nothing is switched off, but what takes long to import."""
    return {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "redis,sqlalchemy,psycopg,httpx,urllib3"}


def sent(script: str, environ: dict[str, str], receiver: Receiver, folder: Path) -> dict[str, Any]:
    """The attributes of the one span that a script makes. The script must complain of nothing."""
    environ = {**environ, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": receiver.url}
    ended = run(script, environ, folder)
    assert (ended.status, ended.errors) == (0, "")
    (span,) = receiver.spans().values()
    return attributes(span.attributes)


@pytest.mark.parametrize("opted", [None, "", "http/dup"])
def test_names_are_the_stable_ones_unless_the_host_chose_others(
    opted: str | None, environ: dict[str, str], tmp_path: Path
) -> None:
    """And the host's environment is afterwards what it was."""
    if opted is not None:
        environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = opted
    with Receiver() as receiver:
        script = (
            START
            + _CALL.format(url=f"{receiver.url}/x")
            + "import os\n"
            + f"assert os.environ.get('OTEL_SEMCONV_STABILITY_OPT_IN') == {opted!r}\n"
        )
        found = sent(script, environ, receiver, tmp_path)
    assert found["http.request.method"] == "GET"
    assert ("http.method" in found) is (opted == "http/dup")


def test_an_instrumentation_that_the_host_switched_on_is_left_alone(
    environ: dict[str, str], tmp_path: Path
) -> None:
    """One span, and no complaint about switching on twice."""
    with Receiver() as receiver:
        script = (
            "from opentelemetry.instrumentation.requests import RequestsInstrumentor\n"
            "RequestsInstrumentor().instrument()\n"
            + START
            + "assert 'requests' not in obskit.status()['instrumentations']\n"
            + _CALL.format(url=f"{receiver.url}/x")
        )
        assert sent(script, environ, receiver, tmp_path)


# A client `pymssql`, and a package like those of contrib, as far as its metadata go.
_LIBRARY = "def connect(): return 'plain'\n"
_MODULE = """
import {imports}
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
class Instrumentor(BaseInstrumentor):
    def instrumentation_dependencies(self):
        return {dependencies!r}
    def _instrument(self, **options):
        {body}
    def _uninstrument(self, **options):
        print("off")
"""
_START = """
from obskit.telemetry.clients import CLIENTS, Clients
clients = Clients()
clients.switch_on(tuple(set(CLIENTS) - {"pymssql"}), None, None)
"""


def package(
    folder: Path,
    requires: str = "structlog>=1",
    *,
    imports: str = "pymssql",
    dependencies: tuple[str, ...] = ("structlog>=1",),
    body: str = "print('on')",
) -> None:
    """Put the client and its instrumentation where Python finds them."""
    (folder / "pymssql.py").write_text(_LIBRARY)
    (folder / "made_up.py").write_text(
        _MODULE.format(imports=imports, dependencies=dependencies, body=body)
    )
    info = folder / "made_up-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: made-up\nVersion: 1\nProvides-Extra: instruments\n"
        f'Requires-Dist: {requires} ; extra == "instruments"\n'
    )
    (info / "entry_points.txt").write_text(
        "[opentelemetry_instrumentor]\npymssql = made_up:Instrumentor\n"
    )


def printed(script: str, folder: Path) -> str:
    """What a script prints. It must complain of nothing."""
    ended = run(script, {"PYTHONPATH": str(folder)}, folder)
    assert (ended.status, ended.errors) == (0, "")
    return ended.output


@pytest.mark.parametrize(
    ("requires", "imports", "dependencies", "body", "expected", "told"),
    [
        ("structlog>=1", "pymssql", ("structlog>=1",), "print('on')", "on\n['pymssql']\noff\n", 0),
        ("structlog<1", "pymssql", ("structlog<1",), "print('on')", "[]\n", 0),
        ("missing>=1", "missing", ("missing>=1",), "print('on')", "[]\n", 0),
        ("structlog>=1", "pymssql", ("missing>=1",), "print('on')", "[]\n", 0),
        ("structlog>=1", "pymssql", ("structlog>=1",), "raise ValueError('broken')", "[]\n", 1),
        ("structlog>=1", "missing", ("structlog>=1",), "print('on')", "[]\n", 1),
    ],
    ids=[
        "fits",
        "does not fit",
        "missing",
        "one of several is missing",
        "broken",
        "cannot be imported",
    ],
)
@pytest.mark.parametrize("order", ["before", "after"])
def test_what_fits_its_library_is_on_and_what_breaks_is_told_of(
    order: str,
    requires: str,
    imports: str,
    dependencies: tuple[str, ...],
    body: str,
    expected: str,
    told: int,
    tmp_path: Path,
) -> None:
    """Whether the host imports it before or after. One that is missing is nothing to complain of."""
    package(tmp_path, requires, imports=imports, dependencies=dependencies, body=body)
    library = "import pymssql\nassert pymssql.connect() == 'plain'\n"
    script = library + START + _START if order == "before" else START + _START + library
    script += "print(clients.on)\nclients.switch_off()\n"
    ended = run(script, {"PYTHONPATH": str(tmp_path)}, tmp_path)
    assert (ended.status, ended.output) == (0, expected)
    assert [line for line in ended.errors.splitlines() if not line.startswith("{")] == []
    reason = "ValueError('broken')"
    if "missing" in imports:
        reason = "ModuleNotFoundError(\"No module named 'missing'\")"
    assert [line["event"] for line in ended.lines] == [
        f"The instrumentation of pymssql could not be switched on: {reason}"
    ] * told


def test_a_library_that_the_host_never_imports_is_not_imported(tmp_path: Path) -> None:
    """Nor is its instrumentation, and it is not on."""
    package(tmp_path)
    script = "import sys\nprint(clients.on, 'pymssql' in sys.modules, 'made_up' in sys.modules)\n"
    assert printed(START + _START + script, tmp_path) == "[] False False\n"


def test_an_instrumentation_that_the_host_imports_first_is_on_once(tmp_path: Path) -> None:
    """It imports its library itself, so that it is half imported when the library is there."""
    package(tmp_path)
    script = "import made_up\nprint(clients.on)\n"
    assert printed(START + _START + script, tmp_path) == "on\n['pymssql']\n"


def test_an_instrumentation_that_leaves_its_library_to_the_host_waits_for_it(
    tmp_path: Path,
) -> None:
    """Its own import alone switches nothing on."""
    package(tmp_path, imports="json")
    script = "import made_up\nprint(clients.on)\nimport pymssql\nprint(clients.on)\n"
    assert printed(START + _START + script, tmp_path) == "[]\non\n['pymssql']\n"


def test_what_is_imported_after_the_end_stays_off(tmp_path: Path) -> None:
    """As if `switch_on` had never been called."""
    package(tmp_path)
    script = "clients.switch_off()\nimport pymssql\nprint(clients.on)\n"
    assert printed(START + _START + script, tmp_path) == "[]\n"


def test_a_second_runtime_switches_on_what_the_first_one_switched_off(tmp_path: Path) -> None:
    """And nothing twice."""
    package(tmp_path)
    script = _START + "import pymssql\nclients.switch_off()\n" + _START + "print(clients.on)\n"
    assert printed(START + script, tmp_path) == "on\noff\non\n['pymssql']\n"


def test_two_threads_that_wait_for_each_others_import_switch_on_once(tmp_path: Path) -> None:
    """One imports the library, the other its instrumentation; Python ends that by an error in one."""
    package(tmp_path, imports="begun\nbegun.at_all.set()\nimport pymssql")
    (tmp_path / "begun.py").write_text("import threading\nat_all = threading.Event()\n")
    script = """
import begun, threading
from opentelemetry.instrumentation import dependencies
judge = dependencies.get_dist_dependency_conflicts
other = threading.Thread(target=__import__, args=("made_up",))
def judge_while_the_other_imports(dist):
    if other.ident is None:
        other.start()
        begun.at_all.wait()
    return judge(dist)
dependencies.get_dist_dependency_conflicts = judge_while_the_other_imports
import pymssql
other.join()
print(clients.on)
"""
    assert printed(START + _START + script, tmp_path) == "on\n['pymssql']\n"


def test_a_client_that_is_imported_after_init_makes_spans_with_stable_names(
    environ: dict[str, str], tmp_path: Path
) -> None:
    """Also where the host switches on another instrumentation, with nothing chosen, in between."""
    with Receiver() as receiver:
        script = (
            START
            + "import sys\n"
            + "assert 'requests' not in sys.modules\n"
            + "assert obskit.status()['instrumentations'] == []\n"
            + "from opentelemetry.instrumentation.flask import FlaskInstrumentor\n"
            + "FlaskInstrumentor().instrument()\n"
            + _CALL.format(url=f"{receiver.url}/x")
            + "assert obskit.status()['instrumentations'] == ['requests']\n"
        )
        found = sent(script, environ, receiver, tmp_path)
    assert found["http.request.method"] == "GET"
    assert "http.method" not in found
