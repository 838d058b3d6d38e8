"""Variables of page views, and of profiles of requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from .child import serve
from .variables import shows

_ASK = """
from obskit import Registry, default_runtime
from obskit.probes import Probe, Probes
runtime, probes = default_runtime.current(), Probes(Registry())
taken = probes.takes(runtime, "/page-views")
code, body = probes.answer(runtime, Probe("/page-views")) if taken else (0, b"")
print(json.dumps([code, "Math.random()>=0.25" in body.decode()]))
"""


@shows("OBSKIT_BEACON_PATH", "OBSKIT_BEACON_SAMPLE_RATE")
@pytest.mark.parametrize(
    ("path", "rate", "answer"),
    [
        ("/page-views", "0.25", [200, True]),
        ("/page-views", "", [200, False]),
        ("/elsewhere", "0.25", [0, False]),
        ("", "0.25", [0, False]),
    ],
)
def test_the_script_is_where_it_is_said_with_the_share_that_is_sent(
    path: str, rate: str, answer: list[object], tmp_path: Path
) -> None:
    """Without a path it is nowhere."""
    given = {"OBSKIT_BEACON_PATH": path, "OBSKIT_BEACON_SAMPLE_RATE": rate}
    assert serve(_ASK, given, tmp_path) == answer


_SLOW = """
import sys
from wsgiref.util import setup_testing_defaults
from obskit.wsgi import ObskitMiddleware
seen = []
def app(environ, start_response):
    seen.append(sys.getprofile() is not None)
    start_response("200 OK", [])
    return [b""]
environ = {}
setup_testing_defaults(environ)
b"".join(ObskitMiddleware(app)(environ, lambda *_: None))
print(json.dumps(seen))
"""


@shows("OBSKIT_PROFILE_SLOW_REQUESTS")
@pytest.mark.parametrize(("given", "sampled"), [("5", True), ("", False)])
def test_requests_are_sampled_where_slow_ones_are_to_be_profiled(
    given: str, sampled: bool, tmp_path: Path
) -> None:
    """Each of them: nobody knows before whether it will be slow."""
    pytest.importorskip("pyinstrument", reason="the extra is not installed")
    assert serve(_SLOW, {"OBSKIT_PROFILE_SLOW_REQUESTS": given}, tmp_path) == [sampled]
