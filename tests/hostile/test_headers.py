"""Headers of callers that mean harm: they cost no request, and leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.faults import faulty
from tests.hostile.callers import NAMES, check_memory, hello
from tests.hostile.host import PATIENCE, answer, balanced, running

from obskit.wsgi import ObskitMiddleware

VALID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
HOSTILE = {
    "huge": "a" * 10_000_000,
    "huge list": "a=b," * 1_000_000,
    "many commas": "," * 1_000_000,
    "many percents": "%" * 1_000_000,
    "many digits": "9" * 100_000,
    "binary": "".join(map(chr, range(256))) * 40,
    "new lines": "a\r\nSet-Cookie: b=c\r\n\r\n<html>",
    "duplicated": f"{VALID},{VALID}",
    "all zero": "00-" + "0" * 32 + "-" + "0" * 16 + "-00",
    "too long": VALID + "0" * 10_000,
    "not ASCII": "\xff\xfe\u202e\ud800\U0010ffff",
    "nulls": "\0" * 10_000,
    "brackets": "[" * 100_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_headers_cost_no_request(kind: str, tmp_path: Path) -> None:
    value, app = HOSTILE[kind], ObskitMiddleware(hello)
    with faulty() as server:
        address = f"http://127.0.0.1:{server.port}"
        with running(tmp_path, **{"otlp.endpoint": address}) as runtime:
            for name in NAMES:
                said, headers, body = answer(app, {"PATH_INFO": "/", name: value})
                assert (said, body) == ("200 OK", b"ok"), name
                assert headers["X-Request-ID"].replace("-", "").isalnum(), name
            everything = dict.fromkeys(NAMES, value)
            assert answer(app, everything)[0] == "200 OK"
            assert runtime.flush(PATIENCE)
            ledger = runtime.ledger.snapshot()
    assert balanced(ledger) == dict.fromkeys(ledger, True)
    assert ledger["traces"]["exported"] == len(NAMES) + 1
    assert ledger["logs"]["exported"] == 2 * (len(NAMES) + 1)


_SOME = st.text(st.characters(max_codepoint=255), max_size=300) | st.sampled_from(
    [*HOSTILE.values()]
)


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[None]:
    with running(tmp_path, log_format="none"):
        yield


@pytest.mark.usefixtures("quiet")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.dictionaries(st.sampled_from(NAMES), _SOME.filter(lambda text: len(text) < 100_000)))
def test_any_headers_cost_no_request(headers: dict[str, str]) -> None:
    said, answered, body = answer(ObskitMiddleware(hello), {"PATH_INFO": "/", **headers})
    assert (said, body) == ("200 OK", b"ok")
    assert answered["X-Request-ID"].isascii()


def test_100_000_distinct_values_of_headers_leave_memory_as_it_was(tmp_path: Path) -> None:
    check_memory(100_000, tmp_path)
