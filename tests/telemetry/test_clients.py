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


# A package like those of contrib, as far as its metadata go.
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


def package(
    folder: Path, requires: str, *, imports: str, dependencies: list[str], body: str
) -> None:
    """Put an instrumentation of the client `pymssql` where Python finds it."""
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


@pytest.mark.parametrize(
    ("requires", "imports", "dependencies", "body", "printed", "told"),
    [
        ("structlog>=1", "structlog", ["structlog>=1"], "print('on')", "on\n['pymssql']\noff\n", 0),
        ("structlog<1", "structlog", ["structlog<1"], "print('on')", "[]\n", 0),
        ("missing>=1", "missing", ["missing>=1"], "print('on')", "[]\n", 0),
        ("structlog>=1", "structlog", ["missing>=1"], "print('on')", "[]\n", 0),
        ("structlog>=1", "structlog", ["structlog>=1"], "raise ValueError('broken')", "[]\n", 1),
    ],
    ids=["fits", "does not fit", "missing", "one of several is missing", "broken"],
)
def test_what_fits_its_library_is_on_and_what_breaks_is_told_of(
    requires: str,
    imports: str,
    dependencies: list[str],
    body: str,
    printed: str,
    told: int,
    tmp_path: Path,
) -> None:
    """A library that is not installed is nothing to complain of."""
    package(tmp_path, requires, imports=imports, dependencies=dependencies, body=body)
    script = """
from obskit.telemetry import clients
on = clients.switch_on(tuple(set(clients.CLIENTS) - {"pymssql"}), None, None)
print(on)
clients.switch_off(on)
"""
    ended = run(START + script, {"PYTHONPATH": str(tmp_path)}, tmp_path)
    assert (ended.status, ended.output) == (0, printed)
    assert len(ended.lines) == told
    assert [line for line in ended.errors.splitlines() if not line.startswith("{")] == []
    if told:
        assert ended.lines[0]["event"] == (
            "The instrumentation of pymssql could not be switched on: ValueError('broken')"
        )
