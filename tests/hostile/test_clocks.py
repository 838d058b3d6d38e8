"""Clocks that jump by years, back and forth, in the middle of everything."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest
from tests import faults
from tests.faults import faulty
from tests.hostile.host import PATIENCE, Shop, balanced, lines, running

from obskit.clock import SYSTEM_CLOCK

_YEAR = 31_536_000.0
_NOW = 1_767_225_600.0


class Jumping:
    """A clock that somebody sets each time it is asked. What it counts by goes on as ever."""

    monotonic = staticmethod(SYSTEM_CLOCK.monotonic)

    def __init__(self, moments: list[float]) -> None:
        self._moments = cycle(moments)

    def now(self) -> float:
        return next(self._moments)


@pytest.mark.parametrize(
    "moments",
    [
        [_NOW, _NOW - 30 * _YEAR, _NOW + 30 * _YEAR],
        [_NOW, 0.0, 253_402_300_799.0],
        [_NOW, -_YEAR],
    ],
    ids=["by decades", "to the ends of time", "before 1970"],
)
def test_a_clock_that_jumps_costs_no_request_and_no_record(
    moments: list[float], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shop = Shop()
    with faulty(faults.accept, faults.status(503), faults.accept) as server:
        address = f"http://127.0.0.1:{server.port}"
        with running(tmp_path, Jumping(moments), **{"otlp.endpoint": address}) as runtime:
            shop.serve(10)
            runtime.flush(PATIENCE)
            assert runtime.shutdown()
            ledger = runtime.ledger.snapshot()
    assert len(set(shop.ids)) == 40
    assert balanced(ledger) == dict.fromkeys(ledger, True)
    assert (ledger["traces"]["accepted"], ledger["logs"]["accepted"]) == (80, 120)
    written = capfd.readouterr().err
    assert "Traceback" not in written
    assert len([line for line in lines(written) if "request_id" in line]) == 120
