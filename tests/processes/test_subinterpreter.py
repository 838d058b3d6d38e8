"""In a subinterpreter there is one clear error, and the main interpreter goes on."""

from __future__ import annotations

from pathlib import Path

from tests.config.receiver import Receiver
from tests.processes import arrivals, program

SCRIPT = """
import sys
import obskit

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

obskit.init("main")
# As mod_wsgi and uWSGI make them. Others cannot import extension modules since Python 3.12.
if sys.version_info >= (3, 13):
    other = interpreters.create("legacy")
else:
    other = interpreters.create(isolated=False)
interpreters.run_string(other, f'''
import sys
sys.path[:] = {sys.path!r}
import obskit
with obskit.span("before"):
    obskit.get_logger().debug("nothing is told")
try:
    obskit.init("other")
except obskit.ObskitError as error:
    print(type(error).__name__, error)
''')
interpreters.destroy(other)
with obskit.span("after"):
    pass
"""


def test_init_in_a_subinterpreter_says_what_to_do_and_leaves_the_process_whole(
    tmp_path: Path,
) -> None:
    with Receiver() as receiver:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        ended = program.run(SCRIPT, environ, tmp_path)
    assert ended.status == 0, ended.errors
    assert ended.output == (
        "ObskitError obskit.init was called in a subinterpreter, and what obskit stands on knows the"
        " main one only. mod_wsgi: set WSGIApplicationGroup %{GLOBAL}; uWSGI: --single-interpreter\n"
    )
    assert arrivals.spans(receiver) == {"after": 1}
